import type { Sight } from '../model/sight.ts';

/** What can have happened to a session since a reader last looked. */
const CHANGE_KINDS = [
  /** It is new. APPENDED follows if it has messages. */
  'CREATED',
  /** It came into the tree with all that is beneath it, or may have: read all of that anew. No other change of it follows. */
  'ENTERED',
  /** There are messages at `fromPosition` and later that were not there before, or others than before. */
  'APPENDED',
  /** Messages have another form in the same place: `ordinals` says which. */
  'REPLACED',
  /** Messages at `fromPosition` and later left the history. Stands before APPENDED. */
  'TRUNCATED',
  /** What it says of itself is another, or it was archived or unarchived. */
  'UPDATED',
  /**
   * It has another parent, or another place among the children of the same one. All beneath it went along. A reader that does not have it
   * reads it with all that is beneath it, as after ENTERED: what it reads is newer than what it is told, so that it may have seen the
   * session beneath another one meanwhile, and dropped both when it was told of that one.
   */
  'MOVED',
  /** It left the tree with all that is beneath it. */
  'LEFT',
  /** It is deleted. What was beneath it has changes of its own. */
  'DELETED',
] as const;

export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** One change of one session: whatever happened since the reader's mark, together. */
export interface SessionChange {
  readonly kind: ChangeKind;
  readonly sessionId: string;
  /** Of MOVED, LEFT and DELETED: the parent as of the base of the reader's mark; null for a root. Null for all others. */
  readonly formerParentId: string | null;
  /** Of APPENDED, TRUNCATED and REPLACED: the first position that may have changed. Null for all others. */
  readonly fromPosition: number | null;
  /** Of REPLACED: the ordinals of the messages, the lowest first. `REPLACED_MAX` of them mean that there may be more. */
  readonly ordinals: readonly number[];
}

/** The most ordinals of one REPLACED. */
export const REPLACED_MAX = 1_000;

export interface ChangesRequest {
  /**
   * Only changes of sessions in sight; all when left out. `within` must be in sight, else: SessionNotFoundError. `sight.withinId` is
   * null, unless `within` is that session or beneath it.
   */
  readonly sight?: Sight | null;
  /** Only changes of this session and of those beneath it; null for the whole store. */
  readonly within: string | null;
  /** A mark: where the reader is. */
  readonly after: string;
  /** A page ends with the first session with which it has this many changes. */
  readonly limit: number;
}

export interface ChangesPage {
  /** In the order of each session's latest mutation. All changes of a session stand together. */
  readonly changes: readonly SessionChange[];
  /** Where the reader is after the page. Opaque. */
  readonly mark: string;
  /** The root of the tree that `within` is in; null if `within` is null, or deleted. */
  readonly rootId: string | null;
  /** Nothing more had happened when the page was read. */
  readonly isUpToDate: boolean;
  /** The mark cannot be honoured: there are no changes, `mark` is where the store is now, and the reader must read all anew. */
  readonly isReset: boolean;
  /** `within` is deleted: its DELETED is the page's last change, and nothing ever follows. */
  readonly isOver: boolean;
}

/** In which trees something happened. */
export interface ChangedTrees {
  /** The ids of their roots; null if any tree may have changed, or have another root than before. */
  readonly rootIds: ReadonlySet<string> | null;
  /** Where the store was when it was asked: `rootIds` covers everything that lies before this mark, and nothing else. */
  readonly mark: string;
}
