import { expect, onTestFinished, test } from 'vitest';
import { TABLES_VERSION } from '../../src/repository/postgres/migrations/migrate.ts';
import { runCli } from '../cli/run.ts';
import { ask, runSql, startServe, useDatabase } from './store.ts';

const database = useDatabase();
const migrate = (...args: string[]) => runCli(['migrate', '--store', database.url, ...args]);

/** As in docs/postgres.md, before the tables are made. */
const RIGHTS = [
  'CREATE ROLE server_role LOGIN',
  'ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO server_role',
  'ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO server_role',
  'GRANT USAGE ON SCHEMA public TO server_role',
];

test('tables are made once, in partitions, and a role that may change only rows serves with them', async () => {
  const made = `version ${TABLES_VERSION}, in 4 partitions`;
  expect(await migrate('--partitions', '4', '--dry-run')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`would make the tables of ${made}`),
  });
  expect(await runSql(database.url, "SELECT to_regclass('meta') AS meta")).toEqual([{ meta: null }]);
  await runSql(database.url, ...RIGHTS);
  onTestFinished(() =>
    runSql(database.url, 'DROP OWNED BY server_role', 'DROP ROLE server_role').then(() => {}),
  );
  expect(await migrate('--partitions', '4')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`made the tables of ${made}`),
    stderr: '',
  });
  expect(await migrate()).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`the tables are of version ${TABLES_VERSION} already.`),
  });
  expect(await migrate('--partitions', '8')).toMatchObject({
    stdout: expect.stringContaining('--partitions is for an empty database'),
  });

  const store = database.url.replace('postgres@', 'server_role@');
  const { url, stop, log } = await startServe(['--no-migrate', '--store', store]);
  const said = async (mutation: string) => {
    const { data, errors } = await ask<Record<string, { __typename: string }>>(
      url,
      `mutation { ${mutation} { __typename } }`,
    );
    return errors ?? Object.values(data!)[0]!.__typename;
  };
  expect(await said('createSession(input: { id: "a", key: "k" })')).toBe('CreateSessionPayload');
  expect(await said('spawnSession(input: { id: "b", parentId: "a" })')).toBe('SpawnSessionPayload');
  const message = 'messages: [{ role: USER, content: "Hello" }, { role: ASSISTANT, content: "World" }]';
  expect(await said(`appendMessages(input: { sessionId: "b", ${message} })`)).toBe('AppendMessagesPayload');
  expect(await said('forkSession(input: { sessionId: "b", id: "f" })')).toBe('ForkSessionPayload');
  expect(await said('moveSession(input: { sessionId: "b", asRoot: true })')).toBe('MoveSessionPayload');
  expect(await said('updateSession(input: { sessionId: "b", title: "B" })')).toBe('UpdateSessionPayload');
  expect(await ask(url, '{ searchMessages(query: "hello", first: 1) { nodes { content } } }')).toMatchObject({
    data: { searchMessages: { nodes: [{ content: 'Hello' }] } },
  });
  expect(await said('deleteSession(input: { sessionId: "b", mode: CASCADE })')).toBe('DeleteSessionPayload');
  expect(await runCli(['token', 'add', '--user', 'ada', '--scope', 'read', '--store', store])).toMatchObject({
    code: 0,
  });
  expect(await runCli(['check', '--store', store])).toMatchObject({ code: 0 });
  await stop();
  expect(log.join('\n')).not.toContain('permission denied');
});

test('tables of version 1 are brought to this version by the first server that opens them', async () => {
  await migrate();
  await runSql(
    database.url,
    'ALTER TABLE trees ADD COLUMN shape_clock int8 NOT NULL DEFAULT 0',
    'ALTER TABLE trees ALTER COLUMN shape_clock DROP DEFAULT',
    "UPDATE meta SET value = '1' WHERE key = 'version'",
  );
  expect(await migrate('--dry-run')).toMatchObject({ stdout: expect.stringContaining('version 1') });
  const { url, stop } = await startServe(['--store', database.url]);
  const { data } = await ask(url, 'mutation { createSession(input: { id: "later" }) { __typename } }');
  expect(data).toEqual({ createSession: { __typename: 'CreateSessionPayload' } });
  await stop();
  expect(await migrate()).toMatchObject({
    stdout: expect.stringContaining(`the tables are of version ${TABLES_VERSION} already.`),
  });
});
