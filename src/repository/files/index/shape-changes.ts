import type { ShapeRecord } from '../record.ts';
import type { SessionState } from '../session-state.ts';
import type { IndexDatabase } from './database.ts';

/** A row of `shape_changes`: what a record of the store's log says of one session. */
export interface ShapeChange {
  readonly id: string;
  readonly version: number;
  /** 1: it has a new parent and place. 0: it was archived at a time, or brought back. */
  readonly moved: 0 | 1;
  readonly parent_id: string | null;
  readonly arrival: number | null;
  readonly archived_at: number | null;
}

const NONE: ReadonlySet<number> = new Set();

/** The versions that mutations in the store's log have brought a session to: its file has no line for them. */
export function loggedVersions(db: IndexDatabase, id: string): ReadonlySet<number> {
  if (!db.anyShapeChanges) return NONE;
  return new Set(db.column<number>('SELECT version FROM shape_changes WHERE id = ?', id));
}

/** What the store's log says of a session after the mutation with the number `since`, in its order. */
export function changesSince(db: IndexDatabase, id: string, since: number): ShapeChange[] {
  if (!db.anyShapeChanges) return [];
  return db.behind.readingWritten((statements) =>
    statements.all<ShapeChange>(
      'SELECT * FROM shape_changes WHERE id = ? AND seq > ? ORDER BY seq',
      id,
      since,
    ),
  );
}

/** What a record says of the sessions that stay, in its order. */
export function changesIn(record: ShapeRecord): ShapeChange[] {
  const moved = { moved: 1, archived_at: null } as const;
  if (record.op === 'move') {
    const { id, version, parentId = null, seq } = record;
    return [{ ...moved, id, version, parent_id: parentId, arrival: seq }];
  }
  if (record.op === 'delete') {
    const { parentId = null } = record.sessions[0]!;
    return (record.reparented ?? []).map(({ id, version, arrival }) => ({
      ...moved,
      id,
      version,
      arrival,
      parent_id: parentId,
    }));
  }
  const archived_at = record.op === 'archive' ? Date.parse(record.at) : null;
  return record.sessions.map(({ id, version }) => ({
    id,
    version,
    moved: 0,
    parent_id: null,
    arrival: null,
    archived_at,
  }));
}

/** A session as its file has it, brought to where the log says that it is. */
export function placed(state: SessionState, changes: readonly ShapeChange[]): SessionState {
  if (changes.length === 0) return state;
  const move = changes.findLast(({ moved }) => moved);
  const archival = changes.findLast(({ moved }) => !moved);
  return {
    ...state,
    ...(move && { parentId: move.parent_id, arrival: move.arrival! }),
    ...(archival && { archivedAt: archival.archived_at }),
    version: Math.max(state.version, ...changes.map(({ version }) => version)),
  };
}
