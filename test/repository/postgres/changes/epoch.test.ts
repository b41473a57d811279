import { existsSync } from 'node:fs';
import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EPOCH_LENGTH } from '../../../../src/repository/postgres/changes/epoch.ts';
import { openPostgresRepository } from '../../../../src/repository/postgres/open.ts';
import type { SessionRepository } from '../../../../src/repository/repository.ts';
import { createDatabase } from '../../../support/postgres/database.ts';
import { DEBIAN_15, type PostgresOptions, startPostgres } from '../../../support/postgres/server.ts';
import { sharedPostgres } from '../../../support/postgres/shared.ts';
import { say } from '../../contract/store.ts';

async function query(url: string, sql: string) {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function open(url: string): Promise<SessionRepository> {
  const repository = await openPostgresRepository({ url });
  onTestFinished(() => repository.close());
  return repository;
}

/** A database of a role that may do nothing else. */
async function databaseOfPlainRole(server: { readonly url: string }): Promise<string> {
  const { name, url, drop } = await createDatabase(server);
  onTestFinished(drop);
  const role = `plain_${name.slice(5)}`;
  await query(server.url, `CREATE ROLE ${role} LOGIN; ALTER DATABASE ${name} OWNER TO ${role}`);
  const own = new URL(url);
  own.username = role;
  return own.href;
}

async function serverOf(options: PostgresOptions | null): Promise<{ readonly url: string }> {
  if (!options) return sharedPostgres();
  const server = await startPostgres(options);
  onTestFinished(() => server.stop());
  return server;
}

/** As if the rows came from another cluster. */
const elsewhere = (url: string) =>
  query(url, "UPDATE meta SET value = split_part(value, ' ', 1) || ' 1/1/00000001' WHERE key = 'epoch'");

const numberOf = async (url: string) =>
  (await query(url, "SELECT split_part(value, ' ', 1) AS number FROM meta WHERE key = 'epoch'"))[0].number;

const isReset = async (repository: SessionRepository, after: string) =>
  (await repository.changesSince({ within: null, after, limit: 1 })).isReset;

const SERVERS: [string, PostgresOptions | null][] = [
  ['PostgreSQL 18', null],
  ...(existsSync(DEBIAN_15)
    ? ([["Debian's PostgreSQL 15", { binaries: DEBIAN_15 }]] as [string, PostgresOptions][])
    : []),
];

describe.each(SERVERS)('the epoch of a plain role on %s', (_, options) => {
  it('stays when the store is opened again', async () => {
    const url = await databaseOfPlainRole(await serverOf(options));
    const first = await open(url);
    await first.create({ id: 'a' });
    const mark = await first.mark();
    await first.close();
    const second = await open(url);
    // What follows the number of the epoch also tells of transactions of other databases of the server.
    expect((await second.mark()).split(':')[0]).toBe(mark.split(':')[0]);
    expect(await isReset(second, mark)).toBe(false);
    expect(await numberOf(url)).toBe('0');
  });

  it('is another one in another cluster: marks of before are reset, and clocks go on above all of before', async () => {
    const url = await databaseOfPlainRole(await serverOf(options));
    const first = await open(url);
    await first.create({ id: 'a' });
    const mark = await first.mark();
    await first.close();
    await elsewhere(url);
    const second = await open(url);
    expect(await isReset(second, mark)).toBe(true);
    expect((await second.changedTrees(mark)).rootIds).toBeNull();
    const now = await second.mark();
    await second.create({ id: 'b' });
    expect(await second.changesSince({ within: null, after: now, limit: 5 })).toMatchObject({
      isReset: false,
      changes: [{ kind: 'CREATED', sessionId: 'b' }],
    });
    const rows = await query(url, 'SELECT clock, id FROM sessions ORDER BY clock');
    expect(rows.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(Number(rows[1].clock)).toBeGreaterThan(EPOCH_LENGTH);
  });
});

it('is noticed by instances that are running: by each mutation, and one raises the number', async () => {
  const { url, drop } = await createDatabase(await sharedPostgres());
  onTestFinished(drop);
  const instances = await Promise.all([open(url), open(url)]);
  await instances[0]!.create({ id: 'a' });
  await elsewhere(url);
  await Promise.all(
    Array.from({ length: 8 }, (_, n) =>
      instances[n % 2]!.create({ id: `s${n}`, parentId: n < 4 ? 'a' : null }),
    ),
  );
  expect(await numberOf(url)).toBe('1');
  await elsewhere(url);
  await instances[1]!.append({ sessionId: 'a', messages: [say('hello')] });
  expect(await numberOf(url)).toBe('2');
  expect(Number((await query(url, 'SELECT clock FROM messages'))[0].clock)).toBeGreaterThan(2 * EPOCH_LENGTH);
  const clocks = await query(url, "SELECT clock FROM sessions WHERE id <> 'a'");
  expect(clocks.every(({ clock }) => Number(clock) > EPOCH_LENGTH)).toBe(true);
});

it('is another one behind a promotion, where numbers of transactions are given out again', async () => {
  const primary = await startPostgres();
  onTestFinished(() => primary.stop());
  const first = await open(primary.url);
  await first.create({ id: 'a' });
  const mark = await first.mark();
  await first.close();
  await primary.kill();
  const standby = await startPostgres({
    async prepare(data) {
      await rm(data, { recursive: true });
      await cp(primary.directory, data, { recursive: true });
      await rm(join(data, 'postmaster.pid'), { force: true });
      await writeFile(join(data, 'standby.signal'), '');
    },
  });
  onTestFinished(() => standby.stop());
  await query(standby.url, 'SELECT pg_promote()');
  const second = await open(standby.url);
  expect(await second.findMany(['a'])).toMatchObject([{ id: 'a' }]);
  expect(await isReset(second, mark)).toBe(true);
  expect(await numberOf(standby.url)).toBe('1');
});
