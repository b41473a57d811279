import type { JsonObject } from './json.ts';
import type { TokenUsage } from './message.ts';
import type { Sight } from './sight.ts';

/** A part of a session's record that cannot be read. */
export interface Damage {
  /** Where records are files, the line of the session's file, from 1. Null if the damage has no line, and in any other store. */
  readonly line: number | null;
  readonly reason: string;
}

/** What a session's agent is doing. Only clients set the status, and any status may follow any other. */
export const SESSION_STATUSES = ['IDLE', 'RUNNING', 'WAITING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const;
export type SessionStatus = (typeof SESSION_STATUSES)[number];

/** The message and the tool call that spawned a session. It stays after the message, or its session, is deleted. */
export interface SpawnOrigin {
  /** The parent at that time. */
  readonly sessionId: string;
  readonly messageId: string | null;
  readonly toolCallId: string | null;
}

/** What spawned a session, given by a client: a message of the parent, a tool call of that message, or both. */
export interface NewSpawnOrigin {
  readonly messageId?: string | null;
  readonly toolCallId?: string | null;
}

/** Bytes of the longest metadata that every reader of a session gets. A page can have ten thousand sessions. */
export const SHORT_METADATA_BYTES = 4 * 1024;

/** The `metadata` of a session whose metadata has so many bytes as JSON. `json` may be null if that is more than a session brings. */
export function broughtMetadata(json: string | null, bytes: number): JsonObject | null {
  if (bytes > SHORT_METADATA_BYTES) return null;
  return json === '{}' ? {} : (JSON.parse(json!) as JsonObject);
}

/** A session after its latest mutation. */
export interface Session {
  readonly id: string;
  /**
   * Orders sessions with equal times in lists. It is unique in the store and never changes. It does not say which of two sessions in
   * different trees is older.
   */
  readonly sequence: number;
  /** Orders siblings: the later a session came under its parent, the greater. Not comparable between sessions of different parents. */
  readonly arrival: number;
  /** As recorded, even if the parent cannot be read. */
  readonly parentId: string | null;
  /** The id of the topmost readable ancestor; for a root, its own id. */
  readonly rootId: string;
  /** 0 for a root. */
  readonly depth: number;
  readonly childCount: number;
  readonly userId: string | null;
  /** The client's own name for the session: unique among the sessions of one owner, the user of the root of the tree. */
  readonly key: string | null;
  readonly title: string | null;
  /** Which agent, or kind of agent, the session runs. */
  readonly agentName: string | null;
  /** What the session belongs to, for example a repository. */
  readonly project: string | null;
  readonly status: SessionStatus;
  /** Details of the status: what the session waits for, or why it failed. */
  readonly statusMessage: string | null;
  /** The time of the mutation that last changed `status`; `createdAt` if none did. */
  readonly statusChangedAt: Date;
  readonly spawnedBy: SpawnOrigin | null;
  /** Null if it is long, of more than `SHORT_METADATA_BYTES`, and stored: `SessionReader.metadataOf` reads it. */
  readonly metadata: JsonObject | null;
  /** Size of `metadata` as JSON, in UTF-8 bytes: the cost of showing it. */
  readonly metadataBytes: number;
  readonly createdAt: Date;
  /**
   * The latest of the time that the creation gave, and of the times of all appends: that of the latest of the messages if each brought its
   * own time, else that of the mutation. Updates do not count.
   */
  readonly lastActiveAt: Date;
  /** Of a root, the latest `lastActiveAt` in its tree; null for all others. */
  readonly treeLastActiveAt: Date | null;
  /** The time of the latest mutation. */
  readonly updatedAt: Date;
  /** The number of USER messages: one for each exchange. */
  readonly messageCount: number;
  /** The number of messages in the history. */
  readonly historyLength: number;
  /** What all messages cost that were ever appended to the session, except copies: as in `SessionRollup`. */
  readonly usage: TokenUsage;
  /** 1 at creation; grows by one with each mutation of the session. */
  readonly version: number;
  /** What the store knows of. Empty in a store whose records cannot be damaged in part. */
  readonly damage: readonly Damage[];
  /** When the session was archived; null if it is not archived. */
  readonly archivedAt: Date | null;
  readonly forkedFrom: ForkOrigin | null;
}

/** The origin of a fork's first messages. It stays after the original is deleted. */
export interface ForkOrigin {
  readonly sessionId: string;
  /** The id of the last copied message; null if none was copied. */
  readonly messageId: string | null;
  /** The number of copied messages. */
  readonly historyLength: number;
}

/** What happens to the children of a deleted session: they prevent the deletion, are deleted too, or move to its parent. */
export const DELETE_MODES = ['RESTRICT', 'CASCADE', 'REPARENT'] as const;
export type DeleteMode = (typeof DELETE_MODES)[number];

export const ARCHIVED_FILTERS = ['EXCLUDE', 'INCLUDE', 'ONLY'] as const;
export type ArchivedFilter = (typeof ARCHIVED_FILTERS)[number];

/** TREE_LAST_ACTIVE_AT orders roots alone: only with `rootsOnly`. */
export const SESSION_ORDER_FIELDS = ['CREATED_AT', 'LAST_ACTIVE_AT', 'TREE_LAST_ACTIVE_AT'] as const;
export type SessionOrderField = (typeof SESSION_ORDER_FIELDS)[number];

export interface SessionOrder {
  readonly field: SessionOrderField;
  readonly direction: 'ASC' | 'DESC';
}

/** Conditions for a list of sessions. A session must meet all that are given. */
export interface SessionFilter {
  readonly userId?: string | null;
  /** Sessions whose key begins so; the empty text means sessions with any key. */
  readonly keyPrefix?: string | null;
  /** True: only sessions without a readable parent. */
  readonly rootsOnly?: boolean | null;
  /** Children of this session, as recorded. */
  readonly parentId?: string | null;
  /** Sessions of the tree of this root, including the root. */
  readonly rootId?: string | null;
  /** At or after. */
  readonly createdAfter?: Date | null;
  /** Before, exclusive. */
  readonly createdBefore?: Date | null;
  readonly activeAfter?: Date | null;
  readonly activeBefore?: Date | null;
  /** Sessions whose metadata contains this object: see `jsonContains`. */
  readonly metadata?: JsonObject | null;
  /** Default in lists: EXCLUDE. Default in searches: INCLUDE. */
  readonly archived?: ArchivedFilter | null;
  /** Words of the title, as `model/search/` defines a match. Without words: none match. */
  readonly title?: string | null;
  readonly project?: string | null;
  readonly agentName?: string | null;
  /** Any of these; of an empty list, none. */
  readonly statuses?: readonly SessionStatus[] | null;
  /** True: only sessions with damage, as of the last read of their records. False: only those without. */
  readonly damaged?: boolean | null;
  /** Only sessions in sight. What is above `withinId` does not exist: to `rootsOnly`, that session is a root. */
  readonly sight?: Sight | null;
}

/** Conditions for the children or the descendants of a session. A session must meet all that are given. */
export interface ChildFilter {
  /** Default: INCLUDE. */
  readonly archived?: ArchivedFilter | null;
  /** As in `SessionFilter`. */
  readonly statuses?: readonly SessionStatus[] | null;
  readonly agentName?: string | null;
}
