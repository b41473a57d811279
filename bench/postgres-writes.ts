import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { openPostgresRepository } from '../src/repository/postgres/open.ts';
import type { PostgresRepository } from '../src/repository/postgres/postgres-repository.ts';
import { insertRows } from '../src/repository/postgres/rows/insert.ts';
import {
  formColumns,
  MESSAGE_COLUMNS,
  type MessageRow,
} from '../src/repository/postgres/rows/message-row.ts';
import { storedMessageOf } from '../src/repository/records/stored-message.ts';
import { startPostgres } from '../test/support/postgres/server.ts';
import { median } from './measure/rounds.ts';
import { machine, singleTable } from './report.ts';
import { exchangeOf } from './stores/content.ts';

/** The rate of durable exchanges in PostgreSQL, beside that of a bare INSERT of the same messages, in turns. Nothing is searched. */

const { values } = parseArgs({
  options: {
    trees: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
  },
});
const trees = Number(values.trees);
const rounds = Number(values.rounds);
const roundMs = 1_000 * Number(values.seconds);

const CALLERS = 32;
const CALLERS_OF_ONE_TREE = 128;
/** Of what a bare INSERT reaches. */
const RATIO_GOAL = 0.7;
/** Exchanges a second in one tree, where a commit takes 2 ms. */
const ONE_TREE_GOAL = 3_000;
/** What a commit takes with a cloud disk, or with a standby that has to confirm. */
const SLOW_COMMIT = { commit_delay: 2_000, commit_siblings: 0 };

/** Calls `work` for a while, so many at a time, and resolves with the calls a second. `work` gets the number of the call. */
async function rateOf(callers: number, work: (n: number) => Promise<unknown>): Promise<number> {
  const started = performance.now();
  let calls = 0;
  const caller = async () => {
    while (performance.now() - started < roundMs) {
      calls += 1;
      await work(calls);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return (1_000 * calls) / (performance.now() - started);
}

const BARE = insertRows('bare', MESSAGE_COLUMNS);

function bareRow(n: number, ordinal: number): MessageRow {
  return {
    home: n,
    sid: n,
    ordinal,
    position: ordinal,
    created_at: Date.now(),
    ...formColumns(storedMessageOf(exchangeOf(n)[ordinal]!)),
    is_copy: false,
    replaced_at: null,
    redacted_at: null,
    clock: n,
    replaced_clock: null,
    dropped_clock: null,
    dropped_number: null,
    taken_over: false,
  };
}

async function createRoots(repository: PostgresRepository, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID());
  const left = ids.values();
  await Promise.all(
    Array.from({ length: CALLERS }, async () => {
      for (const id of left) await repository.create({ id, title: 'A session' });
    }),
  );
  return ids;
}

async function manyTrees(): Promise<{
  readonly exchanges: number;
  readonly bare: number;
  readonly ratio: number;
}> {
  const server = await startPostgres({ settings: { fsync: 'on', full_page_writes: 'on' } });
  const repository = await openPostgresRepository({ url: server.url, connections: CALLERS, search: false });
  const pool = new pg.Pool({ connectionString: server.url, max: CALLERS });
  // A connection that is idle when the server ends.
  pool.on('error', () => {});
  try {
    await pool.query('CREATE TABLE bare (LIKE messages INCLUDING ALL)');
    const ids = await createRoots(repository, trees);
    let bareCount = 0;
    const exchange = (n: number) =>
      repository.append({ sessionId: ids[n % trees]!, messages: exchangeOf(n) });
    const bare = () => {
      bareCount += 1;
      const rows = [bareRow(bareCount, 0), bareRow(bareCount, 1)];
      return pool.query({ name: 'bare', text: BARE.sql, values: BARE.values(rows) });
    };
    const measured: { exchanges: number; bare: number }[] = [];
    for (let round = 0; round <= rounds; round += 1)
      measured.push({ bare: await rateOf(CALLERS, bare), exchanges: await rateOf(CALLERS, exchange) });
    // The first round warms up.
    const counted = measured.slice(1);
    return {
      exchanges: median(counted.map(({ exchanges }) => exchanges)),
      bare: median(counted.map((one) => one.bare)),
      ratio: median(counted.map((one) => one.exchanges / one.bare)),
    };
  } finally {
    await pool.end();
    await repository.close();
    await server.stop();
  }
}

async function oneTree(): Promise<number> {
  const server = await startPostgres({ settings: { fsync: 'on', full_page_writes: 'on', ...SLOW_COMMIT } });
  const repository = await openPostgresRepository({ url: server.url, search: false });
  try {
    const [id] = await createRoots(repository, 1);
    const exchange = (n: number) => repository.append({ sessionId: id!, messages: exchangeOf(n) });
    const rates: number[] = [];
    for (let round = 0; round <= rounds; round += 1) rates.push(await rateOf(CALLERS_OF_ONE_TREE, exchange));
    return median(rates.slice(1));
  } finally {
    await repository.close();
    await server.stop();
  }
}

const perSecond = (rate: number) => `${Math.round(rate).toLocaleString('en')}/s`;
const many = await manyTrees();
const one = await oneTree();
process.stdout.write(
  `${machine()}\n\n${singleTable([
    {
      what: `durable exchanges, ${CALLERS} callers, ${trees.toLocaleString('en')} trees`,
      measured: `${perSecond(many.exchanges)}, ${many.ratio.toFixed(2)} of ${perSecond(many.bare)}`,
      goal: { text: `at least ${RATIO_GOAL} of a bare INSERT`, met: many.ratio >= RATIO_GOAL },
    },
    {
      what: `durable exchanges, ${CALLERS_OF_ONE_TREE} callers, one tree, a commit takes 2 ms`,
      measured: perSecond(one),
      goal: { text: `at least ${ONE_TREE_GOAL.toLocaleString('en')}/s`, met: one >= ONE_TREE_GOAL },
    },
  ])}\n`,
);
