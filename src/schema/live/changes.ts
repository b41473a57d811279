import { SessionNotFoundError } from '../../model/errors.ts';
import type { Limits } from '../../model/limits.ts';
import type { ChangesPage, SessionChange } from '../../repository/changes.ts';
import type { SessionRepository } from '../../repository/repository.ts';
import { Budget } from '../budget.ts';
import { changesCursor } from '../cursor.ts';
import { badUserInput } from '../request-error.ts';

/** Changes in one event of a subscription, if its client selects little of each. */
const CHANGES_AT_ONCE = 250;

/** What a subscription to changes is about. */
export interface ChangesScope {
  readonly repository: SessionRepository;
  readonly limits: Limits;
  /** A session, with all beneath it; null for the whole store. */
  readonly within: string | null;
}

export interface ChangesRead {
  /** The cursor of an earlier page; null for the changes from now on. */
  readonly after: string | null;
  readonly limit?: number;
  readonly signal?: AbortSignal | undefined;
}

/** A page of changes, as `SessionRepository.changesSince` gives it, with a cursor for clients. */
export interface ChangesEvent extends Omit<ChangesPage, 'mark'> {
  readonly cursor: string;
  /** About the first half of the page; null if all changes are of one session. */
  smaller(): Promise<ChangesEvent | null>;
}

/**
 * Reads what has changed since a cursor. Without one, and with that of another store, there are no changes: the page says where the
 * store is. Reads within a budget of its own, and only until `signal` is aborted.
 * Throws BAD_USER_INPUT if `within` is no session and never was one, or if `after` is no cursor of changes.
 */
export async function readChanges(
  { repository, limits, within }: ChangesScope,
  { after, limit = CHANGES_AT_ONCE, signal }: ChangesRead,
): Promise<ChangesEvent> {
  const budget = new Budget(limits);
  const leave = () => budget.leave();
  signal?.addEventListener('abort', leave);
  try {
    const cursors = changesCursor(repository);
    const known = after === null ? null : cursors.decode(after, 'after');
    const mark = known ?? (await budget.read(() => repository.mark()));
    const { mark: next, ...page } = await budget.read((options) =>
      repository.changesSince({ within, after: mark, limit }, options),
    );
    const smaller = async () => {
      const fewer = fewerThan(page.changes);
      return fewer === 0
        ? null
        : readChanges({ repository, limits, within }, { after, limit: fewer, signal });
    };
    if (known !== null || page.isOver) return { ...page, cursor: cursors.encode(next), smaller };
    const isUpToDate = page.isUpToDate && page.changes.length === 0;
    return {
      ...{ changes: [], isUpToDate, isReset: after !== null, isOver: false },
      cursor: cursors.encode(mark),
      rootId: page.rootId,
      smaller,
    };
  } catch (error) {
    throw error instanceof SessionNotFoundError ? unknownSession() : error;
  } finally {
    signal?.removeEventListener('abort', leave);
  }
}

/**
 * The page after a cursor if nothing has happened since in the tree of `rootId`, the root of `within` as of the cursor; null if something
 * may have: `readChanges` then says what. Costs a small part of that.
 */
export async function readNothing(
  { repository, limits }: ChangesScope,
  after: string,
  rootId: string,
): Promise<ChangesEvent | null> {
  const cursors = changesCursor(repository);
  const known = cursors.decode(after, 'after');
  if (known === null) return null;
  const { rootIds, mark } = await new Budget(limits).read(() => repository.changedTrees(known));
  return rootIds && !rootIds.has(rootId) ? nothingAt(cursors.encode(mark), rootId) : null;
}

/** The page for a reader that is up to date. */
export function nothingAt(cursor: string, rootId: string | null): ChangesEvent {
  const end = { isUpToDate: true, isReset: false, isOver: false };
  return { ...end, changes: [], rootId, cursor, smaller: async () => null };
}

/** A limit for a page with about half of the changes, and at least without those of the last session; 0 if there is no other. */
function fewerThan(changes: readonly SessionChange[]): number {
  const last = changes.at(-1)?.sessionId;
  const ofOthers = changes.findIndex(({ sessionId }) => sessionId === last);
  return Math.max(0, Math.min(Math.floor(changes.length / 2), ofOthers));
}

function unknownSession() {
  return badUserInput('within: expected the id of a session, got one that no session has or had.');
}
