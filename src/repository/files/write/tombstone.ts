import { lastOf } from '../../plans/deleted-session.ts';
import type { OperationAnswer } from '../../records/record.ts';
import type { AppliedOperation } from '../../records/session-state.ts';
import type { Tombstone } from '../format/store-record.ts';
import type { SessionRow } from '../index/session-row.ts';

/**
 * What the record of a deletion stores of a session. If the session had operations, that includes what the answer to a late retry
 * needs: counts, times and ids, but never its title, metadata or messages. `isPurged`: only the operations themselves.
 */
export function tombstoneOf(
  row: SessionRow,
  ownerId: string | null,
  operations: readonly (AppliedOperation & { logged: number })[],
  isPurged: boolean,
): Tombstone {
  const tombstone = {
    id: row.id,
    parentId: row.parentId ?? undefined,
    arrival: row.arrival,
    ownerId: ownerId ?? undefined,
  };
  if (operations.length === 0) return tombstone;
  return {
    ...tombstone,
    last: isPurged ? undefined : lastOf(row),
    // The store's log already has the logged ones.
    operations: operations
      .filter(({ logged }) => !logged)
      .map(({ id, caller, fingerprint, seq, at, ordinal, position, answer }) => ({
        id,
        caller: caller ?? undefined,
        fingerprint,
        seq,
        at: new Date(at).toISOString(),
        ordinal: ordinal ?? undefined,
        position: position ?? undefined,
        answer: answer === null ? undefined : (JSON.parse(answer) as OperationAnswer),
      })),
  };
}
