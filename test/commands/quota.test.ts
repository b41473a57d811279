import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCli } from '../cli/run.ts';
import { openCallers } from '../server/callers/support.ts';
import { until } from '../server/live/support.ts';
import { temporaryDirectory } from '../support/repository.ts';

test('quotas are set, listed and removed beside a server, which follows', async () => {
  const { directory, ada } = await openCallers({});
  const quota = (...args: string[]) => runCli(['quota', ...args, '--data', directory]);
  const isServed = async () => (await ada.post('{ __typename }')).status === 200;
  expect(await quota('set', '--user', 'ada', 'requests=0', 'sessions=7')).toEqual({
    code: 0,
    stdout: 'user ada: requests=0 sessions=7\n',
    stderr: '',
  });
  await until(async () => !(await isServed()), 'a refusal');
  expect(await quota('set', '--user', 'ada', 'requests=5000')).toMatchObject({
    stdout: 'user ada: requests=5000 sessions=7\n',
  });
  await until(isServed, 'an answer');
  await quota('set', '--user', 'aaron', 'bytes=1000');
  expect(await quota('list')).toMatchObject({
    stdout: 'user aaron: bytes=1000\nuser ada: requests=5000 sessions=7\n',
  });
  expect((await quota('list', '--json')).stdout.split('\n').map((line) => line && JSON.parse(line))).toEqual([
    { userId: 'aaron', bytes: 1_000 },
    { userId: 'ada', requests: 5_000, sessions: 7 },
    '',
  ]);
  expect(await quota('unset', '--user', 'ada')).toMatchObject({ code: 0, stderr: '' });
  expect(await quota('unset', '--user', 'ada')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Expected a user with a quota'),
  });
  expect((await stat(join(directory, 'auth/quotas.json'))).mode & 0o777).toBe(0o600);
});

test.each([
  [['set', '--user', 'ada', 'sessionz=1'], 'one of requests, mutations'],
  [['set', '--user', 'ada', 'requests=-1'], 'one of requests, mutations'],
  [['set', '--user', 'ada'], 'missing required argument'],
  [['set', 'requests=1'], '--user'],
])('what is no quota is refused: %j', async (args, said) => {
  const ended = await runCli(['quota', ...args, '--data', await temporaryDirectory()]);
  expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining(said) });
});

test('a data directory that is not there has no quotas to list', async () => {
  const data = join(await temporaryDirectory(), 'mistyped');
  expect(await runCli(['quota', 'list', '--data', data])).toMatchObject({ code: 1 });
});
