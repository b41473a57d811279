import { join } from 'node:path';
import { pino } from 'pino';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import type { SessionFilter, SessionOrder } from '../../src/model/session.ts';
import { openFileRepository } from '../../src/repository/files/open.ts';
import type { Progress } from '../../src/repository/observer.ts';
import type { ListKey } from '../../src/repository/reads.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { createSessiontreeYoga } from '../../src/server/yoga.ts';
import { AS_IN_A_SMALL_STORE, type SizeRow } from '../report.ts';
import { caseOf, exchangeOf, timeOf, userOf, WIDE } from '../stores/content.ts';
import { type SizePlan, type StorePlan, sessionCount } from '../stores/plan.ts';
import { dataOf } from './http-client.ts';
import { interleaved } from './rounds.ts';

const LATEST_FIRST: SessionOrder = { field: 'LAST_ACTIVE_AT', direction: 'DESC' };
const PAGE = { limit: 50, from: 'start' } as const;
const LAST_PAGE = { limit: 50, from: 'end' } as const;
const MAX_BYTES = DEFAULT_LIMITS.textBytes;

/** The open stores of one size. */
interface OpenSize {
  readonly size: number;
  readonly sessions: SessionRepository;
  readonly trees: SessionRepository;
  readonly history: SessionRepository;
  /** A cursor half way through the list by last activity. */
  readonly middle: ListKey;
  readonly treesApi: (query: string) => Promise<unknown>;
}

interface PageRow {
  readonly what: string;
  readonly run: (open: OpenSize) => Promise<unknown>;
  /** Lists that must examine a share of all sessions have no goal. */
  readonly goal: boolean;
}

const SCALARS = 'id title userId createdAt lastActiveAt messageCount version';
const NESTED = `{ session(id: "tree") { ${nested(3)} } }`;
const FLAT = `{ session(id: "tree") { ${SCALARS} descendants(first: 2000) { nodes { ${SCALARS} parentId } } } }`;

function nested(levels: number): string {
  return levels === 0 ? SCALARS : `${SCALARS} children(first: 1000) { nodes { ${nested(levels - 1)} } }`;
}

const ROWS: readonly PageRow[] = [
  list('first page of `sessions` by last activity', {}),
  {
    what: 'the same through the API',
    run: ({ treesApi }) => treesApi(`{ sessions { nodes { ${SCALARS} } pageInfo { endCursor } } }`),
    goal: true,
  },
  {
    what: 'a page in the middle of it',
    run: ({ sessions, middle }) => sessions.list({}, LATEST_FIRST, { ...PAGE, after: middle }),
    goal: true,
  },
  list('`filter: { userId }`, which 100 sessions have', { userId: userOf(3) }),
  list('`filter: { metadata }`, which 100 sessions contain', { metadata: { case: caseOf(3) } }),
  list('`filter: { metadata }`, which 1 in 1,000 contains', { metadata: { batch: 7 } }, false),
  list('`filter: { metadata }`, which 1 in 100 contains', { metadata: { team: 7 } }, false),
  list('`filter: { metadata }`, which 1 in 2 contains', { metadata: { status: 'open' } }, false),
  counted('the same, and its `totalCount`', { metadata: { status: 'open' } }),
  list(
    '`filter: { metadata }` of two halves, which none contains',
    { metadata: { status: 'open', shift: 'night' } },
    false,
  ),
  {
    what: `children of a node with ${WIDE.toLocaleString('en')}: first page`,
    run: ({ trees }) => trees.childrenOf([{ parentId: 'wide', page: PAGE }]),
    goal: true,
  },
  {
    what: 'last page of a history (by messages)',
    run: ({ history }) => history.historyOf([{ sessionId: 'history', page: LAST_PAGE }], MAX_BYTES),
    goal: true,
  },
  {
    what: 'an append to it',
    run: ({ history }) => history.append({ sessionId: 'history', messages: exchangeOf(0) }),
    goal: true,
  },
  {
    what: 'the tree of 1,111, level by level',
    run: ({ trees }) => readLevels(trees),
    goal: true,
  },
  { what: 'the same nested, through the API', run: ({ treesApi }) => treesApi(NESTED), goal: true },
  {
    what: 'the tree of 1,111, in pre-order',
    run: ({ trees }) => trees.descendantsOf(['tree'], { limit: 2_000, from: 'start' }, null),
    goal: true,
  },
  { what: 'the same flat, through the API', run: ({ treesApi }) => treesApi(FLAT), goal: true },
];

function list(what: string, filter: SessionFilter, goal = true): PageRow {
  return { what, run: ({ sessions }) => sessions.list(filter, LATEST_FIRST, PAGE), goal };
}

function counted(what: string, filter: SessionFilter): PageRow {
  return {
    what,
    run: async ({ sessions }) => {
      await sessions.list(filter, LATEST_FIRST, PAGE);
      await sessions.count(filter);
    },
    goal: false,
  };
}

/** The three batches of a nested query. */
async function readLevels(repository: SessionRepository): Promise<void> {
  let level = ['tree'];
  for (let depth = 0; depth < 3; depth += 1) {
    const page = { limit: 1_000, from: 'start' } as const;
    const pages = await repository.childrenOf(level.map((parentId) => ({ parentId, page })));
    level = pages.flatMap(({ items }) => items.map(({ id }) => id));
  }
}

/** Measures each row at every size in turn. */
export async function measurePages(
  directory: string,
  plans: readonly SizePlan[],
  report: Progress,
): Promise<SizeRow[]> {
  const repositories = new Map<string, SessionRepository>();
  const open = async ({ name }: StorePlan) => {
    const found = repositories.get(name) ?? (await openFileRepository({ directory: join(directory, name) }));
    repositories.set(name, found);
    return found;
  };
  try {
    const sizes: OpenSize[] = [];
    for (const plan of plans) {
      const trees = await open(plan.trees);
      sizes.push({
        size: plan.size,
        sessions: await open(plan.sessions),
        trees,
        history: await open(plan.history),
        middle: { time: timeOf(Math.floor(sessionCount(plan.sessions) * 1.5)).getTime(), sequence: 0 },
        treesApi: apiOf(trees),
      });
    }
    const rows: SizeRow[] = [];
    for (const { what, run, goal } of ROWS) {
      report('Reading and appending', rows.length, ROWS.length);
      const values = await interleaved(sizes.map((one) => ({ size: one.size, run: () => run(one) })));
      rows.push({ what, unit: 'ms', values, ...(goal && { goal: AS_IN_A_SMALL_STORE }) });
    }
    return rows;
  } finally {
    for (const repository of repositories.values()) await repository.close();
  }
}

/** The API as served, without a socket. */
export function apiOf(repository: SessionRepository): (query: string) => Promise<unknown> {
  const yoga = createSessiontreeYoga({
    repository,
    limits: DEFAULT_LIMITS,
    logger: pino({ level: 'silent' }),
    allowedHosts: [],
    allowedOrigins: [],
  });
  return async (query) => {
    const response = await yoga.fetch('http://localhost/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    return dataOf(response);
  };
}
