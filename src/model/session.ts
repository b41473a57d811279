import type { JsonObject } from './json.ts';

/** A damaged part of a session's record. */
export interface Damage {
  /** In a store of files, the line of the session's file, from 1. Null if the damage has no line, and in any other store. */
  readonly line: number | null;
  readonly reason: string;
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
  readonly title: string | null;
  readonly metadata: JsonObject;
  /** Size of `metadata` as JSON, in UTF-8 bytes: the cost of showing it. */
  readonly metadataBytes: number;
  readonly createdAt: Date;
  /** The time of the last append, or of the creation if there was none. Changes of title or metadata do not count. */
  readonly lastActiveAt: Date;
  /** The number of USER messages: one for each exchange. */
  readonly messageCount: number;
  /** The number of messages in the history. */
  readonly historyLength: number;
  /** 1 at creation; grows by one with each mutation of the session. */
  readonly version: number;
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

export const SESSION_ORDER_FIELDS = ['CREATED_AT', 'LAST_ACTIVE_AT'] as const;
export type SessionOrderField = (typeof SESSION_ORDER_FIELDS)[number];

export interface SessionOrder {
  readonly field: SessionOrderField;
  readonly direction: 'ASC' | 'DESC';
}

/** Conditions for a list of sessions. A session must meet all that are given. */
export interface SessionFilter {
  readonly userId?: string | null;
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
  /** Default: EXCLUDE. */
  readonly archived?: ArchivedFilter | null;
}
