import { expect, test, vi } from 'vitest';
import { runCli } from '../cli/run.ts';
import { until } from '../server/live/support.ts';
import { startPostgres } from '../support/postgres/server.ts';
import { ask, runSql, startServe, useDatabase } from './store.ts';

// Many of these tests start several processes, each of which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const database = useDatabase();

const PING = '{ __typename }';
const cli = (url: string, ...args: string[]) => runCli([...args, '--store', url]);

async function addToken(url: string, user: string): Promise<{ id: string; bearer: Record<string, string> }> {
  const { stdout } = await cli(url, 'token', 'add', '--user', user, '--scope', 'write');
  const [, id, token] = /^Token (\S+) .*\n(\S+)\n$/.exec(stdout) ?? [];
  return { id: id!, bearer: { authorization: `Bearer ${token}` } };
}

const codeOf = async (url: string, headers: Record<string, string>) =>
  (await ask(url, PING, headers)).errors?.[0]?.extensions.code ?? 'OK';

test('all servers of a database accept a token, hold its user to a quota, and refuse it once it is revoked', async () => {
  await runCli(['migrate', '--store', database.url]);
  const args = ['--auth', 'token', '--store', database.url];
  const servers = await Promise.all([startServe(args), startServe(args)]);
  const urls = servers.map(({ url }) => url);
  const untilAll = (code: string, headers: Record<string, string>) =>
    until(
      async () => (await Promise.all(urls.map((url) => codeOf(url, headers)))).every((each) => each === code),
      code,
    );
  const ada = await addToken(database.url, 'ada');
  const bob = await addToken(database.url, 'bob');
  await untilAll('OK', ada.bearer);
  expect(await cli(database.url, 'quota', 'set', 'requests=0', '--user', 'ada')).toMatchObject({ code: 0 });
  await untilAll('RATE_LIMITED', ada.bearer);
  expect(await cli(database.url, 'quota', 'list')).toMatchObject({ stdout: 'user ada: requests=0\n' });
  expect(await cli(database.url, 'quota', 'unset', '--user', 'ada')).toMatchObject({ code: 0 });
  await untilAll('OK', ada.bearer);
  expect((await cli(database.url, 'token', 'list')).stdout.split('\n')).toHaveLength(3);
  expect(await cli(database.url, 'token', 'revoke', ada.id)).toMatchObject({ code: 0 });
  await untilAll('UNAUTHENTICATED', ada.bearer);
  await untilAll('OK', bob.bearer);
  // A text that is restored from a backup is another one, too.
  await runSql(database.url, "DELETE FROM auth WHERE name = 'tokens'");
  await untilAll('UNAUTHENTICATED', bob.bearer);
});

test('while the database cannot be read nobody is let in, and the log says why once', async () => {
  const postgres = await startPostgres();
  try {
    const { url, log } = await startServe(['--auth', 'token', '--store', postgres.url]);
    const ada = await addToken(postgres.url, 'ada');
    await until(async () => (await codeOf(url, ada.bearer)) === 'OK', 'the token');
    await postgres.kill();
    await until(async () => (await codeOf(url, ada.bearer)) !== 'OK', 'a refusal');
    await postgres.restart();
    await until(async () => (await codeOf(url, ada.bearer)) === 'OK', 'the token');
    expect(log.filter((line) => line.includes('the tokens cannot be read'))).toHaveLength(1);
  } finally {
    await postgres.stop();
  }
});
