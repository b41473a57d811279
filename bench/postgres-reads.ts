import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { DEFAULT_LIMITS } from '../src/model/limits.ts';
import { openFileRepository } from '../src/repository/files/open.ts';
import { openPostgresRepository } from '../src/repository/postgres/open.ts';
import type { SessionRepository } from '../src/repository/repository.ts';
import { startPostgres } from '../test/support/postgres/server.ts';
import { apiOf } from './measure/pages.ts';
import { median } from './measure/rounds.ts';
import { machine, quantity, type SingleRow, singleTable } from './report.ts';
import { exchangeOf } from './stores/content.ts';

/** Reads of trees and histories in PostgreSQL, beside the file store in turns, and what is done to whole subtrees. */

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    /** Into how many partitions the tables are divided. */
    partitions: { type: 'string', default: '0' },
    /** Without what takes long to prepare: the large tree and the long history. */
    quick: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);

const MAX_BYTES = DEFAULT_LIMITS.textBytes;
const SCALARS = 'id title userId createdAt lastActiveAt messageCount version';
const LAST_TWO = 'history(last: 2) { nodes { id content } }';
const LONG_HISTORY = 10_000;
const LARGE = 11_111;

function nested(levels: number): string {
  const own = `${SCALARS} ${LAST_TWO}`;
  return levels === 0 ? own : `${own} children(first: 1000) { nodes { ${nested(levels - 1)} } }`;
}

const flat = (more: string) =>
  `{ session(id: "tree") { ${SCALARS} descendants(first: 2000) { nodes { ${SCALARS} parentId ${more} } } } }`;

interface Store {
  readonly repository: SessionRepository;
  readonly ask: (query: string) => Promise<unknown>;
}

let statements = 0;
const { query } = pg.Client.prototype;
/** Counts what the driver sends. */
pg.Client.prototype.query = function counted(this: pg.Client, ...parameters: unknown[]) {
  statements += 1;
  return Reflect.apply(query, this, parameters);
} as typeof query;

function storeOf(repository: SessionRepository): Store {
  return { repository, ask: apiOf(repository) };
}

/** Ids of a tree with `breadth` children of each session: those of the level above come first. */
async function plant(
  { repository }: Store,
  root: string,
  depth: number,
  messages: boolean,
): Promise<string[]> {
  const all = [root];
  let level = [root];
  await repository.create({ id: root, messages: messages ? exchangeOf(0).concat(exchangeOf(1)) : [] });
  for (let d = 0; d < depth; d += 1) {
    const next = level.flatMap((parentId) =>
      Array.from({ length: 10 }, (_, n) => ({ parentId, id: `${parentId}-${n}` })),
    );
    await Promise.all(
      next.map(({ parentId, id }, n) =>
        repository.create({
          id,
          parentId,
          messages: messages ? exchangeOf(n).concat(exchangeOf(n + 1)) : [],
        }),
      ),
    );
    level = next.map(({ id }) => id);
    all.push(...level);
  }
  return all;
}

/** Milliseconds of each function, by turns; medians. */
async function inTurns(...runs: readonly (() => Promise<unknown>)[]): Promise<number[]> {
  const times: number[][] = runs.map(() => []);
  for (let round = 0; round < rounds + 2; round += 1)
    for (const [n, run] of runs.entries()) {
      const started = performance.now();
      await run();
      // The first rounds warm up.
      if (round > 1) times[n]!.push(performance.now() - started);
    }
  return times.map(median);
}

async function statementsOf(run: () => Promise<unknown>): Promise<number> {
  const before = statements;
  await run();
  return statements - before;
}

const ms = (time: number) => quantity(time, 'ms');

async function reads(postgres: Store, files: Store): Promise<SingleRow[]> {
  const rows: SingleRow[] = [];
  const ids = await plant(postgres, 'tree', 3, true);
  await plant(files, 'tree', 3, true);
  const both = async (
    what: string,
    run: (store: Store) => Promise<unknown>,
    goal?: { readonly statements?: number; readonly ratio?: number; readonly ms?: number },
  ) => {
    const [own, other] = (await inTurns(
      () => run(postgres),
      () => run(files),
    )) as [number, number];
    const sent = await statementsOf(() => run(postgres));
    const met =
      sent <= (goal?.statements ?? sent) &&
      own <= (goal?.ms ?? own) &&
      own / other <= (goal?.ratio ?? own / other);
    const texts = [
      goal?.statements && `${goal.statements} statements`,
      goal?.ms && ms(goal.ms),
      goal?.ratio && `${goal.ratio} times the files`,
    ];
    rows.push({
      what,
      measured: `${ms(own)}, ${sent} statements; files ${ms(other)}: ${(own / other).toFixed(1)} times`,
      ...(goal && { goal: { text: `at most ${texts.filter(Boolean).join(', ')}`, met } }),
    });
  };
  const tops = ids.slice(0, 1_000);
  const requests = tops.map((sessionId) => ({ sessionId, page: { limit: 2, from: 'end' as const } }));
  const children = ids
    .slice(0, 111)
    .map((parentId) => ({ parentId, page: { limit: 1_000, from: 'start' as const } }));
  const one = [ids.at(-1)!];
  const page = { limit: 2_000, from: 'start' } as const;
  const list = { limit: 50, from: 'start' } as const;
  await both(
    'tree of 1,111, nested, last two messages, API',
    ({ ask }) => ask(`{ session(id: "tree") { ${nested(3)} } }`),
    {
      statements: 8,
      ratio: 4,
    },
  );
  await both('flat, API', ({ ask }) => ask(flat('')), { statements: 3 });
  await both('flat, last two messages, API', ({ ask }) => ask(flat(LAST_TWO)), { statements: 3 });
  await both(
    'historyOf 1,000, last two of each',
    ({ repository }) => repository.historyOf(requests, MAX_BYTES),
    {
      ms: 15,
    },
  );
  await both('findMany of 1,111', ({ repository }) => repository.findMany(ids));
  await both('childrenOf of 111', ({ repository }) => repository.childrenOf(children));
  await both('descendantsOf of 1,110', ({ repository }) => repository.descendantsOf(['tree'], page, null));
  await both('ancestorsOf of 1,111', ({ repository }) => repository.ancestorsOf(ids));
  await both('ancestorsOf of one', ({ repository }) => repository.ancestorsOf(one));
  await both('rollupsOf of 1,111', ({ repository }) => repository.rollupsOf(ids));
  await both('list of 50', ({ repository }) =>
    repository.list({}, { field: 'LAST_ACTIVE_AT', direction: 'DESC' }, list),
  );
  await both('status', ({ repository }) => repository.status());
  return rows;
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await run();
  return performance.now() - started;
}

function within(what: string, time: number, most: number): SingleRow {
  return { what, measured: ms(time), goal: { text: `at most ${ms(most)}`, met: time <= most } };
}

async function searches({ repository }: Store): Promise<SingleRow[]> {
  await repository.create({ id: 'long' });
  for (let from = 0; from < LONG_HISTORY; from += 1_000)
    await repository.append({
      sessionId: 'long',
      messages: Array.from({ length: 1_000 }, (_, n) => ({
        role: 'USER' as const,
        content: `The ${from + n}th apple tree${'s of the orchard'.repeat(n % 5)} bears ${n % 7} red apples`,
      })),
    });
  const rows: SingleRow[] = [];
  const search = async (what: string, text: string, most: number) => {
    // Each search has a ranking of its own: the query differs in case.
    const [time] = await inTurns(() => repository.search({ query: text, limit: 10 }));
    rows.push(within(`ranked search of 10,000: ${what}`, time!, most));
  };
  await search('one word', 'apple', 100);
  await search('two words', 'apple bears', 250);
  await search('a phrase', '"apple tree"', 250);
  const fork = await inTurns(() => repository.fork({ sessionId: 'long', asRoot: true }));
  rows.push(within('fork of 10,000 messages', fork[0]!, 500));
  return rows;
}

async function subtrees(store: Store): Promise<SingleRow[]> {
  const { repository } = store;
  await plant(store, 'large', 4, false);
  await repository.create({ id: 'above' });
  const times: number[] = [];
  for (const parentId of ['above', null, 'above'])
    times.push(await timed(() => repository.move({ sessionId: 'large', parentId })));
  const gone = await timed(() => repository.delete({ sessionId: 'large', mode: 'CASCADE' }));
  return [
    within(`${LARGE.toLocaleString('en')} moved`, median(times), 300),
    within(`${LARGE.toLocaleString('en')} deleted`, gone, 100),
  ];
}

const server = await startPostgres({ settings: { fsync: 'on', full_page_writes: 'on' } });
const directory = mkdtempSync(join(tmpdir(), 'sessiontree-bench-'));
const repository = await openPostgresRepository({ url: server.url, partitions: Number(values.partitions) });
const files = await openFileRepository({ directory });
try {
  const postgres = storeOf(repository);
  const rows = await reads(postgres, storeOf(files));
  if (!values.quick) rows.push(...(await searches(postgres)), ...(await subtrees(postgres)));
  process.stdout.write(`${machine()}\n\n${singleTable(rows)}\n`);
} finally {
  await Promise.all([repository.close(), files.close()]);
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
}
