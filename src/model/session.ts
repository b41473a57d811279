import type { JsonObject } from './json.ts';

/** A part of a session's record that cannot be read. `line` counts from 1; null where the fault has no line. */
export interface Damage {
  readonly line: number | null;
  readonly reason: string;
}

/** One session, as it stands after the latest mutation. */
export interface Session {
  readonly id: string;
  /** The store-wide sequence number of its creation: what "older" means, whatever the clocks said. */
  readonly sequence: number;
  /** The sequence number at which it came under its present parent: the order among its siblings. */
  readonly arrival: number;
  /** As recorded, also where the parent cannot be read. */
  readonly parentId: string | null;
  /** Topmost ancestor that can be read; its own id for a root. */
  readonly rootId: string;
  /** 0 for a root. */
  readonly depth: number;
  readonly childCount: number;
  readonly userId: string | null;
  readonly title: string | null;
  readonly metadata: JsonObject;
  /** UTF-8 bytes of `metadata` as JSON: what reading it costs. */
  readonly metadataBytes: number;
  readonly createdAt: Date;
  /** Time of its creation or its latest append; an update of title or metadata leaves it. */
  readonly lastActiveAt: Date;
  /** User messages: one for each exchange. */
  readonly messageCount: number;
  /** All entries of the history. */
  readonly historyLength: number;
  /** 1 at creation; grows by one with each mutation of this session itself. */
  readonly version: number;
  readonly damage: readonly Damage[];
  /** Since when it is hidden from lists that do not ask for it; null where it is not. */
  readonly archivedAt: Date | null;
  readonly forkedFrom: ForkOrigin | null;
}

/** Where a fork's first messages come from; it outlives what it names. */
export interface ForkOrigin {
  readonly sessionId: string;
  /** The last message that was copied; null where there was none. */
  readonly messageId: string | null;
  /** How many were copied. */
  readonly historyLength: number;
}

/** What becomes of the children of a deleted session: they stop the deletion, go with it, or go to its parent. */
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

/** What a list of sessions is narrowed to; every part that is given must hold. */
export interface SessionFilter {
  readonly userId?: string | null;
  /** Sessions with no readable parent. */
  readonly rootsOnly?: boolean | null;
  /** Children of this session, as recorded. */
  readonly parentId?: string | null;
  /** The tree of this root, itself included. */
  readonly rootId?: string | null;
  /** At or after. */
  readonly createdAfter?: Date | null;
  /** Before, the moment itself left out. */
  readonly createdBefore?: Date | null;
  readonly activeAfter?: Date | null;
  readonly activeBefore?: Date | null;
  /** Sessions whose metadata contains all of this: see `jsonContains`. */
  readonly metadata?: JsonObject | null;
  /** Left out: EXCLUDE. */
  readonly archived?: ArchivedFilter | null;
}
