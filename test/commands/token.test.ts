import { access, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tokenCommand } from '../../src/commands/token.ts';
import { type Ended, runCli } from '../cli/run.ts';
import { bearer, HTTP_WAYS, openAuthServer } from '../server/auth/support.ts';
import { until } from '../server/live/support.ts';
import { temporaryDirectory } from '../support/repository.ts';

const ADD = ['token', 'add', '--user', 'ada', '--scope', 'read'];

/** Runs the command in this process, for what ends before it does anything. */
async function parse(args: readonly string[]): Promise<void> {
  const command = tokenCommand();
  for (const each of [command, ...command.commands])
    each.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
  await command.parseAsync(args.slice(1), { from: 'user' });
}

const lastWord = ({ stdout }: Ended) => stdout.trimEnd().split(/\s/).at(-1)!;
const idOf = (token: string) => token.split('_')[1]!;

test('tokens are made, listed and revoked beside a server, which follows', async () => {
  const { url, directory } = await openAuthServer();
  const { POST } = HTTP_WAYS;
  const added = await runCli([...ADD, '--data', directory, '--subtree', 'trip', '--expires', '7d']);
  expect(added).toMatchObject({ code: 0, stderr: '' });
  const token = lastWord(added);
  const id = idOf(token);
  expect(await POST!(url, bearer(token))).toMatchObject({ status: 200 });

  const listed = await runCli(['token', 'list', '--data', directory]);
  expect(listed.stdout).toMatch(
    new RegExp(`^${id}  user ada, scope read, subtree trip, expires \\S+Z, made \\S+Z\n$`),
  );
  const json = await runCli(['token', 'list', '--json', '--data', directory]);
  const { createdAt, expiresAt, ...shown } = JSON.parse(json.stdout);
  expect(shown).toEqual({
    id,
    userId: 'ada',
    scope: 'read',
    subtreeId: 'trip',
    mintedBy: null,
    purpose: null,
  });
  expect(Date.parse(expiresAt) - Date.parse(createdAt)).toBeCloseTo(7 * 86_400_000, -4);

  expect(await runCli(['token', 'revoke', id, '--data', directory])).toEqual({
    code: 0,
    stdout: `Token ${id} is revoked.\n`,
    stderr: '',
  });
  await until(async () => (await POST!(url, bearer(token))).status === 401, 'a refusal');
  const again = await runCli(['token', 'revoke', id, '--data', directory]);
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('Expected the id of a token') });
});

test('before the first start of a server, the first token makes the data directory, for its owner alone', async () => {
  const data = join(await temporaryDirectory(), 'data');
  const token = lastWord(await runCli([...ADD, '--data', data]));
  expect((await stat(data)).mode & 0o777).toBe(0o700);
  const stored = await readFile(join(data, 'auth/tokens.jsonl'), 'utf8');
  expect(stored).toContain(idOf(token));
  expect(stored).not.toContain(token.slice(-20));
});

test.each<[what: string, args: string[], says: string]>([
  ['no user', ['token', 'add', '--scope', 'read'], "required option '--user <id>'"],
  ['no scope', ['token', 'add', '--user', 'ada'], "required option '--scope <scope>'"],
  [
    'an unknown scope',
    ['token', 'add', '--user', 'ada', '--scope', 'root'],
    'Allowed choices are read, write, admin',
  ],
  [
    'an empty user',
    ['token', 'add', '--user', '', '--scope', 'read'],
    'Expected a user id of 1 to 256 characters',
  ],
  ['a session that cannot be', [...ADD, '--subtree', '../a'], 'Expected the id of a session'],
  ['a time that is over', [...ADD, '--expires', '2020-01-01T00:00:00Z'], 'a time that is to come'],
  ['a time without its zone', [...ADD, '--expires', '2099-01-01T00:00:00'], 'a time that is to come'],
  ['no time at all', [...ADD, '--expires', '0d'], 'Expected a span (90s, 15m, 12h, 7d, 4w)'],
  ['no id', ['token', 'revoke'], "missing required argument 'id'"],
])('%s is refused, and nothing is made', async (_what, args, says) => {
  const data = join(await temporaryDirectory(), 'data');
  await expect(parse([...args, '--data', data])).rejects.toThrow(says);
  await expect(access(data)).rejects.toThrow('ENOENT');
});

test('a directory that is not there has no tokens to list: its name may be mistyped', async () => {
  const ended = await runCli(['token', 'list', '--data', join(await temporaryDirectory(), 'none')]);
  expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining('no such file or directory') });
  expect(ended.stderr).not.toContain('    at ');
});

test.each<[name: string, args: string[], env: NodeJS.ProcessEnv, says: string | RegExp]>([
  ['tree', ['tree', 'trip'], {}, 'Expected a token for this server, got none.'],
  ['tree', ['tree', 'trip', '--token', 'TOKEN'], {}, 'There is no session "trip"'],
  ['tail', ['tail', 'trip'], { SESSIONTREE_TOKEN: 'TOKEN' }, 'got one that no session has or had'],
  ['import', ['import', 'claude', 'test/fixtures', '--token', 'wrong'], {}, 'Expected a valid token'],
])('%s sends a token: %j %j', async (_name, args, env, says) => {
  const { url, tokens } = await openAuthServer();
  const { token } = await tokens.mint({ userId: 'ada', scope: 'admin' });
  const filled = (text: string) => text.replace('TOKEN', token);
  const { SESSIONTREE_TOKEN = '' } = env;
  const ended = await runCli([...args.map(filled), '--url', url], {
    SESSIONTREE_TOKEN: filled(SESSIONTREE_TOKEN),
  });
  expect(ended.code).toBe(1);
  expect(ended.stderr).toMatch(says);
  expect(ended.stderr).not.toContain(token);
});
