import { MESSAGE_ROLES, type MessageRole } from '../../../model/message.ts';
import { EMPTY_PAGE, type HistoryRequest, type HistoryScope, type Page } from '../../repository.ts';
import type { MessageLocation } from '../format/session-state.ts';
import { inOrder } from './in-order.ts';
import type { Steps } from './steps.ts';
import type { IndexTables } from './tables.ts';

/** Ordinals among which the messages with some roles are looked for in one step: a millisecond of work. */
const READ_AT_ONCE = 5_000;
/** Ordinals whose messages are counted in one step. */
const COUNTED_AT_ONCE = 50_000;
/** Messages of a page that are located in one step. */
const LOCATED_AT_ONCE = 1_001;

/** Where the messages of a page lie in the file; an empty page for an unknown session. */
export function* historyPage(
  tables: IndexTables,
  { sessionId, roles, page }: HistoryRequest,
): Steps<Page<MessageLocation>> {
  const session = tables.sessions.place(sessionId)?.sequence;
  const mask = maskOf(roles);
  if (session === undefined || mask === 0) return EMPTY_PAGE;
  const found: MessageLocation[] = [];
  // Both bounds are excluded.
  let low = page.after ?? -1;
  let high = page.before ?? Number.MAX_SAFE_INTEGER;
  // Where all messages are wanted, only their number limits a step.
  const ordinals = mask === ALL_ROLES ? Number.POSITIVE_INFINITY : READ_AT_ONCE;
  if (mask !== ALL_ROLES) high = Math.min(high, endOf(tables, session));
  while (low < high - 1 && found.length <= page.limit) {
    const isForward = page.from === 'start';
    const from = isForward ? low : Math.max(low, high - 1 - ordinals);
    const to = isForward ? Math.min(high, low + 1 + ordinals) : high;
    const limit = Math.min(page.limit + 1 - found.length, LOCATED_AT_ONCE);
    const rows = tables.connection
      .flushed()
      .all<LocationRow>(SELECT_LOCATIONS[mask]![page.from], session, from, to, limit);
    for (const row of rows) found.push(locationOf(row));
    const last = rows.length === limit ? rows.at(-1)!.ordinal : null;
    const [before, beyond] = isForward ? [low, last ?? to - 1] : [high, last ?? from + 1];
    yield mask === ALL_ROLES ? 0 : Math.abs(beyond - before) - rows.length;
    if (isForward) low = beyond;
    else high = beyond;
  }
  return inOrder(found, page);
}

/** The number of messages that `historyPage` would page through. */
export function* countHistory(tables: IndexTables, { sessionId, roles }: HistoryScope): Steps<number> {
  const session = tables.sessions.place(sessionId)?.sequence;
  const mask = maskOf(roles);
  if (session === undefined || mask === 0) return 0;
  const end = endOf(tables, session);
  let sum = 0;
  for (let from = -1; from < end - 1; from += COUNTED_AT_ONCE) {
    const { n } = tables.connection
      .flushed()
      .get<{ n: number }>(COUNT_MESSAGES[mask]!, session, from, from + COUNTED_AT_ONCE)!;
    sum += n;
    yield Math.min(COUNTED_AT_ONCE, end - 1 - from);
  }
  return sum;
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

/** A condition for each set of roles. */
const HAS_ROLE = Array.from({ length: ALL_ROLES + 1 }, (_, mask) => {
  const numbers = MESSAGE_ROLES.map((_role, number) => number).filter((number) => mask & (1 << number));
  return mask === ALL_ROLES ? '' : ` AND role IN (${numbers.join(', ')})`;
});

const SELECT_LOCATIONS = HAS_ROLE.map((hasRole) => {
  const select = `SELECT ordinal, position, role, offset, length FROM messages
    WHERE session = ? AND ordinal > ? AND ordinal < ?${hasRole}`;
  return {
    start: `${select} ORDER BY ordinal LIMIT ?`,
    end: `${select} ORDER BY ordinal DESC LIMIT ?`,
  } as const;
});

const COUNT_MESSAGES = HAS_ROLE.map(
  (hasRole) =>
    `SELECT count(*) AS n FROM messages WHERE session = ? AND ordinal > ? AND ordinal <= ?${hasRole}`,
);

export type LocationRow = Omit<MessageLocation, 'role'> & { readonly role: number };

/**
 * Names each member instead of spreading the row, which takes twice as long: a long history has a million
 * messages.
 */
export function locationOf({ ordinal, position, role, offset, length }: LocationRow): MessageLocation {
  return { ordinal, position, role: MESSAGE_ROLES[role]!, offset, length };
}
