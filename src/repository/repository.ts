import type { MessageRef } from '../model/id.ts';
import type { JsonObject } from '../model/json.ts';
import type { Message, MessageRole, NewMessage } from '../model/message.ts';
import type { Operation } from '../model/operation.ts';
import type { SessionRollup } from '../model/rollup.ts';
import type { DeleteMode, Session, SessionFilter, SessionOrder } from '../model/session.ts';

/**
 * The half of the contract that reads: what a program may use beside the one that writes.
 */
export interface SessionReader {
  /** The sessions with these ids; null where there is none. */
  findMany(ids: readonly string[]): Promise<(Session | null)[]>;

  /** A page of each parent's children, in order of arrival; the key is `arrival`. Empty for an unknown parent. */
  childrenOf(parentIds: readonly string[], page: PageRequest<number>): Promise<Page<Session>[]>;

  /**
   * A page of what is beneath each of `ids`, in pre-order, itself left out; the key is an `id`. `maxDepth` counts levels
   * beneath (1: children only), null means all. A key that was deleted keeps its place; one that never was beneath is an
   * `UnknownKeyError`.
   */
  descendantsOf(
    ids: readonly string[],
    page: PageRequest<string>,
    maxDepth: number | null,
  ): Promise<Page<Session>[]>;

  /** How many sessions `descendantsOf` would page through. */
  countDescendants(ids: readonly string[], maxDepth: number | null): Promise<number[]>;

  /** Each session's ancestors, root first, parent last. */
  ancestorsOf(ids: readonly string[]): Promise<Session[][]>;

  /**
   * A page of each history, oldest first; the key is `ordinal`. Reads at most `maxBytes` for the whole batch: a
   * `ReadTooLargeError` says that more would be needed, before it is read.
   */
  historyOf(requests: readonly HistoryRequest[], maxBytes: number): Promise<Page<Message>[]>;

  /** How many messages `historyOf` would page through. */
  countHistory(requests: readonly HistoryScope[]): Promise<number[]>;

  /** The messages with these ids; null where there is none, or where it cannot be read. */
  findMessages(refs: readonly MessageRef[], maxBytes: number): Promise<(Message | null)[]>;

  /** Each session and all beneath it, added up; null for an unknown session. */
  rollupsOf(ids: readonly string[]): Promise<(SessionRollup | null)[]>;

  /** A page of the sessions that pass `filter`, in `order`, ties by sequence in the same direction. */
  list(filter: SessionFilter, order: SessionOrder, page: PageRequest<ListKey>): Promise<Page<Session>>;

  /** How many sessions pass `filter`. */
  count(filter: SessionFilter): Promise<number>;

  status(): Promise<StoreStatus>;

  /** Lets go of the store; a repository first finishes the writes under way, and refuses later ones (StorageError). */
  close(): Promise<void>;
}

/**
 * The contract of a store of session trees. It knows no GraphQL and no files: `test/repository/contract.ts` is the suite
 * that every implementation passes.
 *
 * - Reads take many keys and answer in their order; each is one batch (one query, where there is a database).
 * - A read sees every write that was acknowledged before it began, and no part of a write that was not.
 * - A write resolves once it is durable. It rejects with a `ClientError` (`model/errors.ts`) for what a caller can cause,
 *   and has then changed nothing; anything else it rejects with is a fault of the store.
 * - Inputs are validated before they come here (`model/input.ts`); only what depends on stored state is checked here.
 */
export interface SessionRepository extends SessionReader {
  /**
   * A new session: a root, or a child where `parentId` is given, which takes its parent's userId where `userId` is
   * left out. Its
   * `messages`, if any, come in with it, whole or not at all.
   * Rejects: SessionNotFoundError (no such parent), SessionExistsError, ConflictError, StorageError.
   */
  create(input: CreateSession, operation?: Operation): Promise<Session>;

  /**
   * Messages at the end of a history, whole or not at all. Adds one to `version` and sets `lastActiveAt`.
   * Rejects: SessionNotFoundError, ConflictError, StorageError.
   */
  append(input: AppendMessages, operation?: Operation): Promise<Appended>;

  /**
   * Title and metadata (a merge patch). Adds one to `version`; `lastActiveAt` stays.
   * Rejects: SessionNotFoundError, InvalidInputError (merged metadata too large or too deep), ConflictError, StorageError.
   */
  update(input: UpdateSession, operation?: Operation): Promise<Session>;

  /**
   * Takes a session away, all or nothing. A deleted id stays taken. A dry run changes nothing and says what would go.
   * With REPARENT its children go to its parent, in their order, after those that are there, or become roots.
   * Rejects: SessionNotFoundError, SessionHasChildrenError (RESTRICT), ConflictError, StorageError.
   */
  delete(input: DeleteSession, operation?: Operation): Promise<Deleted>;

  /**
   * A copy of a history through one of its messages, as a new session: a child of the original, or a root. It has the
   * original's userId and metadata, and its title unless it is given one. What it copies keeps its times.
   * Rejects: SessionNotFoundError, SessionExistsError, InvalidInputError (no such message), ConflictError, StorageError
   * (also where a message that is to be copied cannot be read).
   */
  fork(input: ForkSession, operation?: Operation): Promise<Session>;

  /**
   * A subtree under another parent, after the children that are there; or on its own. Adds one to `version`.
   * Rejects: SessionNotFoundError, InvalidInputError (under itself), ConflictError, StorageError.
   */
  move(input: MoveSession, operation?: Operation): Promise<Session>;

  /**
   * Hides a session from lists, and all beneath it where `subtree` says so; or brings it back. Adds one to the `version` of
   * each that changes, and says which, in pre-order: those that were so before are left as they are.
   * Rejects: SessionNotFoundError, ConflictError, StorageError.
   */
  archive(input: ArchiveSession, operation?: Operation): Promise<Archived>;

  /**
   * Keeps the first `length` messages of a history and drops the rest, which it returns. Adds one to `version`; what
   * comes next takes the positions of what was dropped, but never its ordinals. A dry run changes nothing.
   * Rejects: SessionNotFoundError, SessionArchivedError, InvalidInputError (longer than it is), ConflictError, StorageError;
   * and with a ReadTooLargeError, before anything is written, where more than `limit` would be dropped.
   */
  truncate(input: TruncateHistory, limit: ReadLimit, operation?: Operation): Promise<Truncated>;

  /**
   * Messages whose contents match `query` (see `model/search-text.ts`), the best first, in pages by `offset`. It finds all
   * that was acknowledged before it began, unless `isComplete` says otherwise.
   */
  search(request: SearchRequest): Promise<SearchPage>;
}

/**
 * A stretch of an ordered list: at most `limit` items from its start or its end, strictly after and strictly before the
 * keys. What a key stood for need not exist any more.
 */
export interface PageRequest<Key> {
  readonly limit: number;
  readonly from: 'start' | 'end';
  readonly after?: Key | undefined;
  readonly before?: Key | undefined;
}

/** Items in the list's own order, whichever end they were taken from. `hasMore`: there are more in that direction. */
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

export interface HistoryScope {
  readonly sessionId: string;
  /** Only messages of these roles; all when left out. */
  readonly roles?: readonly MessageRole[] | null | undefined;
}

export interface HistoryRequest extends HistoryScope {
  readonly page: PageRequest<number>;
}

export interface CreateSession {
  readonly id?: string | null;
  readonly parentId?: string | null;
  readonly userId?: string | null;
  readonly title?: string | null;
  readonly metadata?: JsonObject | null;
  /** Left out: now. */
  readonly createdAt?: Date | null;
  /** Left out: `createdAt`. */
  readonly lastActiveAt?: Date | null;
  readonly messages?: readonly NewMessage[];
}

export interface AppendMessages {
  readonly sessionId: string;
  readonly messages: readonly NewMessage[];
  readonly expectedVersion?: number | null;
}

export interface Appended {
  readonly session: Session;
  readonly messages: readonly Message[];
}

export interface UpdateSession {
  readonly id: string;
  /** Left out: unchanged; null: none. */
  readonly title?: string | null;
  readonly metadata?: JsonObject | null;
  readonly expectedVersion?: number | null;
}

export interface DeleteSession {
  readonly id: string;
  readonly mode: DeleteMode;
  readonly dryRun: boolean;
  readonly expectedVersion?: number | null;
}

/** Ids in pre-order. */
export interface Deleted {
  readonly deletedIds: readonly string[];
  readonly reparentedIds: readonly string[];
}

export interface ForkSession {
  readonly sessionId: string;
  /** Left out: through the last. */
  readonly throughMessage?: MessageRef | null;
  readonly id?: string | null;
  readonly title?: string | null;
  readonly asRoot: boolean;
  readonly expectedVersion?: number | null;
}

export interface MoveSession {
  readonly id: string;
  /** Null: it becomes a root. */
  readonly parentId: string | null;
  readonly expectedVersion?: number | null;
}

export interface ArchiveSession {
  readonly id: string;
  /** False brings it back. */
  readonly archived: boolean;
  readonly subtree: boolean;
  readonly expectedVersion?: number | null;
}

export interface Archived {
  readonly session: Session;
  readonly changedIds: readonly string[];
}

export interface TruncateHistory {
  readonly sessionId: string;
  readonly length: number;
  readonly dryRun: boolean;
  readonly expectedVersion?: number | null;
}

/** What a caller takes at most. */
export interface ReadLimit {
  readonly messages: number;
  readonly bytes: number;
}

export interface Truncated {
  readonly session: Session;
  /** Oldest first. What cannot be read is left out. */
  readonly popped: readonly Message[];
}

export interface SearchRequest {
  readonly query: string;
  /** Only in this session and beneath it. */
  readonly within?: string | null;
  readonly roles?: readonly MessageRole[] | null;
  readonly limit: number;
  readonly offset: number;
  /** As an earlier page said it: what came after it is left out, so that pages fit together. */
  readonly through?: number | null;
}

export interface SearchPage {
  readonly hits: readonly MessageRef[];
  readonly hasMore: boolean;
  readonly through: number;
  /** False while the search index catches up: what is found is right, and there may be more. */
  readonly isComplete: boolean;
}

export interface StoreStatus {
  readonly sessionCount: number;
  /** User messages, as `Session.messageCount`. */
  readonly messageCount: number;
  readonly quarantined: readonly QuarantinedFile[];
}

/** Something in the store that could not be read. `path` is relative to the data directory. */
export interface QuarantinedFile {
  readonly path: string;
  readonly reason: string;
  readonly since: Date;
}

/** The key of a page never belonged to the list. */
export class UnknownKeyError extends Error {
  override readonly name = 'UnknownKeyError';
}

/** A batch would read more than it was allowed to. Nothing was read. */
export class ReadTooLargeError extends Error {
  override readonly name = 'ReadTooLargeError';
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    super(`The answer would read more than ${maxBytes} bytes of messages. Ask for fewer.`);
    this.maxBytes = maxBytes;
  }
}
