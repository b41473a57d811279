import type { MessageRef } from '../model/id.ts';
import type { Message, MessageRole, ShownParts } from '../model/message.ts';
import type { SearchField } from '../model/search/fields.ts';
import type { ChildFilter, SessionFilter } from '../model/session.ts';
import type { Sight } from '../model/sight.ts';
import type { DailyUsage, UsageDimension } from '../model/usage-report.ts';
import type { ReadOptions } from './read-options.ts';

/**
 * A range of an ordered list: at most `limit` items from its start or its end, strictly after `after` and strictly before
 * `before`. The items of these keys may have been deleted.
 */
export interface PageRequest<Key> {
  readonly limit: number;
  readonly from: 'start' | 'end';
  readonly after?: Key | undefined;
  readonly before?: Key | undefined;
}

/**
 * Items in the list's order, from whichever end they were taken. `hasMore` tells whether more follow in the direction of paging.
 */
export interface Page<T> {
  readonly items: readonly T[];
  readonly hasMore: boolean;
}

export const EMPTY_PAGE: Page<never> = Object.freeze({ items: [], hasMore: false });

/** Place in a list of sessions: the time that orders it, in milliseconds since 1970, and the session's `sequence`. */
export interface ListKey {
  readonly time: number;
  readonly sequence: number;
}

/** Names a session by its key. */
export interface SessionKey {
  readonly key: string;
  /** The user of the root of the tree that the session is in; null for a tree of nobody. */
  readonly ownerId: string | null;
}

export interface ChildrenScope {
  readonly parentId: string;
  /** Only these children; all when left out. */
  readonly filter?: ChildFilter | null;
}

export interface ChildrenRequest extends ChildrenScope {
  readonly page: PageRequest<number>;
}

export interface ForksScope {
  readonly sessionId: string;
  /** Only forks in sight; all when left out. */
  readonly sight?: Sight | null;
}

export interface ForksRequest extends ForksScope {
  /** The time of a key is `createdAt`. */
  readonly page: PageRequest<ListKey>;
}

export interface HistoryScope {
  readonly sessionId: string;
  /** Only messages of these roles; all when left out. */
  readonly roles?: readonly MessageRole[] | null | undefined;
  /** Only messages created at this time or after. */
  readonly createdAfter?: Date | null | undefined;
  /** Only messages created before this time. */
  readonly createdBefore?: Date | null | undefined;
}

/**
 * A place in a history: a position, or that of the message with an ordinal. A message that a truncation dropped stands at the position
 * that it had.
 */
export type HistoryPlace = { readonly position: number } | { readonly ordinal: number };

/** Which parts of messages a read returns. */
export interface AskedTexts {
  readonly shown?: ShownParts;
}

export interface HistoryRequest extends HistoryScope, AskedTexts {
  readonly page: PageRequest<number>;
  /** A page from the start begins at this place at the earliest; a page from the end ends before it. */
  readonly place?: HistoryPlace | undefined;
}

export interface HistoryPage extends Page<Message> {
  /** Bytes of text that the page shows: the sum of `textBytesOf` over its messages. */
  readonly textBytes: number;
}

/** What an exact copy of a session needs beside the session and its history. */
export interface CopyDetails {
  /** Ordinals below this one are used. */
  readonly nextOrdinal: number;
  /** All that was ever paid in the session, ordered by day and model. */
  readonly paid: readonly DailyUsage[];
}

export interface MessageRequest extends MessageRef, AskedTexts {}

export interface KeyedMessageRequest extends AskedTexts {
  readonly sessionId: string;
  readonly key: string;
}

/** A tool call: that of the message with this id. Two calls of one message can have the same `toolCallId`, and are then one. */
export interface ToolCallRef extends MessageRef {
  readonly toolCallId: string;
}

/** Asks for the session that a tool call spawned. */
export interface SpawnedRequest extends ToolCallRef {
  /** Only among sessions in sight; all when left out. */
  readonly sight?: Sight | null;
}

export interface ToolResultRequest extends ToolCallRef, AskedTexts {}

/** The most that a caller accepts of the messages that it requests. */
export interface ReadLimit extends AskedTexts, ReadOptions {
  readonly messages: number;
  /** Bytes of text. */
  readonly bytes: number;
  /** Requests only so many of the messages, from the first on; all when left out. */
  readonly first?: number | undefined;
}

/** What a search looks for, and in which parts of messages. */
export interface SnippetRequest {
  readonly query: string;
  /** Left out: the content alone. */
  readonly fields?: readonly SearchField[] | null;
}

/** Defines a search, without the pages of its results. */
export interface SearchScope extends SnippetRequest {
  /** Searches only this session and its descendants. */
  readonly within?: string | null;
  /** False: only the session `within` itself. Default: true. */
  readonly subtree?: boolean | null;
  /** Left out: all roles except EVENT. */
  readonly roles?: readonly MessageRole[] | null;
  /** Only messages of sessions that match. Unlike in `list`, `archived` is INCLUDE by default. */
  readonly filter?: SessionFilter | null;
  /** False: without copies. Default: true. */
  readonly includeCopies?: boolean | null;
}

/** Which sessions and messages a report is about, and how it is divided. */
export interface UsageReportRequest {
  /** At least one dimension, each once. */
  readonly by: readonly UsageDimension[];
  /** Only this session and its descendants. */
  readonly within?: string | null | undefined;
  /** False: only the session `within` itself. Default: true. */
  readonly subtree?: boolean | null | undefined;
  /** Only sessions that match. Unlike in `list`, `archived` is INCLUDE by default. */
  readonly filter?: SessionFilter | null | undefined;
  /** Only messages created at this time or after. */
  readonly from?: Date | null | undefined;
  /** Only messages created before this time. */
  readonly to?: Date | null | undefined;
  /** Only so many groups, the costliest, in this order. Default: all, in the order of `by`. */
  readonly first?: number | null | undefined;
}

export interface SearchRequest extends SearchScope {
  readonly limit: number;
  /** The last hit of an earlier page of the same search (an equal `SearchScope`). */
  readonly after?: SearchKey | null;
}

/** A place in a ranking. */
export interface SearchKey {
  /** `SearchPage.ranking`. */
  readonly ranking: string;
  /** `SearchHit.place`. */
  readonly place: number;
}

export interface SearchHit extends MessageRef {
  /** Place in the ranking, from 1. */
  readonly place: number;
}

export interface SearchPage {
  readonly hits: readonly SearchHit[];
  readonly hasMore: boolean;
  /** The number of messages in the ranking, also of those that are gone by now. */
  readonly totalCount: number;
  /** Identifies the ranking that the first page fixed. */
  readonly ranking: string;
  /** False if the search index was not current, or the search took too long: every hit matches, but some may be missing. */
  readonly isComplete: boolean;
}

export interface StoreStatus {
  readonly sessionCount: number;
  /** Messages with the role `USER`, as `Session.messageCount`. */
  readonly messageCount: number;
  /** Records that cannot be read completely. Empty in a store without files. */
  readonly quarantined: readonly QuarantinedFile[];
}

/** A file of records that cannot be read completely. */
export interface QuarantinedFile {
  /** Relative to the place of the store. */
  readonly path: string;
  readonly reason: string;
  readonly since: Date;
}

/** The key of a page request never belonged to the list. */
export class UnknownKeyError extends Error {
  override readonly name = 'UnknownKeyError';
}

/** A read would show more text than its limit allows. */
export class ReadTooLargeError extends Error {
  override readonly name = 'ReadTooLargeError';
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    super(`The answer would show more than ${maxBytes} bytes of text. Ask for fewer messages.`);
    this.maxBytes = maxBytes;
  }
}
