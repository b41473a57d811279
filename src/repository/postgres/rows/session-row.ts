import {
  broughtMetadata,
  type ForkOrigin,
  type Session,
  type SessionStatus,
  SHORT_METADATA_BYTES,
  type SpawnOrigin,
} from '../../../model/session.ts';
import { usageOfSum } from '../../../model/usage.ts';
import type { SessionState } from '../../records/session-state.ts';
import type { Columns } from './insert.ts';

/** A row of `sessions`: `migrations/tables.ts` says what the columns mean. Times are milliseconds since 1970. */
export interface SessionRow {
  readonly home: number;
  /** `Session.sequence`. */
  readonly sid: number;
  readonly id: string;
  readonly parent: number | null;
  readonly parent_id: string | null;
  readonly root: number;
  readonly root_home: number;
  readonly root_id: string;
  readonly owner: string;
  readonly depth: number;
  readonly path: Buffer;
  readonly arrival: number;
  readonly next_child: number;
  readonly child_count: number;
  readonly user_id: string | null;
  readonly key: string | null;
  readonly title: string | null;
  readonly agent_name: string | null;
  readonly project: string | null;
  readonly status: SessionStatus;
  readonly status_message: string | null;
  readonly status_changed_at: number;
  readonly spawned_by: string | null;
  readonly forked_from: string | null;
  readonly metadata: string;
  readonly created_at: number;
  readonly last_active_at: number;
  readonly updated_at: number;
  readonly archived_at: number | null;
  readonly message_count: number;
  readonly history_length: number;
  readonly next_ordinal: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_read_tokens: number;
  readonly cache_write_tokens: number;
  readonly reasoning_tokens: number;
  readonly cost_usd: string | null;
  readonly priced_count: number;
  readonly version: number;
  readonly number: number;
  readonly clock: number;
  readonly created_clock: number;
  readonly updated_clock: number;
}

/** The types of the columns of `sessions`. */
export const SESSION_COLUMNS: Columns<SessionRow> = {
  home: 'int8',
  sid: 'int8',
  id: 'text',
  parent: 'int8',
  parent_id: 'text',
  root: 'int8',
  root_home: 'int8',
  root_id: 'text',
  owner: 'text',
  depth: 'int4',
  path: 'bytea',
  arrival: 'int8',
  next_child: 'int8',
  child_count: 'int8',
  user_id: 'text',
  key: 'text',
  title: 'text',
  agent_name: 'text',
  project: 'text',
  status: 'text',
  status_message: 'text',
  status_changed_at: 'int8',
  spawned_by: 'text',
  forked_from: 'text',
  metadata: 'text',
  created_at: 'int8',
  last_active_at: 'int8',
  updated_at: 'int8',
  archived_at: 'int8',
  message_count: 'int8',
  history_length: 'int8',
  next_ordinal: 'int8',
  input_tokens: 'int8',
  output_tokens: 'int8',
  cache_read_tokens: 'int8',
  cache_write_tokens: 'int8',
  reasoning_tokens: 'int8',
  cost_usd: 'numeric',
  priced_count: 'int8',
  version: 'int8',
  number: 'int8',
  clock: 'int8',
  created_clock: 'int8',
  updated_clock: 'int8',
};

/** A session as it is read: a root with the latest `last_active_at` of its tree. */
export interface ReadSessionRow extends SessionRow {
  readonly tree_last_active_at: number | null;
}

/** Columns that no client sees. A path is as long as the session is deep. */
const HIDDEN = [
  'path',
  'root_home',
  'owner',
  'next_child',
  'next_ordinal',
  'number',
  'clock',
  'created_clock',
  'updated_clock',
] as const satisfies readonly (keyof SessionRow)[];

/** What a client sees of a row, and where it is. */
export interface ShownSessionRow extends Omit<ReadSessionRow, (typeof HIDDEN)[number] | 'metadata'> {
  /** Null if it is long and the row was read without. */
  readonly metadata: string | null;
  /** The size of `metadata`, where that may be null. */
  readonly metadata_bytes?: number;
}

const COLUMN_NAMES = Object.keys(SESSION_COLUMNS);
/** The columns that `sessionOf` needs, but for the time of the tree. */
const NAMES_BUT_METADATA = COLUMN_NAMES.filter(
  (name) => name !== 'metadata' && !(HIDDEN as readonly string[]).includes(name),
);

/** Selects the columns that `sessionOf` needs from the table `s`. The size of a text is in its head: long metadata is not read for it. */
export const SHOWN_COLUMNS = [
  ...NAMES_BUT_METADATA.map((name) => `s.${name}`),
  `CASE WHEN octet_length(s.metadata) <= ${SHORT_METADATA_BYTES} THEN s.metadata END AS metadata`,
  'octet_length(s.metadata) AS metadata_bytes',
].join(', ');

/** The names of `SHOWN_COLUMNS`. */
export const SHOWN_NAMES = [...NAMES_BUT_METADATA, 'metadata', 'metadata_bytes'];

/**
 * The time of a tree is in the row of the tree, which has the root's own home: the subquery stays in one partition.
 */
const TREE_TIME =
  'CASE WHEN s.depth = 0 THEN (SELECT t.last_active_at FROM trees t WHERE t.home = s.home AND t.root = s.sid) END AS tree_last_active_at';

/** Selects whole sessions from the table `s`. */
export const SELECT_SESSION = `${COLUMN_NAMES.map((name) => `s.${name}`).join(', ')}, ${TREE_TIME}`;

/** Selects what `sessionOf` needs from the table `s`. */
export const SELECT_SHOWN = `${SHOWN_COLUMNS}, ${TREE_TIME}`;

/** The session as clients see it. */
export function sessionOf(row: ShownSessionRow): Session {
  const metadataBytes = row.metadata_bytes ?? Buffer.byteLength(row.metadata!);
  return {
    id: row.id,
    sequence: row.sid,
    arrival: row.arrival,
    parentId: row.parent_id,
    rootId: row.root_id,
    depth: row.depth,
    childCount: row.child_count,
    userId: row.user_id,
    key: row.key,
    title: row.title,
    agentName: row.agent_name,
    project: row.project,
    status: row.status,
    statusMessage: row.status_message,
    statusChangedAt: new Date(row.status_changed_at),
    spawnedBy: row.spawned_by === null ? null : (JSON.parse(row.spawned_by) as SpawnOrigin),
    metadata: broughtMetadata(row.metadata, metadataBytes),
    metadataBytes,
    createdAt: new Date(row.created_at),
    lastActiveAt: new Date(row.last_active_at),
    treeLastActiveAt: row.tree_last_active_at === null ? null : new Date(row.tree_last_active_at),
    updatedAt: new Date(row.updated_at),
    messageCount: row.message_count,
    historyLength: row.history_length,
    usage: usageOfSum(usageOf(row)),
    version: row.version,
    // A database has no damage that a read could find: `tools/check.ts` compares.
    damage: [],
    archivedAt: row.archived_at === null ? null : new Date(row.archived_at),
    forkedFrom: row.forked_from === null ? null : (JSON.parse(row.forked_from) as ForkOrigin),
  };
}

function usageOf(row: ShownSessionRow | SessionRow) {
  return {
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    cacheReadTokens: row.cache_read_tokens,
    cacheWriteTokens: row.cache_write_tokens,
    reasoningTokens: row.reasoning_tokens,
    costUsd: row.cost_usd,
    pricedCount: row.priced_count,
  };
}

/** The state that a record is applied to. Its numbers of mutations are those of the tree. */
export function stateOf(row: SessionRow): SessionState {
  return {
    id: row.id,
    sequence: row.sid,
    arrival: row.arrival,
    parentId: row.parent_id,
    userId: row.user_id,
    key: row.key,
    title: row.title,
    agentName: row.agent_name,
    project: row.project,
    status: row.status,
    statusMessage: row.status_message,
    statusChangedAt: row.status_changed_at,
    spawnedBy: row.spawned_by,
    metadata: row.metadata,
    createdAt: row.created_at,
    lastActiveAt: row.last_active_at,
    updatedAt: row.updated_at,
    messageCount: row.message_count,
    historyLength: row.history_length,
    nextOrdinal: row.next_ordinal,
    ...usageOf(row),
    forkedFrom: row.forked_from,
    archivedAt: row.archived_at,
    version: row.version,
    lastSeq: row.number,
    // Below the number of every record: only whether it changes matters.
    updatedSeq: 0,
    size: 0,
  };
}

/** The members of a row that a record can change. */
export function changedMembers(state: SessionState) {
  return {
    key: state.key,
    title: state.title,
    agent_name: state.agentName,
    project: state.project,
    status: state.status,
    status_message: state.statusMessage,
    status_changed_at: state.statusChangedAt,
    spawned_by: state.spawnedBy,
    metadata: state.metadata,
    last_active_at: state.lastActiveAt,
    updated_at: state.updatedAt,
    archived_at: state.archivedAt,
    message_count: state.messageCount,
    history_length: state.historyLength,
    next_ordinal: state.nextOrdinal,
    input_tokens: state.inputTokens,
    output_tokens: state.outputTokens,
    cache_read_tokens: state.cacheReadTokens,
    cache_write_tokens: state.cacheWriteTokens,
    reasoning_tokens: state.reasoningTokens,
    cost_usd: state.costUsd,
    priced_count: state.pricedCount,
    version: state.version,
    number: state.lastSeq,
  } satisfies Partial<SessionRow>;
}

/** An owner as columns have it: a user's id may be empty. */
export function ownerColumn(ownerId: string | null): string {
  return ownerId === null ? '' : `=${ownerId}`;
}

/** The user of an owner column. */
export function ownerIdOf(owner: string): string | null {
  return owner === '' ? null : owner.slice(1);
}
