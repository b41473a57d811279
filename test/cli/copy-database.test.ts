import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Client } from 'pg';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { openFileRepository, openFileRepositoryForReading } from '../../src/repository/files/open.ts';
import { openPostgresRepository } from '../../src/repository/postgres/open.ts';
import { fill, partsOf, withoutNumbers } from '../repository/contract/copies.ts';
import { everything } from '../repository/contract/everything.ts';
import { syntheticDump } from '../repository/postgres/copy/synthetic.ts';
import { createDatabase } from '../support/postgres/database.ts';
import { sharedPostgres } from '../support/postgres/shared.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { CLI, runCli } from './run.ts';

let directory: string;
let url: string;
/** The URL as commands may show it. */
let shown: string;

beforeEach(async () => {
  directory = await temporaryDirectory();
  const database = await createDatabase(await sharedPostgres());
  onTestFinished(() => database.drop());
  const withPassword = new URL(database.url);
  withPassword.password ||= 'secret';
  url = withPassword.href;
  shown = `postgres://${withPassword.username}@${withPassword.host}${withPassword.pathname}`;
});

const at = (name: string) => join(directory, name);

async function makeStore(place: string): Promise<void> {
  const repository = await openFileRepository({ directory: place });
  await fill({ repository, create: (input = {}, operation) => repository.create(input, operation) });
  await repository.close();
}

async function contentOfFiles(place: string) {
  const reader = await openFileRepositoryForReading({ directory: place });
  return withoutNumbers(await everything(reader).finally(() => reader.close()));
}

async function contentOfDatabase() {
  const reader = await openPostgresRepository({ url, migrate: false });
  return withoutNumbers(await everything(reader).finally(() => reader.close()));
}

async function connect(): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

describe('sessiontree copy', () => {
  it('copies files into a database, and back', async () => {
    await makeStore(at('from'));
    const planned = await runCli(['copy', '--from', at('from'), '--to', url, '--dry-run']);
    expect(planned).toMatchObject({ code: 0, stderr: '' });
    const into = await runCli(['copy', '--from', at('from'), '--to', url]);
    expect(into).toMatchObject({ code: 0, stderr: '' });
    expect(into.stdout).toMatch(
      /^copied 8 sessions with \d+ messages, \d+ operations and the ids of 4 deleted/,
    );
    expect(planned.stdout).toBe(into.stdout.replace('copied', 'would copy'));
    expect(await contentOfDatabase()).toEqual(await contentOfFiles(at('from')));
    const back = await runCli(['copy', '--from', url, '--to', at('back')]);
    expect(back).toMatchObject({ code: 0, stderr: '', stdout: into.stdout });
    expect(await contentOfFiles(at('back'))).toEqual(await contentOfFiles(at('from')));
  });

  it('makes nothing in a database with --dry-run', async () => {
    await makeStore(at('from'));
    expect((await runCli(['copy', '--from', at('from'), '--to', url, '--dry-run'])).code).toBe(0);
    const client = await connect();
    const { rows } = await client.query("SELECT to_regclass('meta') AS meta");
    expect(rows).toEqual([{ meta: null }]);
  });

  it.each([
    ['in earnest', []],
    ['in a dry run', ['--dry-run']],
  ])('refuses a database that has sessions, and shows no password: %s', async (_, flags) => {
    await makeStore(at('from'));
    const repository = await openPostgresRepository({ url });
    await repository.create({ id: 'x' });
    await repository.close();
    const { code, stdout, stderr } = await runCli(['copy', '--from', at('from'), '--to', url, ...flags]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Expected an empty store/);
    if (flags.length > 0) expect(stderr).toContain(shown);
    expect(stdout + stderr).not.toContain(new URL(url).password);
  });

  it('refuses a database without a store as the source', async () => {
    const { code, stderr } = await runCli(['copy', '--from', url, '--to', at('to')]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^The database has no tables/);
  });

  it('names both kinds of stores in its help', async () => {
    const { stdout } = await runCli(['copy', '--help']);
    expect(stdout).toMatch(/data directory[\s\S]*postgres:\/\//);
  });

  it('goes on with a copy whose process was killed, and no other command writes before it is whole', async () => {
    const source = await openFileRepository({ directory: at('from'), mayBeUnfinished: true });
    // Trees of three sessions: the first transaction of a copy ends in the middle of one.
    const parents = Array.from({ length: 1_300 }, (_, n) => (n % 3 === 0 ? null : n - 1));
    await source.load(syntheticDump({ parents, messages: (n) => n % 4 }));
    await source.close();
    await (await openPostgresRepository({ url })).close();
    // The second transaction of the copy waits for this one, which gives an id of its sessions.
    const [blocker, observer] = [await connect(), await connect()];
    await blocker.query('BEGIN');
    await blocker.query("INSERT INTO ids (id, home, sid) VALUES ('s1200', 0, 0)");
    const child = spawn(process.execPath, [CLI, 'copy', '--from', at('from'), '--to', url], {
      stdio: 'ignore',
    });
    const ended = once(child, 'close');
    const count = async () =>
      (await observer.query<{ count: number }>('SELECT count(*)::int4 AS count FROM sessions')).rows[0]!
        .count;
    await expect.poll(count).toBe(1_000);
    child.kill('SIGKILL');
    await ended;
    await blocker.query('ROLLBACK');
    expect(await count()).toBe(1_000);

    const imported = await runCli(['import', '--store', url, at('from')]);
    expect(imported).toMatchObject({ code: 1 });
    expect(imported.stderr).toContain(`${shown}: another store is being copied here, and is not whole yet`);

    const { code, stdout, stderr } = await runCli(['copy', '--from', at('from'), '--to', url]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^copied 1300 sessions with .*, of which 1000 were there already$/m);
    const original = await openFileRepository({ directory: at('from') });
    const copied = await openPostgresRepository({ url });
    const dumps = await Promise.all([original, copied].map((store) => partsOf(store.dump())));
    await Promise.all([original.close(), copied.close()]);
    expect(withoutNumbers(dumps[1])).toEqual(withoutNumbers(dumps[0]));
  });
});
