import { SessionNotFoundError } from '../../../../model/errors.ts';
import {
  type ChangeKind,
  type ChangesPage,
  type ChangesRequest,
  REPLACED_MAX,
  type SessionChange,
} from '../../../changes.ts';
import { seesSession } from '../in-sight.ts';
import type { SessionRow } from '../session-row.ts';
import type { Steps } from '../steps.ts';
import type { IndexTables } from '../tables.ts';
import { type FoundChange, headOf, LatestChanges } from './latest-changes.ts';
import { encodeMark, isAfter, type Mark, parseMark, WHOLE } from './mark.ts';
import { TreeSince } from './tree-since.ts';

/** Changes that one page looks at, at most: a page that finds nothing to tell must end, too. */
const LOOKED_AT_MAX = 10_000;

/** The text of the mark for all that the index has. */
export function markNow(tables: IndexTables): string {
  return encodeMark(now(tables));
}

/** The mark for all that the index has, and the number of the latest mutation that the mark `after` covers. */
export function markAfter(tables: IndexTables, after: string): MarkAfter {
  const head = now(tables);
  const mark = parseMark(after);
  const isWhole = mark !== null && mark.upTo.seq === mark.base && mark.upTo.place === WHOLE;
  return { mark: encodeMark(head), after: isWhole && isHonoured(mark, head) ? mark.base : null };
}

export interface MarkAfter {
  readonly mark: string;
  /** Null if the mark cannot be honoured, or was given with a page that was not the last. */
  readonly after: number | null;
}

function isHonoured({ base, upTo, outside }: Mark, head: Mark): boolean {
  return outside === head.outside && base <= head.base && upTo.seq <= head.base;
}

function now(tables: IndexTables): Mark {
  const base = headOf(tables);
  return { base, upTo: { seq: base, place: WHOLE }, outside: tables.changedOutside() };
}

/** A page of `changesSince`; `SessionRepository` describes it. */
export function* changesPage(
  tables: IndexTables,
  { within, after, limit, sight }: ChangesRequest,
): Steps<ChangesPage> {
  const head = now(tables);
  const top = within === null ? null : (tables.sessions.row(within) ?? null);
  const rootId = top?.rootId ?? null;
  const end = { mark: encodeMark(head), rootId, isUpToDate: true, isReset: false, isOver: false };
  const parsed = parseMark(after);
  const mark = parsed && isHonoured(parsed, head) ? parsed : null;
  // Whoever looked before may have seen a session that has gone away since.
  if (within !== null && sight && !(yield* seesSession(tables, within, sight)))
    throw new SessionNotFoundError(within);
  if (within !== null && !top) {
    const buried = tables.tombstones.get(within);
    if (!buried) throw new SessionNotFoundError(within);
    const formerParentId = mark
      ? new TreeSince(tables, { top: null, ownerId: undefined }, mark).formerParent(within)
      : buried.parentId;
    return { ...end, changes: [change('DELETED', within, { formerParentId })], isOver: true };
  }
  if (!mark) return { ...end, changes: [], isReset: true };

  const changes: SessionChange[] = [];
  // What is beneath a session has its owner.
  const ownerId = top ? undefined : sight?.ownerId;
  const told = new ChangesTold(tables, new TreeSince(tables, { top, ownerId }, mark), mark);
  const latest = new LatestChanges(tables, mark.upTo);
  let { upTo } = mark;
  for (let looked = 0; ; looked += 1) {
    const next = yield* latest.next();
    if (!next) return { ...end, changes };
    if (changes.length >= limit || looked >= LOOKED_AT_MAX)
      return { ...end, changes, mark: encodeMark({ ...mark, upTo }), isUpToDate: false };
    const before = changes.length;
    if (!next.isStale) yield* told.add(next, changes);
    yield changes.length === before ? 1 : 0;
    upTo = { seq: next.seq, place: next.place };
  }
}

/** What is told of one session after the other. */
class ChangesTold {
  readonly #tables: IndexTables;
  readonly #tree: TreeSince;
  readonly #base: number;

  constructor(tables: IndexTables, tree: TreeSince, { base }: Mark) {
    this.#tables = tables;
    this.#tree = tree;
    this.#base = base;
  }

  /**
   * Adds the changes since the base of a session, whose latest change is at `place`.
   *
   * They tell enough to a reader that knows the session, and those around it, as of any time since the base: it may have read them
   * between the base and now, or an earlier page may have told of them.
   */
  *add({ id, ...place }: FoundChange, changes: SessionChange[]): Steps<void> {
    const tree = this.#tree;
    const row = this.#tables.sessions.row(id);
    const moved = { formerParentId: tree.formerParent(id) };
    if (!row) {
      if (yield* tree.wasEverIn(id)) changes.push(change('DELETED', id, moved));
      return;
    }
    const isNew = row.sequence > this.#base;
    const isMoved = tree.isMoved(id);
    if (!(yield* tree.isIn(row))) {
      if ((isNew || isMoved) && (yield* tree.wasEverIn(id))) changes.push(change('LEFT', id, moved));
      return;
    }
    const hasStayed = !isMoved || (yield* tree.isStayingIn(id));
    const withAnother = yield* tree.comesWithAnotherAt(row);
    if (withAnother) {
      // If that one leaves before it is told, the reader must not have this one in its former place.
      if (!hasStayed && isAfter(withAnother, place)) changes.push(change('LEFT', id, moved));
      return;
    }
    if (!hasStayed) {
      changes.push(change('ENTERED', id));
      return;
    }
    const before = changes.length;
    if (isNew) changes.push(change('CREATED', id));
    else if (isMoved) changes.push(change('MOVED', id, moved));
    this.#addContents(row, isNew, changes);
    if (changes.length === before) changes.push(change('UPDATED', id));
  }

  #addContents({ id, sequence, updatedSeq }: SessionRow, isNew: boolean, changes: SessionChange[]): void {
    const { messages, treeChanges } = this.#tables;
    const base = this.#base;
    const truncated = messages.droppedSince(sequence, base);
    // Whoever has read some of a new session's messages must hear that they left.
    if (truncated !== null) changes.push(change('TRUNCATED', id, { fromPosition: truncated }));
    const replaced = isNew ? [] : messages.replacedSince(sequence, base, REPLACED_MAX);
    if (replaced.length > 0) {
      const ordinals = replaced.map(({ ordinal }) => ordinal);
      changes.push(change('REPLACED', id, { fromPosition: replaced[0]!.position, ordinals }));
    }
    // The messages of a session from another store have the numbers of that store.
    const appended = messages.firstAfter(sequence, isNew ? -1 : base);
    if (appended !== null) changes.push(change('APPENDED', id, { fromPosition: appended }));
    if (isNew) return;
    if (updatedSeq > base || treeChanges.isArchivalSince(id, base)) changes.push(change('UPDATED', id));
  }
}

function change(
  kind: ChangeKind,
  sessionId: string,
  more: Partial<Omit<SessionChange, 'kind' | 'sessionId'>> = {},
): SessionChange {
  return { kind, sessionId, formerParentId: null, fromPosition: null, ordinals: [], ...more };
}
