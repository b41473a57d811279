import type { StoreStatus } from '../../reads.ts';
import type { IndexDatabase } from './database.ts';

/** The numbers of sessions and messages in the store, and the parts that cannot be read. */
export function storeStatus(db: IndexDatabase): StoreStatus {
  const totals = db.sessions.totals();
  return {
    sessionCount: totals.sessions,
    messageCount: totals.messages,
    quarantined: db.quarantine.all().map(({ path, line, reason, since }) => ({
      path,
      reason: line === null ? reason : `line ${line}: ${reason}`,
      since: new Date(since),
    })),
  };
}
