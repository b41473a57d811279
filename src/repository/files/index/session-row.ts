import { compileLiteral } from '../../../compile-literal.ts';
import {
  broughtMetadata,
  type Damage,
  type ForkOrigin,
  type Session,
  SHORT_METADATA_BYTES,
  type SpawnOrigin,
} from '../../../model/session.ts';
import { usageOfSum } from '../../../model/usage.ts';
import type { SessionState } from '../../records/session-state.ts';

/** The members of a row that come neither from the session's own file nor from the log of the store. */
interface Surroundings {
  /** Null for a root, and if the parent cannot be read. */
  readonly parentSequence: number | null;
  /** `rootId` and `depth` count from the topmost ancestor that can be read. */
  readonly rootId: string;
  readonly depth: number;
  readonly childCount: number;
  /** Of a root, the latest `lastActiveAt` in its tree; null for all others. */
  readonly treeLastActiveAt: number | null;
  /** The mtime of the file when this store last read or wrote it, in milliseconds. */
  readonly mtime: number;
}

/** A row of `sessions`, with its whole metadata. */
export interface WholeRow extends SessionState, Surroundings {}

/**
 * A row as it is read. `metadata` may be the size of long metadata, in bytes, instead of its text: few reads show metadata, and
 * `SessionsTable` has the text for those.
 */
export interface SessionRow extends Omit<WholeRow, 'metadata'> {
  readonly metadata: string | number;
}

function metadataBytesOf({ metadata }: Pick<SessionRow, 'metadata'>): number {
  return typeof metadata === 'number' ? metadata : Buffer.byteLength(metadata);
}

/** Characters of metadata that a row holds. */
export function heldMetadata({ metadata }: Pick<SessionRow, 'metadata'>): number {
  return typeof metadata === 'string' ? metadata.length : 0;
}

/** Where the value of a column comes from. */
type Source =
  /** The first line of the session's file, or the store's log, which moves and archives sessions. */
  | 'creation or log'
  /** The latest line of the session's file that sets the value. */
  | 'any line'
  | 'file status'
  | 'all sessions';

type SqlType<Value> = Value extends string
  ? 'TEXT NOT NULL' | 'TEXT NOT NULL UNIQUE'
  : 'INTEGER NOT NULL' | 'INTEGER PRIMARY KEY' | 'REAL NOT NULL';

type SqlTypeOf<Value> = null extends Value
  ? NonNullable<Value> extends string
    ? 'TEXT'
    : 'INTEGER'
  : SqlType<Value>;

type Column<Value> = readonly [name: string, type: SqlTypeOf<Value>, from: Source];

/**
 * The columns of `sessions`, in the table's order, by the members of a row. The table, its inserts and updates, the
 * comparison of two indexes and the packing of scanned files all follow from this list. `metadata` comes last:
 * SQLite reads a long row only up to the last column that a query needs.
 */
const COLUMNS: { readonly [Member in keyof WholeRow]: Column<WholeRow[Member]> } = {
  sequence: ['seq', 'INTEGER PRIMARY KEY', 'creation or log'],
  id: ['id', 'TEXT NOT NULL UNIQUE', 'creation or log'],
  parentId: ['parent_id', 'TEXT', 'creation or log'],
  parentSequence: ['parent_seq', 'INTEGER', 'all sessions'],
  arrival: ['arrival', 'INTEGER NOT NULL', 'creation or log'],
  rootId: ['root_id', 'TEXT NOT NULL', 'all sessions'],
  depth: ['depth', 'INTEGER NOT NULL', 'all sessions'],
  childCount: ['child_count', 'INTEGER NOT NULL', 'all sessions'],
  userId: ['user_id', 'TEXT', 'creation or log'],
  key: ['key', 'TEXT', 'any line'],
  title: ['title', 'TEXT', 'any line'],
  agentName: ['agent_name', 'TEXT', 'any line'],
  project: ['project', 'TEXT', 'any line'],
  status: ['status', 'TEXT NOT NULL', 'any line'],
  statusChangedAt: ['status_changed_at', 'INTEGER NOT NULL', 'any line'],
  createdAt: ['created_at', 'INTEGER NOT NULL', 'creation or log'],
  lastActiveAt: ['last_active_at', 'INTEGER NOT NULL', 'any line'],
  treeLastActiveAt: ['tree_last_active_at', 'INTEGER', 'all sessions'],
  updatedAt: ['updated_at', 'INTEGER NOT NULL', 'any line'],
  messageCount: ['message_count', 'INTEGER NOT NULL', 'any line'],
  historyLength: ['history_length', 'INTEGER NOT NULL', 'any line'],
  nextOrdinal: ['next_ordinal', 'INTEGER NOT NULL', 'any line'],
  inputTokens: ['input_tokens', 'INTEGER NOT NULL', 'any line'],
  outputTokens: ['output_tokens', 'INTEGER NOT NULL', 'any line'],
  cacheReadTokens: ['cache_read_tokens', 'INTEGER NOT NULL', 'any line'],
  cacheWriteTokens: ['cache_write_tokens', 'INTEGER NOT NULL', 'any line'],
  reasoningTokens: ['reasoning_tokens', 'INTEGER NOT NULL', 'any line'],
  costUsd: ['cost_usd', 'TEXT', 'any line'],
  pricedCount: ['priced_count', 'INTEGER NOT NULL', 'any line'],
  forkedFrom: ['forked_from', 'TEXT', 'creation or log'],
  archivedAt: ['archived_at', 'INTEGER', 'creation or log'],
  version: ['version', 'INTEGER NOT NULL', 'any line'],
  lastSeq: ['last_seq', 'INTEGER NOT NULL', 'any line'],
  updatedSeq: ['updated_seq', 'INTEGER NOT NULL', 'any line'],
  size: ['size', 'INTEGER NOT NULL', 'any line'],
  mtime: ['mtime', 'REAL NOT NULL', 'file status'],
  statusMessage: ['status_message', 'TEXT', 'any line'],
  spawnedBy: ['spawned_by', 'TEXT', 'any line'],
  metadata: ['metadata', 'TEXT NOT NULL', 'any line'],
};

type Member = keyof SessionRow;

const MEMBERS = Object.keys(COLUMNS) as Member[];

const membersFrom = (...sources: readonly Source[]) =>
  MEMBERS.filter((member) => sources.includes(COLUMNS[member][2]));

const STATE_MEMBERS = membersFrom('creation or log', 'any line') as (keyof SessionState)[];

export const COLUMN_COUNT = MEMBERS.length;

/** The definitions of the columns, for CREATE TABLE. */
export const COLUMN_DEFINITIONS = MEMBERS.map((member) => COLUMNS[member].slice(0, 2).join(' ')).join(
  ',\n  ',
);

/** A list for SELECT that gives these members of a row; `table` is the table's name in the query. */
export function selection(members: readonly Member[], table = 'sessions'): string {
  return members.map((member) => `${table}.${COLUMNS[member][0]} AS ${member}`).join(', ');
}

/*
 * Statements are constants, never built for a query: a prepared statement is found by its text.
 */

/** The size of a text is in the head of a record: SQLite does not read long metadata for it. */
const HELD_METADATA =
  `CASE WHEN octet_length(metadata) <= ${SHORT_METADATA_BYTES} THEN metadata ` +
  'ELSE octet_length(metadata) END AS metadata';
const OTHER_MEMBERS = MEMBERS.filter((member) => member !== 'metadata');
const SELECT_ROW = `SELECT ${selection(OTHER_MEMBERS)}, ${HELD_METADATA} FROM sessions`;
export const SELECT_WHOLE_ROW = `SELECT ${selection(MEMBERS)} FROM sessions WHERE id = ?`;
export const SELECT_METADATA = 'SELECT metadata FROM sessions WHERE seq = ?';
export const SELECT_BY_ID = `${SELECT_ROW} WHERE id = ?`;
export const SELECT_BY_SEQUENCE = `${SELECT_ROW} WHERE seq = ?`;
/** Takes a JSON array. */
export const SELECT_BY_SEQUENCES = `${SELECT_ROW} WHERE seq IN (SELECT value FROM json_each(?))`;

/** Selects at most a given number of a parent's children, between two arrivals. */
export const SELECT_CHILDREN_BETWEEN = {
  start: `${SELECT_ROW} WHERE parent_seq = ? AND arrival > ? AND arrival < ? ORDER BY arrival LIMIT ?`,
  end: `${SELECT_ROW} WHERE parent_seq = ? AND arrival > ? AND arrival < ? ORDER BY arrival DESC LIMIT ?`,
} as const;

/** Members that depend on the session's own file and on the store's log. */
export const OWN_MEMBERS: readonly Member[] = STATE_MEMBERS;
/** Members that depend on the files of all sessions. */
export const COMPARED_MEMBERS: readonly Member[] = [...OWN_MEMBERS, ...membersFrom('all sessions')];

/** The members of a state, without its id, that threads exchange as texts and as numbers. */
export const STATE_TEXTS = STATE_MEMBERS.filter((member) => isText(member) && member !== 'id');
export const STATE_NUMBERS = STATE_MEMBERS.filter((member) => !isText(member));

function isText(member: Member): boolean {
  return COLUMNS[member][1].startsWith('TEXT');
}

const CHANGED_MEMBERS = membersFrom('any line', 'file status');

const CHANGES = CHANGED_MEMBERS.map((member, n) => `${COLUMNS[member][0]} = ?${n + 1}`).join(', ');
const LAST_ACTIVE = `?${CHANGED_MEMBERS.indexOf('lastActiveAt') + 1}`;

/** Takes the values of `changesOf`, in their order, then the session's sequence number. Raises the time of a root's tree, too. */
export const UPDATE_ROW =
  `UPDATE sessions SET ${CHANGES}, tree_last_active_at = max(tree_last_active_at, ${LAST_ACTIVE}) ` +
  `WHERE seq = ?${CHANGED_MEMBERS.length + 1}`;

/** A row, its members in the order of the columns. */
export const rowOf: (state: SessionState, surroundings: Surroundings) => WholeRow = picking(MEMBERS);

/** The members of a row that a mutation in the session's own file can change. */
export const changesOf: (state: SessionState, status: Pick<WholeRow, 'mtime'>) => Partial<WholeRow> =
  picking(CHANGED_MEMBERS);

/** The members of a row that come from the session's file and the store's log. */
export const stateOf: (row: WholeRow) => SessionState = picking(STATE_MEMBERS);

/** The values of `STATE_TEXTS` and of `STATE_NUMBERS`. */
export const partsOf: (state: SessionState) => {
  readonly texts: readonly (string | null)[];
  readonly numbers: readonly (number | null)[];
} =
  compileLiteral({
    parameters: ['state'],
    members: [
      ['texts', `[${STATE_TEXTS.map((member) => `state.${member}`).join(', ')}]`],
      ['numbers', `[${STATE_NUMBERS.map((member) => `state.${member}`).join(', ')}]`],
    ],
  }) ??
  ((state) => ({
    texts: STATE_TEXTS.map((member) => state[member] as string | null),
    numbers: STATE_NUMBERS.map((member) => state[member] as number | null),
  }));

/** Compiles a function that creates an object of `members`: a state's from its first argument, others from its second. */
function picking<Make>(members: readonly Member[]): Make {
  const inState = new Set<Member>(STATE_MEMBERS);
  const compiled = compileLiteral<Make>({
    parameters: ['state', 'more'],
    members: members.map((member) => [member, `${inState.has(member) ? 'state' : 'more'}.${member}`]),
  });
  const make = (state: WholeRow, more: WholeRow) =>
    Object.fromEntries(members.map((member) => [member, (inState.has(member) ? state : more)[member]]));
  return compiled ?? (make as Make);
}

/** The session as clients see it. */
export function sessionOf(row: SessionRow, damage: readonly Damage[]): Session {
  const { metadata } = row;
  const metadataBytes = metadataBytesOf(row);
  return {
    id: row.id,
    sequence: row.sequence,
    arrival: row.arrival,
    parentId: row.parentId,
    rootId: row.rootId,
    depth: row.depth,
    childCount: row.childCount,
    userId: row.userId,
    key: row.key,
    title: row.title,
    agentName: row.agentName,
    project: row.project,
    status: row.status,
    statusMessage: row.statusMessage,
    statusChangedAt: new Date(row.statusChangedAt),
    spawnedBy: row.spawnedBy === null ? null : (JSON.parse(row.spawnedBy) as SpawnOrigin),
    metadata: broughtMetadata(typeof metadata === 'string' ? metadata : null, metadataBytes),
    metadataBytes,
    createdAt: new Date(row.createdAt),
    lastActiveAt: new Date(row.lastActiveAt),
    treeLastActiveAt: row.treeLastActiveAt === null ? null : new Date(row.treeLastActiveAt),
    updatedAt: new Date(row.updatedAt),
    messageCount: row.messageCount,
    historyLength: row.historyLength,
    usage: usageOfSum(row),
    version: row.version,
    damage,
    archivedAt: row.archivedAt === null ? null : new Date(row.archivedAt),
    forkedFrom: row.forkedFrom === null ? null : (JSON.parse(row.forkedFrom) as ForkOrigin),
  };
}
