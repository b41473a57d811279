import { createHash } from 'node:crypto';
import type { NewMessage } from '../../src/model/message.ts';
import type { CreateSession } from '../../src/repository/mutations.ts';

/** Children of the session `wide`. */
export const WIDE = 10_000;

/** Levels below the session `root`, and the children of each node. */
export interface TreeShape {
  readonly root: string;
  readonly depth: number;
  readonly breadth: number;
}

export const TREE: TreeShape = { root: 'tree', depth: 3, breadth: 10 };
export const TREE_COUNT = 1_111;
export const SMALL_TREE: TreeShape = { root: 'small', depth: 4, breadth: 4 };
export const SMALL_TREE_COUNT = 341;
export const BUSY_TREE: TreeShape = { root: 'busy', depth: 4, breadth: 10 };
export const BUSY_TREE_COUNT = 11_111;
/** Sessions of `wide` and `tree` together. */
export const FIXTURE_COUNT = WIDE + 1 + TREE_COUNT;
/** Sessions per user, and per case, so that a page of them has the same length at every size. */
const SHARED = 100;

const EPOCH = Date.UTC(2026, 0, 1);

export type SessionContent = CreateSession & { readonly id: string };

/** An id in the form of the server's: a time, and digits that look random. A function of the number only. */
export function sessionIdOf(n: number): string {
  const time = (EPOCH + n).toString(16).padStart(12, '0');
  const chance = createHash('md5').update(String(n)).digest('hex');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${chance.slice(0, 3)}-8${chance.slice(3, 6)}-${chance.slice(6, 18)}`;
}

/** The ordinary sessions: trees of ten sessions in three levels. */
export function* ordinarySessions(count: number): Generator<SessionContent> {
  const groups = Math.floor(count / SHARED);
  for (let n = 0; n < count; n += 1) {
    const place = n % 10;
    const above = place < 4 ? 0 : 1 + ((place - 4) % 3);
    yield {
      id: sessionIdOf(n),
      parentId: place === 0 ? null : sessionIdOf(n - place + above),
      userId: userOf(n % groups),
      title: `Compare the offers of round ${n}`,
      metadata: {
        status: n % 2 === 0 ? 'open' : 'closed',
        shift: n % 2 === 0 ? 'day' : 'night',
        team: n % 100,
        batch: n % 1_000,
        case: caseOf(n % groups),
      },
    };
  }
}

export const userOf = (n: number): string => `user-${n}`;
export const caseOf = (n: number): string => `case-${n}`;

/** `wide` with its children, and `tree`. */
export function* fixtureSessions(): Generator<SessionContent> {
  yield { id: 'wide', title: 'A session with many children' };
  for (let n = 0; n < WIDE; n += 1) yield { id: `wide-${n}`, parentId: 'wide', title: `Child ${n}` };
  yield* treeSessions(TREE);
}

/** One root in so many has a child. */
const PARENTS = 10;

/** Roots, some of which have a child: then the tree was last active when the child was. */
export function* rootSessions(count: number): Generator<SessionContent> {
  for (let n = 0; n < count; n += 1) {
    const id = sessionIdOf(n);
    yield { id, title: `Compare the offers of round ${n}` };
    if (n % PARENTS === 0) yield { id: `${id}-child`, parentId: id, title: 'Read the offers' };
  }
}

/** How many sessions `rootSessions` makes. */
export const sessionsOfRoots = (count: number): number => count + Math.ceil(count / PARENTS);

/** `busy` and its descendants, of which one in a hundred is RUNNING or WAITING. */
export function* busySessions(): Generator<SessionContent> {
  let n = 0;
  for (const session of treeSessions(BUSY_TREE)) {
    const underWay = n % 200 === 0 ? 'WAITING' : 'RUNNING';
    yield { ...session, status: n % 100 === 0 ? underWay : 'COMPLETED' };
    n += 1;
  }
}

/** A session and its descendants, parents before children. */
export function* treeSessions(
  { root: id, depth, breadth }: TreeShape,
  parentId: string | null = null,
): Generator<SessionContent> {
  yield { id, parentId, title: `Task ${id}` };
  if (depth === 0) return;
  for (let n = 0; n < breadth; n += 1) {
    yield* treeSessions({ root: `${id}-${n}`, depth: depth - 1, breadth }, id);
  }
}

/** The messages of an exchange. */
export function exchangeOf(n: number): [NewMessage, NewMessage] {
  return [
    {
      role: 'USER',
      content: `Please compare offer ${n} with the one before, and say which to take and why.`,
    },
    {
      role: 'ASSISTANT',
      content:
        `Offer ${n} costs less at the start and more after two years. If you stay longer than that, take the other one; ` +
        'both can be ended at the end of a month, so that nothing is lost by trying.',
      usage: { inputTokens: 1_000 + (n % 500), outputTokens: 60 },
    },
  ];
}

/** The time of the nth mutation. */
export function timeOf(n: number): Date {
  return new Date(EPOCH + n * 1_000);
}
