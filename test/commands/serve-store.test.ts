import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { TABLES_VERSION } from '../../src/repository/postgres/migrations/migrate.ts';
import { runCli } from '../cli/run.ts';
import { until } from '../server/live/support.ts';
import { startPgbouncer } from '../support/postgres/pgbouncer.ts';
import { DEBIAN_15, startPostgres } from '../support/postgres/server.ts';
import { sharedPostgres } from '../support/postgres/shared.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { ask, runSql, startServe, useDatabase } from './store.ts';

// Many of these tests start several processes, each of which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const database = useDatabase();
const empty = useDatabase();

const create = (id: string) =>
  `mutation { createSession(input: { id: "${id}" }) { ... on CreateSessionPayload { session { id } } ... on StorageError { isRetryable } } }`;
const find = (id: string) => `{ session(id: "${id}") { id historyLength } }`;

/** With a password, for which the server of the tests does not ask. */
function withPassword(url: string): string {
  return url.replace('postgres@', 'postgres:s3cret@');
}

test('what one server writes another one reads, also after a restart, and no password is shown', async () => {
  const store = withPassword(database.url);
  const [one, other] = await Promise.all([startServe(['--store', store]), startServe(['--store', store])]);
  expect(await ask(one.url, create('a'))).toEqual({ data: { createSession: { session: { id: 'a' } } } });
  expect(await ask(other.url, find('a'))).toMatchObject({ data: { session: { id: 'a' } } });
  const commandLine = await readFile(`/proc/${one.pid}/cmdline`, 'utf8');
  await Promise.all([one.stop(), other.stop()]);
  for (const line of [...one.log, ...other.log, commandLine]) expect(line).not.toContain('s3cret');
  expect(one.log.join('\n')).toMatch(
    /"database":"postgres:\/\/postgres@[^"]+","postgres":"\d+\.\d+","tables":\d+,"migrations":\[/,
  );
  const again = await startServe([], { SESSIONTREE_STORE: store, SESSIONTREE_DATA: '/data' });
  expect(await ask(again.url, find('a'))).toMatchObject({ data: { session: { id: 'a' } } });
});

test('a server whose PostgreSQL ends is not ready and says so, and serves again once it is back', async () => {
  const postgres = await startPostgres();
  try {
    const store = withPassword(postgres.url);
    const { url, log } = await startServe(['--store', store]);
    const ready = async () => (await fetch(new URL('/ready', url))).status;
    expect(await ready()).toBe(200);
    await ask(url, create('before'));
    await postgres.kill();
    await until(async () => (await ready()) === 503, 'a server that is not ready');
    expect((await fetch(new URL('/health', url))).status).toBe(200);
    const read = await ask(url, find('before'));
    expect(read.errors).toMatchObject([{ extensions: { code: 'STORE_UNAVAILABLE' } }]);
    const shown = JSON.stringify(read);
    for (const secret of ['s3cret', '.ts', 'ECONN', '127.0.0.1']) expect(shown).not.toContain(secret);
    const written = ask<{ createSession: object }>(url, create('meanwhile'));
    await postgres.restart();
    await until(async () => (await ready()) === 200, 'a server that is ready again');
    expect([{ session: { id: 'meanwhile' } }, { isRetryable: true }]).toContainEqual(
      (await written).data?.createSession,
    );
    expect(await ask(url, find('before'))).toMatchObject({ data: { session: { id: 'before' } } });
    expect(await ask(url, create('after'))).toMatchObject({ data: { createSession: {} } });
    expect(log.join('\n')).not.toContain('s3cret');
  } finally {
    await postgres.stop();
  }
});

test('a server serves through a pgbouncer in transaction mode', async () => {
  const { pathname } = new URL(database.url);
  const pgbouncer = await startPgbouncer({ server: await sharedPostgres(), database: pathname.slice(1) });
  try {
    const args = ['--store', pgbouncer.url, '--no-prepare', '--listen-store', database.url];
    const { url, stop } = await startServe(args);
    for (const id of ['p1', 'p2', 'p3']) await ask(url, create(id));
    expect(await ask(url, find('p3'))).toMatchObject({ data: { session: { id: 'p3' } } });
    await stop();
  } finally {
    await pgbouncer.stop();
  }
});

test.skipIf(!existsSync(DEBIAN_15))(
  'a server serves on the oldest PostgreSQL that is supported',
  async () => {
    const postgres = await startPostgres({ binaries: DEBIAN_15 });
    try {
      const { url, stop } = await startServe(['--store', postgres.url]);
      await ask(url, create('a'));
      await ask(
        url,
        'mutation { appendMessages(input: { sessionId: "a", messages: [{ role: USER, content: "Hello" }] }) { __typename } }',
      );
      const search = '{ searchMessages(query: "hello", first: 1) { nodes { content } } }';
      expect(await ask(url, search)).toEqual({ data: { searchMessages: { nodes: [{ content: 'Hello' }] } } });
      await stop();
      expect(await runCli(['check', '--store', postgres.url])).toMatchObject({
        code: 0,
        stdout: '1 session, 1 user message: no problems\n',
      });
    } finally {
      await postgres.stop();
    }
  },
);

test.each([
  [
    'postgres://ada:s3cret@127.0.0.1:1/nowhere',
    'The database postgres://ada@127.0.0.1:1/nowhere cannot be reached',
  ],
  [
    'postgres://ada:s3cret@no-such-host.invalid/x',
    'The database postgres://ada@no-such-host.invalid/x cannot be reached',
  ],
])('a database that cannot be reached is one sentence: %s', async (store, said) => {
  const ended = await runCli(['serve', '--port', '0', '--store', store]);
  expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining(said) });
  expect(ended.stderr.trim().split('\n')).toHaveLength(1);
  expect(ended.stderr).not.toContain('s3cret');
});

test('a database of a later Sessiontree is refused, and so are missing tables with --no-migrate', async () => {
  const empty = await runCli([
    'serve',
    '--port',
    '0',
    '--no-migrate',
    '--store',
    database.url.replace(/[^/]+$/, 'postgres'),
  ]);
  expect(empty).toMatchObject({ code: 1, stderr: expect.stringContaining('Run "sessiontree migrate"') });
  await runCli(['migrate', '--store', database.url]);
  await runSql(database.url, "UPDATE meta SET value = '999' WHERE key = 'version'");
  try {
    const later = await runCli(['serve', '--port', '0', '--store', database.url]);
    expect(later).toMatchObject({ code: 1, stderr: expect.stringContaining('of version 999, from a later') });
  } finally {
    await runSql(database.url, `UPDATE meta SET value = '${TABLES_VERSION}' WHERE key = 'version'`);
  }
});

test.each([
  [['serve', '--data', 'd', '--store', 'postgres://h/d'], 'expected --data or --store, got both'],
  [['export', '--all', '--data', 'd', '--store', 'postgres://h/d'], 'expected --data or --store, got both'],
  [['serve', '--store', 'mysql://u:s3cret@h/d'], 'got a URL with another scheme'],
  [['serve', '--store', './data'], 'A data directory is named with --data'],
  [['serve', '--store', 'postgres://u:s3#cret@h/d'], 'Characters of the password'],
  [['serve', '--store', 'postgres://u:1/s3cret@h/d'], 'Characters of the password'],
  [['serve', '--store', 'postgres://h/d', '--durability', 'os'], '--durability is for a data directory'],
  [['serve', '--no-search'], '--no-search is for a database'],
  [['serve', '--store', 'postgres://h/d', '--listen-store', 'https://u:s3cret@h'], '--listen-store'],
  [['backup', 'copy', '--store', 'postgres://h/d'], 'pg_dump and pg_basebackup'],
  [['check', '--repair', '--store', 'postgres://h/d'], '--repair is for a data directory'],
  [['migrate'], 'expected a database, named with --store'],
  [
    ['prune', '--older-than', '1d', '--store', 'postgres://h/d', '--url', 'http://h/'],
    'expected --store or --url',
  ],
])('flags that do not go together are refused: %j', async (args, said) => {
  const ended = await runCli(args);
  expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining(said) });
  expect(ended.stderr).not.toContain('s3cret');
});

test('import, export, share and prune work on a database', async () => {
  const { url, stop } = await startServe(['--store', database.url]);
  await ask(url, create('root'));
  await ask(url, 'mutation { spawnSession(input: { id: "child", parentId: "root" }) { __typename } }');
  await ask(
    url,
    'mutation { appendMessages(input: { sessionId: "child", messages: [{ role: USER, content: "Hello" }] }) { __typename } }',
  );
  const exported = await runCli(['export', 'root', '--store', database.url]);
  expect(exported).toMatchObject({ code: 0, stdout: expect.stringContaining('"Hello"') });
  expect(await runCli(['share', 'child', '--store', database.url])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('/explorer/t/child#token='),
  });
  await stop();
  expect(await runCli(['prune', '--older-than', '0s', '--store', database.url])).toMatchObject({ code: 0 });
  expect(await runCli(['export', '--all', '--store', database.url])).toMatchObject({ code: 0, stdout: '' });
  const file = join(await temporaryDirectory(), 'export.jsonl');
  await writeFile(file, exported.stdout);
  // An import makes the tables of an empty database.
  expect(await runCli(['import', 'sessiontree', file, '--store', empty.url])).toMatchObject({ code: 0 });
  expect(await runCli(['export', 'root', '--store', empty.url])).toMatchObject({ stdout: exported.stdout });
  expect(await runCli(['check', '--store', empty.url])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('no problems'),
  });
});
