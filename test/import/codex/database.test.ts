import { spawn as spawnProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it, onTestFinished } from 'vitest';
import { codex } from '../../../src/import/codex/codex.ts';
import type { Dropped, Fault, SourceSession } from '../../../src/import/format.ts';
import type { JsonObject } from '../../../src/model/json.ts';
import { damageTable, sourceLab } from '../source-lab.ts';
import { filesOf, Rollout, spawn } from './rollout.ts';

const ID = (n: number) => `0aa11111-0000-7000-8000-00000000000${n}`;

it('takes titles, archivals and edges from the database', async () => {
  const [one, two] = [
    new Rollout(ID(1)).turn('t').user('First'),
    new Rollout(ID(2)).turn('t').user('Second'),
  ];
  const { run, session, folder } = await sourceLab(codex, filesOf(one, two));
  using database = new DatabaseSync(join(folder, 'state_5.sqlite'));
  database.exec(`CREATE TABLE threads (id TEXT, title TEXT, name TEXT, archived_at INTEGER, updated_at_ms INTEGER, is_pinned INTEGER);
    CREATE TABLE thread_spawn_edges (parent_thread_id TEXT, child_thread_id TEXT, status TEXT);
    INSERT INTO threads VALUES ('${ID(1)}', 'The first', NULL, 1772400000, 1772400000000, 1);
    INSERT INTO threads VALUES ('${ID(2)}', 'Second', 'Named', NULL, NULL, 0);
    INSERT INTO thread_spawn_edges VALUES ('${ID(1)}', '${ID(2)}', 'open');`);
  expect((await run()).complete).toBe(true);
  expect(await session(ID(1))).toMatchObject({
    title: 'The first',
    archivedAt: new Date('2026-03-01T21:20:00Z'),
    metadata: { is_pinned: 1 },
  });
  expect(await session(ID(2))).toMatchObject({
    title: 'Named',
    parentId: ID(1),
    metadata: { spawn_edge_status: 'open' },
  });
});

it('sees what changes in the database alone', async () => {
  const parent = new Rollout(ID(1)).turn('t').user('First');
  const child = new Rollout(ID(2), spawn(ID(1))).turn('t').user('Second');
  const { run, session, folder } = await sourceLab(codex, filesOf(parent, child));
  using database = new DatabaseSync(join(folder, 'state_5.sqlite'));
  database.exec(`CREATE TABLE threads (id TEXT, title TEXT, is_pinned INTEGER);
    CREATE TABLE thread_spawn_edges (parent_thread_id TEXT, child_thread_id TEXT, status TEXT, depth INTEGER);
    INSERT INTO threads VALUES ('${ID(1)}', 'The first', 0);
    INSERT INTO thread_spawn_edges VALUES ('${ID(1)}', '${ID(2)}', 'open', 1);`);
  await run();
  database.exec("UPDATE thread_spawn_edges SET status = 'closed'");
  expect((await run()).sessions).toMatchObject({ changed: 1, unchanged: 1 });
  expect((await session(ID(2))).metadata.spawn_edge_status).toBe('closed');
  database.exec('UPDATE thread_spawn_edges SET depth = 2');
  expect((await run()).sessions).toMatchObject({ changed: 1, unchanged: 1 });
  expect((await session(ID(2))).metadata.spawn_edge).toEqual({ depth: 2 });
  database.exec('UPDATE threads SET is_pinned = 1');
  expect((await run()).sessions).toMatchObject({ changed: 1, unchanged: 1 });
  expect((await session(ID(1))).metadata.is_pinned).toBe(1);
  expect((await run()).sessions).toMatchObject({ changed: 0, unchanged: 2 });
});

it('writes nothing where only counters and times in the database change', async () => {
  const { run, session, folder } = await sourceLab(codex, filesOf(new Rollout(ID(1)).turn('t').user('Hi')));
  using database = new DatabaseSync(join(folder, 'state_5.sqlite'));
  database.exec(`CREATE TABLE threads (id TEXT, title TEXT, updated_at INTEGER, tokens_used INTEGER, is_pinned INTEGER);
    INSERT INTO threads VALUES ('${ID(1)}', 'The first', 1772400000, 1, 0);`);
  await run();
  database.exec('UPDATE threads SET updated_at = 1772500000, tokens_used = 2');
  expect((await run()).sessions).toMatchObject({ changed: 0, unchanged: 1 });
  database.exec('UPDATE threads SET is_pinned = 1');
  await run();
  expect((await session(ID(1))).metadata).toMatchObject({ is_pinned: 1, tokens_used: 2 });
});

it('lists a table whose rows cannot be counted, and takes all else from the database', async () => {
  const { run, session, folder } = await sourceLab(
    codex,
    filesOf(new Rollout(ID(1)).turn('t').user('First')),
  );
  const path = join(folder, 'state_5.sqlite');
  {
    using database = new DatabaseSync(path);
    database.exec(`CREATE TABLE threads (id TEXT, title TEXT); INSERT INTO threads VALUES ('${ID(1)}', 'The first');
      CREATE TABLE odd (a); INSERT INTO odd VALUES (1); CREATE TABLE zoo (a); INSERT INTO zoo VALUES (1);`);
  }
  damageTable(path, 'odd');
  const report = await run();
  expect(report.faults).toMatchObject([
    { path, reason: 'cannot count "row of odd": database disk image is malformed' },
  ]);
  expect(Object.fromEntries(report.dropped)).toMatchObject({ 'row of zoo': 1 });
  expect((await session(ID(1))).title).toBe('The first');
});

it('waits for another process that has the database locked', async () => {
  const { run, session, folder } = await sourceLab(
    codex,
    filesOf(new Rollout(ID(1)).turn('t').user('First')),
  );
  const path = join(folder, 'state_5.sqlite');
  {
    using database = new DatabaseSync(path);
    database.exec(`CREATE TABLE threads (id TEXT, title TEXT);
      INSERT INTO threads VALUES ('${ID(1)}', 'The first');`);
  }
  const locked = `const database = new (require('node:sqlite').DatabaseSync)(${JSON.stringify(path)});
    database.exec('BEGIN EXCLUSIVE');
    console.log('locked');
    setTimeout(() => database.exec('COMMIT'), 500);`;
  const other = spawnProcess(process.execPath, ['-e', locked], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void other.kill());
  await once(other.stdout, 'data');
  expect(await run()).toMatchObject({ faults: [], sessions: { new: 1 } });
  expect((await session(ID(1))).title).toBe('The first');
});

it.each(['state_5.sqlite', 'session_index.jsonl'])(
  'says of each session that it is known only in part where %s cannot be read',
  async (name) => {
    const rollouts = [1, 2].map((n) => new Rollout(ID(n)).turn('t').user('First'));
    const { folder, write } = await sourceLab(codex, filesOf(...rollouts));
    expect(await surveyed(folder)).toMatchObject([{ isPartlyKnown: false }, { isPartlyKnown: false }]);
    await write({ [`${name}/in-its-place`]: '' });
    const [fault, ...sessions] = await surveyed(folder);
    expect(fault).toMatchObject({ type: 'fault', path: join(folder, name) });
    expect(sessions).toMatchObject([
      { key: `codex:${ID(1)}`, isPartlyKnown: true },
      { key: `codex:${ID(2)}`, isPartlyKnown: true },
    ]);
  },
);

async function surveyed(path: string): Promise<(SourceSession | Fault | Dropped)[]> {
  const items = [];
  for await (const item of codex.survey(path, { onFile: () => {}, now: Date.now() })) items.push(item);
  return items;
}

it('leaves as they are the sessions whose database cannot be read for a while', async () => {
  const [one, two] = [
    new Rollout(ID(1)).turn('t').user('First'),
    new Rollout(ID(2)).turn('t').user('Second'),
  ];
  const { run, session, folder, write } = await sourceLab(codex, filesOf(one, two));
  const path = join(folder, 'state_5.sqlite');
  using database = new DatabaseSync(path);
  database.exec(`CREATE TABLE threads (id TEXT, title TEXT, archived_at INTEGER, is_pinned INTEGER);
    CREATE TABLE thread_spawn_edges (parent_thread_id TEXT, child_thread_id TEXT, status TEXT);
    INSERT INTO threads VALUES ('${ID(1)}', 'The first', 1772400000, 1), ('${ID(2)}', 'The second', NULL, 0);
    INSERT INTO thread_spawn_edges VALUES ('${ID(1)}', '${ID(2)}', 'open');`);
  await run();
  const whole = async () =>
    (await Promise.all([session(ID(1)), session(ID(2))])).map(({ title, archivedAt, parentId, metadata }) => {
      const { import: state, ...others } = metadata;
      // The parent that an import gave: another one is a person's move.
      return { title, archivedAt, parentId, others, given: (state as JsonObject).parentId };
    });
  const before = await whole();
  expect(before).toMatchObject([{ title: 'The first', others: { is_pinned: 1 } }, { parentId: ID(1) }]);
  const sound = await readFile(path);
  await writeFile(path, 'no database');
  for (const rollout of [one, two]) rollout.say('Answer');
  await write(filesOf(one, two));
  expect((await run()).faults).toMatchObject([{ path }]);
  expect(await whole()).toEqual(before);
  await writeFile(path, sound);
  expect((await run()).faults).toEqual([]);
  expect(await whole()).toEqual(before);
});
