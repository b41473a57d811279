import type { JsonObject } from '../../../model/json.ts';
import type { Damage, ForkOrigin, Session } from '../../../model/session.ts';
import type { SessionState } from '../session-state.ts';

/** A row of `sessions`. */
export interface SessionRow {
  seq: number;
  id: string;
  parent_id: string | null;
  parent_seq: number | null;
  arrival: number;
  root_id: string;
  depth: number;
  child_count: number;
  user_id: string | null;
  title: string | null;
  created_at: number;
  last_active_at: number;
  message_count: number;
  history_length: number;
  next_ordinal: number;
  input_tokens: number;
  output_tokens: number;
  cost_usd: string | null;
  forked_from: string | null;
  archived_at: number | null;
  version: number;
  last_seq: number;
  size: number;
  mtime: number;
  metadata: string;
}

export function sessionOf(row: SessionRow, damage: readonly Damage[]): Session {
  return {
    id: row.id,
    sequence: row.seq,
    arrival: row.arrival,
    parentId: row.parent_id,
    rootId: row.root_id,
    depth: row.depth,
    childCount: row.child_count,
    userId: row.user_id,
    title: row.title,
    metadata: row.metadata === '{}' ? {} : (JSON.parse(row.metadata) as JsonObject),
    metadataBytes: Buffer.byteLength(row.metadata),
    createdAt: new Date(row.created_at),
    lastActiveAt: new Date(row.last_active_at),
    messageCount: row.message_count,
    historyLength: row.history_length,
    version: row.version,
    damage,
    archivedAt: row.archived_at === null ? null : new Date(row.archived_at),
    forkedFrom: row.forked_from === null ? null : (JSON.parse(row.forked_from) as ForkOrigin),
  };
}

export function stateOf(row: SessionRow): SessionState {
  return {
    id: row.id,
    sequence: row.seq,
    arrival: row.arrival,
    parentId: row.parent_id,
    userId: row.user_id,
    title: row.title,
    metadata: row.metadata,
    createdAt: row.created_at,
    lastActiveAt: row.last_active_at,
    messageCount: row.message_count,
    historyLength: row.history_length,
    nextOrdinal: row.next_ordinal,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    costUsd: row.cost_usd,
    forkedFrom: row.forked_from,
    archivedAt: row.archived_at,
    version: row.version,
    lastSeq: row.last_seq,
    size: row.size,
  };
}
