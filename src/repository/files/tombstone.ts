import type { Session } from '../../model/session.ts';
import type { TombstoneRow } from './index/reader.ts';
import type { SessionRow } from './index/session-row.ts';
import type { Tombstone } from './record.ts';
import type { AppliedOperation } from './session-state.ts';

/**
 * What the record of a deletion says of a session. One that had operations leaves behind what answers a late retry of one:
 * counts, times and ids, never its title, metadata or messages.
 */
export function tombstoneOf(
  row: SessionRow,
  operations: readonly (AppliedOperation & { logged: number })[],
): Tombstone {
  const tombstone = { id: row.id, parentId: row.parent_id ?? undefined, arrival: row.arrival };
  if (operations.length === 0) return tombstone;
  return {
    ...tombstone,
    last: {
      sequence: row.seq,
      rootId: row.root_id,
      depth: row.depth,
      userId: row.user_id ?? undefined,
      createdAt: new Date(row.created_at).toISOString(),
      lastActiveAt: new Date(row.last_active_at).toISOString(),
      messageCount: row.message_count,
      historyLength: row.history_length,
      version: row.version,
    },
    // The log has the others already.
    operations: operations
      .filter(({ logged }) => !logged)
      .map(({ id, fingerprint, seq, at, ordinal, position }) => ({
        id,
        fingerprint,
        seq,
        at: new Date(at).toISOString(),
        ordinal: ordinal ?? undefined,
        position: position ?? undefined,
      })),
  };
}

/** What is left of a deleted session, for the answer to a late retry. */
export function ghostOf(tombstone: TombstoneRow): Session {
  const last = JSON.parse(tombstone.last ?? '{}') as NonNullable<Tombstone['last']>;
  return {
    id: tombstone.id,
    sequence: last.sequence,
    arrival: tombstone.arrival,
    parentId: tombstone.parent_id,
    rootId: last.rootId,
    depth: last.depth,
    childCount: 0,
    userId: last.userId ?? null,
    title: null,
    metadata: {},
    metadataBytes: 2,
    createdAt: new Date(last.createdAt),
    lastActiveAt: new Date(last.lastActiveAt),
    messageCount: last.messageCount,
    historyLength: last.historyLength,
    version: last.version,
    damage: [],
    archivedAt: null,
    forkedFrom: null,
  };
}
