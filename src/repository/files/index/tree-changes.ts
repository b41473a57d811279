import type { SessionState } from '../../records/session-state.ts';
import type { TreeRecord } from '../format/store-record.ts';

/** The change of one session in a record of the store's log. */
export interface TreeChange {
  readonly id: string;
  readonly version: number;
  /**
   * 1 for a move: the session has a new parent and place. 0 for an (un)archival: the session has a time of
   * archival, or none.
   */
  readonly moved: 0 | 1;
  readonly parentId: string | null;
  /** The parent before a move; null for a root. */
  readonly formerParentId: string | null;
  readonly arrival: number | null;
  readonly archivedAt: number | null;
  /** The time of the record, in milliseconds since 1970. */
  readonly at: number;
}

/** The changes of sessions that a record does not delete, in the order of the record. */
export function changesIn(record: TreeRecord): TreeChange[] {
  const at = Date.parse(record.at);
  const moved = { moved: 1, archivedAt: null, at } as const;
  if (record.op === 'move') {
    const { id, version, parentId = null, formerParentId = null, seq } = record;
    return [{ ...moved, id, version, parentId, formerParentId, arrival: seq }];
  }
  if (record.op === 'delete') {
    const { id: formerParentId, parentId = null } = record.sessions[0]!;
    return (record.reparented ?? []).map(({ id, version, arrival }) => ({
      ...moved,
      id,
      version,
      arrival,
      parentId,
      formerParentId,
    }));
  }
  const archivedAt = record.op === 'archive' ? Date.parse(record.archivedAt ?? record.at) : null;
  return record.sessions.map(({ id, version }) => ({
    id,
    version,
    moved: 0,
    parentId: null,
    formerParentId: null,
    arrival: null,
    archivedAt,
    at,
  }));
}

/** A session's state from its file, with the log's tree changes applied. */
export function placed(state: SessionState, changes: readonly TreeChange[]): SessionState {
  if (changes.length === 0) return state;
  const move = changes.findLast(({ moved }) => moved);
  const archival = changes.findLast(({ moved }) => !moved);
  return {
    ...state,
    ...(move && { parentId: move.parentId, arrival: move.arrival! }),
    ...(archival && { archivedAt: archival.archivedAt }),
    // No spread: a session can have more changes than a call can have arguments.
    version: changes.reduce((latest, { version }) => Math.max(latest, version), state.version),
    updatedAt: changes.reduce((latest, { at }) => Math.max(latest, at), state.updatedAt),
  };
}
