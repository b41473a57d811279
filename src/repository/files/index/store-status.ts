import type { StoreStatus } from '../../repository.ts';
import type { IndexDatabase } from './database.ts';

/** How much the store holds, and what of it cannot be read. */
export function storeStatus(db: IndexDatabase): StoreStatus {
  const totals = db.get<{ sessions: number; messages: number }>('SELECT * FROM totals')!;
  const faults = db.all<{ path: string; line: number | null; reason: string; since: number }>(
    'SELECT path, line, reason, since FROM quarantine ORDER BY path, line',
  );
  return {
    sessionCount: totals.sessions,
    messageCount: totals.messages,
    quarantined: faults.map(({ path, line, reason, since }) => ({
      path,
      reason: line === null ? reason : `line ${line}: ${reason}`,
      since: new Date(since),
    })),
  };
}
