import { MESSAGE_ROLES, type MessageRole } from '../../../model/message.ts';
import {
  EMPTY_PAGE,
  type HistoryPlace,
  type HistoryRequest,
  type HistoryScope,
  type Page,
  UnknownKeyError,
} from '../../reads.ts';
import type { MessageLocation } from '../../records/session-state.ts';
import { inOrder } from '../../runtime/in-order.ts';
import type { Steps } from './steps.ts';
import type { IndexTables } from './tables.ts';

/** Ordinals among which the messages of a narrower scope are looked for in one step: a millisecond of work. */
const READ_AT_ONCE = 5_000;
/** Ordinals whose messages are counted in one step. */
const COUNTED_AT_ONCE = 50_000;
/** Messages of a page that are located in one step. */
const LOCATED_AT_ONCE = 1_001;

/** Where the messages of a page lie in the file; an empty page for an unknown session. */
export function* historyPage(
  tables: IndexTables,
  { page, place, ...scope }: HistoryRequest,
): Steps<Page<MessageLocation>> {
  const session = tables.sessions.place(scope.sessionId)?.sequence;
  const { isWhole, isEmpty, statements, times } = narrowed(scope);
  if (session === undefined || isEmpty) return EMPTY_PAGE;
  const isForward = page.from === 'start';
  const found: MessageLocation[] = [];
  // Both bounds are excluded.
  let low = page.after ?? -1;
  let high = page.before ?? Number.MAX_SAFE_INTEGER;
  if (place) {
    const first = firstFrom(tables, session, place);
    if (isForward) low = Math.max(low, first - 1);
    else high = Math.min(high, first);
  }
  // Where all messages are wanted, only their number limits a step.
  const ordinals = isWhole ? Number.POSITIVE_INFINITY : READ_AT_ONCE;
  if (!isWhole) high = Math.min(high, endOf(tables, session));
  while (low < high - 1 && found.length <= page.limit) {
    const from = isForward ? low : Math.max(low, high - 1 - ordinals);
    const to = isForward ? Math.min(high, low + 1 + ordinals) : high;
    const limit = Math.min(page.limit + 1 - found.length, LOCATED_AT_ONCE);
    const rows = tables.connection
      .flushed()
      .all<LocationRow>(statements[page.from], session, from, to, ...times, limit);
    for (const row of rows) found.push(locationOf(row));
    const last = rows.length === limit ? rows.at(-1)!.ordinal : null;
    const [before, beyond] = isForward ? [low, last ?? to - 1] : [high, last ?? from + 1];
    yield isWhole ? 0 : Math.abs(beyond - before) - rows.length;
    if (isForward) low = beyond;
    else high = beyond;
  }
  return inOrder(found, page);
}

/** The number of messages that `historyPage` would page through, or `most`. */
export function* countHistory(tables: IndexTables, scope: HistoryScope, most: number): Steps<number> {
  const session = tables.sessions.place(scope.sessionId)?.sequence;
  const { isEmpty, statements, times } = narrowed(scope);
  if (session === undefined || isEmpty) return 0;
  const end = endOf(tables, session);
  let sum = 0;
  for (let from = -1; from < end - 1 && sum < most; from += COUNTED_AT_ONCE) {
    const { n } = tables.connection
      .flushed()
      .get<{ n: number }>(statements.count, session, from, from + COUNTED_AT_ONCE, ...times)!;
    sum += n;
    yield Math.min(COUNTED_AT_ONCE, end - 1 - from);
  }
  return Math.min(sum, most);
}

/**
 * An ordinal that divides a history at a place: messages from it on are at the place or after it, all others before it. Throws an
 * UnknownKeyError for an ordinal that was never given.
 */
function firstFrom(tables: IndexTables, session: number, place: HistoryPlace): number {
  const { messages } = tables;
  if ('position' in place) return messages.lastBefore(session, place.position) + 1;
  const { ordinal } = place;
  const dropped = messages.droppedFrom(session, ordinal);
  if (dropped !== null) return messages.lastBefore(session, dropped) + 1;
  const { nextOrdinal } = tables.sessions.rowAt(session)!;
  if (ordinal < nextOrdinal) return ordinal;
  throw new UnknownKeyError(`Expected an ordinal below ${nextOrdinal}, got ${ordinal}.`);
}

/** One more than the ordinal of the last message. */
function endOf(tables: IndexTables, session: number): number {
  const last = tables.connection.flushed().get<{ ordinal: number }>(SELECT_LAST, session);
  return last ? last.ordinal + 1 : 0;
}

const SELECT_LAST = 'SELECT ordinal FROM messages WHERE session = ? ORDER BY ordinal DESC LIMIT 1';

const ALL_ROLES = 2 ** MESSAGE_ROLES.length - 1;

/** A set of roles, as a bit for each: lists of the same roles, in whatever order, give the same statement. */
function maskOf(roles: readonly MessageRole[] | null | undefined): number {
  if (!roles) return ALL_ROLES;
  return roles.reduce((mask, role) => mask | (1 << MESSAGE_ROLES.indexOf(role)), 0);
}

interface Narrowed {
  /** True if the scope is a whole history. */
  readonly isWhole: boolean;
  /** True if no message can be in the scope. */
  readonly isEmpty: boolean;
  readonly statements: ScopeStatements;
  /** The values for the times of `statements`. */
  readonly times: readonly number[];
}

function narrowed({ roles, createdAfter, createdBefore }: HistoryScope): Narrowed {
  const mask = maskOf(roles);
  const isTimed = createdAfter != null || createdBefore != null;
  return {
    isWhole: mask === ALL_ROLES && !isTimed,
    isEmpty: mask === 0,
    statements: STATEMENTS[mask]![isTimed ? 'timed' : 'ever'],
    times: isTimed ? [createdAfter?.getTime() ?? -MAX_TIME, createdBefore?.getTime() ?? MAX_TIME + 1] : [],
  };
}

/** The latest time of a `Date`. */
const MAX_TIME = 8.64e15;

/** The columns of a `LocationRow`. */
export const LOCATION = 'ordinal, position, role, created_at AS createdAt, offset, length';

interface ScopeStatements {
  readonly start: string;
  readonly end: string;
  readonly count: string;
}

function statementsFor(condition: string): ScopeStatements {
  const select = `SELECT ${LOCATION} FROM messages WHERE session = ? AND ordinal > ? AND ordinal < ?${condition}`;
  return {
    start: `${select} ORDER BY ordinal LIMIT ?`,
    end: `${select} ORDER BY ordinal DESC LIMIT ?`,
    count: `SELECT count(*) AS n FROM messages WHERE session = ? AND ordinal > ? AND ordinal <= ?${condition}`,
  };
}

/** The statements for each set of roles, for all times and between two. */
const STATEMENTS = Array.from({ length: ALL_ROLES + 1 }, (_, mask) => {
  const numbers = MESSAGE_ROLES.map((_role, number) => number).filter((number) => mask & (1 << number));
  const hasRole = mask === ALL_ROLES ? '' : ` AND role IN (${numbers.join(', ')})`;
  return {
    ever: statementsFor(hasRole),
    timed: statementsFor(`${hasRole} AND created_at >= ? AND created_at < ?`),
  } as const;
});

export type LocationRow = Omit<MessageLocation, 'role'> & { readonly role: number };

/**
 * Names each member instead of spreading the row, which takes twice as long: a long history has a million
 * messages.
 */
export function locationOf(row: LocationRow): MessageLocation {
  const { ordinal, position, role, createdAt, offset, length } = row;
  return { ordinal, position, role: MESSAGE_ROLES[role]!, createdAt, offset, length };
}
