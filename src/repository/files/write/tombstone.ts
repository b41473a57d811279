import type { Session } from '../../../model/session.ts';
import { NO_USAGE } from '../../../model/usage.ts';
import type { OperationAnswer } from '../../records/record.ts';
import type { AppliedOperation } from '../../records/session-state.ts';
import type { Tombstone } from '../format/store-record.ts';
import type { SessionRow } from '../index/session-row.ts';
import type { TombstoneRow } from '../index/tombstones-table.ts';

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
    last: isPurged
      ? undefined
      : {
          sequence: row.sequence,
          rootId: row.rootId,
          depth: row.depth,
          userId: row.userId ?? undefined,
          createdAt: new Date(row.createdAt).toISOString(),
          lastActiveAt: new Date(row.lastActiveAt).toISOString(),
          messageCount: row.messageCount,
          historyLength: row.historyLength,
          version: row.version,
        },
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

/** A deleted session, with the fields that its tombstone stores, for the answer to a late retry. */
export function sessionOfTombstone(tombstone: TombstoneRow): Session {
  const last = JSON.parse(tombstone.last ?? '{}') as NonNullable<Tombstone['last']>;
  return {
    id: tombstone.id,
    sequence: last.sequence,
    arrival: tombstone.arrival,
    parentId: tombstone.parentId,
    rootId: last.rootId,
    depth: last.depth,
    childCount: 0,
    userId: last.userId ?? null,
    key: null,
    title: null,
    agentName: null,
    project: null,
    status: 'IDLE',
    statusMessage: null,
    statusChangedAt: new Date(last.createdAt),
    spawnedBy: null,
    metadata: {},
    metadataBytes: 2,
    createdAt: new Date(last.createdAt),
    lastActiveAt: new Date(last.lastActiveAt),
    treeLastActiveAt: null,
    updatedAt: new Date(last.lastActiveAt),
    usage: NO_USAGE,
    messageCount: last.messageCount,
    historyLength: last.historyLength,
    version: last.version,
    damage: [],
    archivedAt: null,
    forkedFrom: null,
  };
}
