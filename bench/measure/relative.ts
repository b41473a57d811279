import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openFileRepository } from '../../src/repository/files/open.ts';
import type { Progress } from '../../src/repository/observer.ts';
import { openOnce } from '../process/start.ts';
import { quantity, type SingleRow } from '../report.ts';
import { checkRoom } from '../room.ts';
import { BUSY_TREE_COUNT, exchangeOf } from '../stores/content.ts';
import type { StorePlan } from '../stores/plan.ts';
import { isMade, makeStore } from '../stores/prepare.ts';
import { apiOf } from './pages.ts';
import { interleaved, median } from './rounds.ts';

const ROOTS = 100_000;
const PLAN: StorePlan = {
  name: `roots-${ROOTS}`,
  ordinary: 0,
  fixtures: false,
  roots: ROOTS,
  busyTree: true,
  history: 0,
};
const DEPTH = 10;
/** Of appends: disturbances of the disk last longer than one series of them. */
const SERIES = 7;

const UNDER_WAY = `{ session(id: "busy") { descendants(first: 200, filter: { statuses: [RUNNING, WAITING] }) {
  totalCount nodes { id parentId title agentName status statusMessage } } } }`;
const ROLLUP = `{ session(id: "busy") { rollup { sessionCount messageCount historyLength maxDepth lastActiveAt
  byStatus { status count } usage { inputTokens outputTokens costUsd } } } }`;

/** A request, and the one that it must cost about as much as. */
interface Pair {
  readonly what: string;
  readonly run: () => unknown;
  readonly beside: string;
  readonly runBeside: () => unknown;
  readonly most: number;
}

/** Measures requests beside others that they must cost about as much as, in turn. */
export async function measureRelative(directory: string, report: Progress): Promise<SingleRow[]> {
  const store = join(directory, PLAN.name);
  if (!isMade(store, PLAN)) {
    checkRoom(directory, [PLAN]);
    makeStore(store, PLAN, report);
    await openOnce(directory, [PLAN], report);
  }
  return [await measureAppends(directory, report), ...(await measureReads(store, report))];
}

async function measureAppends(directory: string, report: Progress): Promise<SingleRow> {
  const data = join(directory, 'depths');
  rmSync(data, { recursive: true, force: true });
  const repository = await openFileRepository({ directory: data });
  try {
    await repository.create({ id: 'root' });
    let parentId = (await repository.create({ id: 'depth-0' })).id;
    for (let depth = 1; depth <= DEPTH; depth += 1)
      parentId = (await repository.create({ id: `depth-${depth}`, parentId })).id;
    report('Appending at different depths', 0, 0);
    let n = 0;
    const append = (sessionId: string) => {
      n += 1;
      return repository.append({ sessionId, messages: exchangeOf(n) });
    };
    const pair: Pair = {
      what: `a durable append at depth ${DEPTH}`,
      run: () => append(parentId),
      beside: 'one to a root',
      runBeside: () => append('root'),
      most: 1.1,
    };
    return await measured(pair, SERIES);
  } finally {
    await repository.close();
    rmSync(data, { recursive: true, force: true });
  }
}

async function measureReads(store: string, report: Progress): Promise<SingleRow[]> {
  const repository = await openFileRepository({ directory: store });
  try {
    report('Reading beside other reads', 0, 0);
    const api = apiOf(repository);
    await expectUnderWay(api);
    const roots = (field: string) =>
      api(`{ sessions(first: 50, filter: { rootsOnly: true }, orderBy: { field: ${field}, direction: DESC }) {
        nodes { id title status lastActiveAt messageCount } } }`);
    const pairs: readonly Pair[] = [
      {
        what: `a page of 50 of ${ROOTS.toLocaleString('en')} roots by TREE_LAST_ACTIVE_AT, through the API`,
        run: () => roots('TREE_LAST_ACTIVE_AT'),
        beside: 'by LAST_ACTIVE_AT',
        runBeside: () => roots('LAST_ACTIVE_AT'),
        most: 1.1,
      },
      {
        what: `which of ${BUSY_TREE_COUNT.toLocaleString('en')} sessions of a tree are RUNNING or WAITING (${UNDER_WAY_COUNT}), through the API`,
        run: () => api(UNDER_WAY),
        beside: 'the rollup of the tree',
        runBeside: () => api(ROLLUP),
        most: 2,
      },
    ];
    const rows: SingleRow[] = [];
    for (const pair of pairs) rows.push(await measured(pair));
    return rows;
  } finally {
    await repository.close();
  }
}

/** One in a hundred, without the session itself. */
const UNDER_WAY_COUNT = Math.floor(BUSY_TREE_COUNT / 100);

/** Throws unless the filter finds what was made. */
async function expectUnderWay(api: ReturnType<typeof apiOf>): Promise<void> {
  const { session } = (await api(UNDER_WAY)) as { session: { descendants: { nodes: unknown[] } } };
  const found = session.descendants.nodes.length;
  if (found !== UNDER_WAY_COUNT)
    throw new Error(`Expected ${UNDER_WAY_COUNT} sessions under way, got ${found}.`);
}

/** The medians of as many series. */
async function measured({ what, run, beside, runBeside, most }: Pair, seriesCount = 1): Promise<SingleRow> {
  const series: { own: number; other: number }[] = [];
  while (series.length < seriesCount) {
    const times = await interleaved([
      { size: 0, run },
      { size: 1, run: runBeside },
    ]);
    series.push({ own: times.get(0)!, other: times.get(1)! });
  }
  const ratio = median(series.map(({ own, other }) => own / other));
  const [own, other] = [median(series.map((one) => one.own)), median(series.map((one) => one.other))];
  return {
    what,
    measured: `${quantity(own, 'ms')}, ${ratio.toFixed(2)} × ${beside} (${quantity(other, 'ms')})`,
    goal: { text: `at most ${most} ×`, met: ratio <= most },
  };
}
