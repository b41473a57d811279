import type { Sight } from '../../../model/sight.ts';
import type { StoreStatus } from '../../reads.ts';
import type { IndexDatabase } from './database.ts';
import { seesSession } from './in-sight.ts';
import { SessionLists } from './session-lists.ts';
import { atOnce, type Steps } from './steps.ts';
import type { IndexTables } from './tables.ts';

/** The numbers of sessions and messages in sight, and the parts of them that cannot be read; of the whole store if there is no sight. */
export function* storeStatus(tables: IndexTables, sight: Sight | null): Steps<StoreStatus> {
  const { sessions, messages } = sight ? yield* totalsInSight(tables, sight) : tables.sessions.totals();
  const quarantined: StoreStatus['quarantined'][number][] = [];
  for (const { path, line, reason, since, sessionId } of tables.quarantine.all()) {
    if (sight && (sessionId === null || !(yield* seesSession(tables, sessionId, sight)))) continue;
    quarantined.push({
      path,
      reason: line === null ? reason : `line ${line}: ${reason}`,
      since: new Date(since),
    });
  }
  return { sessionCount: sessions, messageCount: messages, quarantined };
}

/** As `storeStatus` of the whole store, at once. */
export function statusOf({ tables }: IndexDatabase): StoreStatus {
  return atOnce(storeStatus(tables, null));
}

/** Rows whose messages are added up in one step: a millisecond of work. */
const ROWS_AT_ONCE = 1_000;

function* totalsInSight(
  tables: IndexTables,
  sight: Sight,
): Steps<{ readonly sessions: number; readonly messages: number }> {
  const sequences = [...(yield* new SessionLists(tables).sequences({ sight, archived: 'INCLUDE' }))];
  let messages = 0;
  for (let n = 0; n < sequences.length; n += ROWS_AT_ONCE) {
    const some = JSON.stringify(sequences.slice(n, n + ROWS_AT_ONCE));
    messages += tables.connection.flushed().get<{ n: number }>(SUM_MESSAGES, some)!.n;
    yield Math.min(ROWS_AT_ONCE, sequences.length - n);
  }
  return { sessions: sequences.length, messages };
}

const SUM_MESSAGES =
  'SELECT coalesce(sum(message_count), 0) AS n FROM sessions WHERE seq IN (SELECT value FROM json_each(?))';
