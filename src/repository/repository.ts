import type { MessageRef } from '../model/id.ts';
import type { Message } from '../model/message.ts';
import type { Operation } from '../model/operation.ts';
import type { ModelUsage, SessionRollup } from '../model/rollup.ts';
import type { SnippetPart } from '../model/search/snippet.ts';
import type { ChildFilter, Damage, Session, SessionFilter, SessionOrder } from '../model/session.ts';
import type { Sight } from '../model/sight.ts';
import type { UsageGroup } from '../model/usage-report.ts';
import type { Broadcast } from './broadcast.ts';
import type { ChangedTrees, ChangesPage, ChangesRequest } from './changes.ts';
import type { Dump, Loaded, LoadOptions } from './dump.ts';
import type {
  AnswerLimits,
  Appended,
  AppendMessages,
  Archived,
  ArchiveSession,
  Created,
  CreateSession,
  Deleted,
  DeleteSession,
  ForkSession,
  Moved,
  MoveSession,
  Redacted,
  RedactMessages,
  RestoreSession,
  Truncated,
  TruncateHistory,
  UpdateSession,
  WriteHistory,
  WrittenHistory,
} from './mutations.ts';
import type { ReadOptions } from './read-options.ts';
import type {
  ChildrenRequest,
  ChildrenScope,
  CopyDetails,
  ForksRequest,
  ForksScope,
  HistoryPage,
  HistoryRequest,
  HistoryScope,
  KeyedMessageRequest,
  ListKey,
  MessageRequest,
  Page,
  PageRequest,
  ReadLimit,
  SearchPage,
  SearchRequest,
  SessionKey,
  SnippetRequest,
  SpawnedRequest,
  StoreStatus,
  ToolResultRequest,
  UsageReportRequest,
} from './reads.ts';

/**
 * The reading half of the contract. A program may use it while another process owns the store and writes. Each read stops once its
 * `options` say that it is over; see `ReadOptions`.
 */
export interface SessionReader {
  /**
   * Identifies the store. It never changes, a copy of the store has the same, and no other store has it. Cursors contain it.
   */
  readonly storeId: string;

  /** The session of each owner that has the key; null if none has. */
  findByKeys(requests: readonly SessionKey[], options?: ReadOptions): Promise<(Session | null)[]>;

  /**
   * Which of these sessions are in sight; false for an unknown session. Reads no more than the places of the sessions in their trees and
   * the owners of these trees.
   */
  areInSight(ids: readonly string[], sight: Sight, options?: ReadOptions): Promise<boolean[]>;

  /** The sessions with these ids; null for an id that no session has. */
  findMany(ids: readonly string[], options?: ReadOptions): Promise<(Session | null)[]>;

  /**
   * The metadata of each session as JSON, long or short, as it is now: another read may have given the session before. Null for an unknown
   * session. A caller bounds what it asks for at once: `metadataBytes` is known beforehand.
   */
  metadataOf(ids: readonly string[], options?: ReadOptions): Promise<(string | null)[]>;

  /**
   * The damage of each session as its record is now, which another program may have changed since `findMany` gave the session. Empty for
   * an unknown session.
   */
  damageOf(ids: readonly string[], options?: ReadOptions): Promise<(readonly Damage[])[]>;

  /** A page of the children of each parent, in order of arrival; the key is `arrival`. Empty for an unknown parent. */
  childrenOf(requests: readonly ChildrenRequest[], options?: ReadOptions): Promise<Page<Session>[]>;

  /** The number of sessions that `childrenOf` would page through. */
  countChildren(scopes: readonly ChildrenScope[], options?: ReadOptions): Promise<number[]>;

  /**
   * A page of the descendants of each of `ids`, in pre-order; the key is an `id`. `maxDepth` counts levels below the session
   * (1: children only); null means all. What is beneath a session that `filter` leaves out stays. The key of a deleted session keeps its
   * place, and so does the key of a session that `filter` leaves out. Rejects with an `UnknownKeyError` for a key that never was a
   * descendant.
   */
  descendantsOf(
    ids: readonly string[],
    page: PageRequest<string>,
    maxDepth: number | null,
    filter?: ChildFilter | null,
    options?: ReadOptions,
  ): Promise<Page<Session>[]>;

  /** The number of sessions that `descendantsOf` would page through. */
  countDescendants(
    ids: readonly string[],
    maxDepth: number | null,
    filter?: ChildFilter | null,
    options?: ReadOptions,
  ): Promise<number[]>;

  /**
   * A page of the sessions that were forked from each session, wherever they are now, in order of `createdAt`, and of `sequence` if these are
   * equal. Empty for an unknown session.
   */
  forksOf(requests: readonly ForksRequest[], options?: ReadOptions): Promise<Page<Session>[]>;

  /** The number of sessions that `forksOf` would page through. */
  countForks(scopes: readonly ForksScope[], options?: ReadOptions): Promise<number[]>;

  /** Each session's ancestors, root first, parent last. */
  ancestorsOf(ids: readonly string[], options?: ReadOptions): Promise<Session[][]>;

  /**
   * A page of each history, oldest first; the key is `ordinal`. Texts that are not requested are neither read nor counted.
   *
   * The pages together show at most `maxBytes` of text. In the order of the requests, each takes what the earlier ones have left: a page
   * that would show more ends early, with `hasMore`, at the message that does not fit. Rejects with a `ReadTooLargeError` if that is the
   * first one of a page. Rejects with an `UnknownKeyError` for a `place` at an ordinal that no message of the session ever had.
   */
  historyOf(
    requests: readonly HistoryRequest[],
    maxBytes: number,
    options?: ReadOptions,
  ): Promise<HistoryPage[]>;

  /** The number of messages that `historyOf` would page through. */
  countHistory(requests: readonly HistoryScope[], options?: ReadOptions): Promise<number[]>;

  /** The messages with these ids, as in `historyOf`; null for one that does not exist or cannot be read. */
  findMessages(
    requests: readonly MessageRequest[],
    maxBytes: number,
    options?: ReadOptions,
  ): Promise<(Message | null)[]>;

  /** The message of each session's history that has the key, as `findMessages` gives it; null if none has it. */
  findMessagesByKey(
    requests: readonly KeyedMessageRequest[],
    maxBytes: number,
    options?: ReadOptions,
  ): Promise<(Message | null)[]>;

  /**
   * The result of each tool call, as `findMessages` gives it: the first TOOL message with this `toolCallId` that comes later in the history
   * than the message that makes the call. Null if there is none, or if the history does not have the message that makes the call.
   */
  findToolResults(
    requests: readonly ToolResultRequest[],
    maxBytes: number,
    options?: ReadOptions,
  ): Promise<(Message | null)[]>;

  /**
   * The session that each tool call spawned, wherever it is now: the first of those whose `spawnedBy` names the call and its message,
   * or else of those whose `spawnedBy` names the session and the call alone. The first is the one with the lowest `sequence`. Null if there
   * is none.
   */
  findSpawned(calls: readonly SpawnedRequest[], options?: ReadOptions): Promise<(Session | null)[]>;

  /** The sums over each session and its descendants; null for an unknown session. */
  rollupsOf(ids: readonly string[], options?: ReadOptions): Promise<(SessionRollup | null)[]>;

  /**
   * The usage of each session with its descendants, by model, as `rollupsOf` counts it: the costliest first (of equal costs, the one with
   * most input and output tokens, then by name). Null for an unknown session.
   */
  modelUsagesOf(ids: readonly string[], options?: ReadOptions): Promise<(readonly ModelUsage[] | null)[]>;

  /**
   * The usage of messages, divided by one or more dimensions: of every message that has one, once (as in `rollupsOf`). Groups without a
   * response are left out. Groups are ordered by the dimensions in the order of `by`: statuses in the order of `SESSION_STATUSES`,
   * other values as texts, and null last; with `first`, the costliest come first (of equal costs, the one with most input and output
   * tokens, then in the order of `by`). Empty for an unknown session `within`.
   *
   * Charges for the rows that are added up, and for the groups. If `from` or `to` is not at midnight UTC, the store may read the messages of that day, and
   * charges for what it reads.
   */
  usageReport(request: UsageReportRequest, options?: ReadOptions): Promise<readonly UsageGroup[]>;

  /**
   * A page of the sessions that match `filter`, in `order`. Sessions with equal times are ordered by `sequence`, in the same direction.
   * `sequence` has no other meaning. In the order of TREE_LAST_ACTIVE_AT, only roots are listed.
   */
  list(
    filter: SessionFilter,
    order: SessionOrder,
    page: PageRequest<ListKey>,
    options?: ReadOptions,
  ): Promise<Page<Session>>;

  /** The number of sessions that match `filter`. */
  count(filter: SessionFilter, options?: ReadOptions): Promise<number>;

  /** For `SessionRepository.restore` in another store; null for an unknown session. */
  copyDetailsOf(ids: readonly string[]): Promise<(CopyDetails | null)[]>;

  /** The numbers are of the sessions in sight; of all when left out. Records without a session in sight are left out. */
  status(sight?: Sight | null, options?: ReadOptions): Promise<StoreStatus>;

  /** Releases the store. A repository first finishes the running writes, and refuses later ones with a StorageError. */
  close(): Promise<void>;
}

/**
 * The contract of a store of session trees, independent of GraphQL and of files. `test/repository/contract.ts` is the suite that
 * every implementation must pass.
 *
 * - A read takes many keys and answers in their order. It is one batch: one query, if the store is a database.
 * - A read sees every write that was acknowledged before the read began. It never sees a part of a write.
 * - A write resolves once it is durable. If it rejects with a `ClientError` (`model/errors.ts`), the caller caused the error, or the storage
 *   failed, and nothing has changed, unless a StorageError says `isOutcomeUnknown`. Any other rejection is a fault of the store.
 * - The caller validates inputs beforehand (`model/input.ts`). A store checks only what depends on stored state.
 *
 * A write with an `Operation` takes effect once, however often it is called:
 *
 * - The record of an operation is committed with its write, and lasts as long as the store: it survives a restart and the
 *   deletion of the session. A refused call leaves no record: the next call with that id runs.
 * - A call waits while another call with the same id is running. The id is looked up before any other check.
 * - If the id is recorded with another fingerprint, the call rejects with a ConflictError (`reason: 'OPERATION'`), whichever
 *   mutation recorded it. Each of its `earlierFingerprints` counts as equal too.
 * - If the id is recorded with the same fingerprint, the call is a replay: it changes nothing, and answers as the first call did.
 *   Appended and dropped messages, the ids of deleted, reparented or changed sessions, and a former parent are those of the first
 *   call, in the same order. The contents of appended messages may come from the input, which is the same. `session` is in its current state.
 *   If it was deleted since, its counts, times and place are the last ones it had. Its title and metadata are then those of the
 *   input, or null and empty, because a store keeps no text of a deleted session.
 */
export interface SessionRepository extends SessionReader {
  /** Between the instances that have the store open; left out where there can be only one. */
  readonly broadcast?: Broadcast;

  /**
   * Creates a session: a root, or a child if `parentId` is given. A child without `userId` or `project` gets its
   * parent's. The session and its `messages` are created together or not at all.
   * A session's key is unique among the sessions of one owner, the user of the root of its tree, and free again once the session is
   * deleted.
   * Rejects: SessionNotFoundError (no such parent), SessionArchivedError (the parent is archived), SessionExistsError (also for
   * the id of a deleted session, and for a key that is taken), InvalidInputError (`spawnedBy` names a message of another session than the parent), ConflictError,
   * StorageError.
   */
  create(input: CreateSession, operation?: Operation): Promise<Session>;

  /**
   * As `create`, unless a session has the id or the key of `input`: then that session is the answer, and nothing changes, nor is the
   * operation recorded. An answer with a new session is recorded, and repeated for a retry.
   * Rejects as `create` does; with a SessionExistsError also if the session is under another parent, if a deleted session had the id, or
   * if the id and the key belong to two sessions.
   */
  getOrCreate(input: CreateSession, operation?: Operation): Promise<Created>;

  /**
   * Appends messages to a history, all or none. Increments `version` and sets `lastActiveAt`. A message's key is unique in the history:
   * it is free again once the message was rolled back. With `onKey`, messages that the history has stay, or get another form, which takes
   * the place of the earlier one in every sum of usage; a write that changes nothing leaves `version` as it is. `limit` bounds what is
   * read of messages that stay; without it, their texts are not part of the answer.
   * Rejects: SessionNotFoundError, SessionArchivedError, ConflictError (also a message's key that is taken, with `reason: 'KEY'`),
   * StorageError (also if a message with a given key cannot be read); and a ReadTooLargeError, before anything is written.
   */
  append(input: AppendMessages, operation?: Operation, limit?: ReadLimit | null): Promise<Appended>;

  /**
   * Does all that `input` says to one session, or nothing: makes it if there is none, drops the end of its history, writes messages as
   * `append` does, and changes what the session says of itself as `update` does. One mutation with one version; none if nothing changes.
   * The keys of dropped messages are free for the new ones, which then take over their usage.
   * Rejects as `append`, `truncate`, `update` and `create` do; with an InvalidInputError also if `keepThroughKey` is the key of no
   * message, or if a new session could not be found again by its key, since its parent's tree has another owner than `ownerId`.
   */
  writeHistory(input: WriteHistory, limits: AnswerLimits, operation?: Operation): Promise<WrittenHistory>;

  /**
   * Updates what a session says of itself, and its metadata (a merge patch, RFC 7396). The session may be archived. Increments `version`; `lastActiveAt` stays.
   * Rejects: SessionNotFoundError, SessionExistsError (the key is taken), InvalidInputError (merged metadata too large or too deep; `spawnedBy` of a root, or with a message of
   * another session than the parent), ConflictError, StorageError.
   */
  update(input: UpdateSession, operation?: Operation): Promise<Session>;

  /**
   * Deletes a session, completely or not at all. Its id is never free again.
   * With REPARENT its children move to its parent, in their order and after the parent's other children, or become roots.
   * Rejects: SessionNotFoundError, SessionHasChildrenError (RESTRICT), ConflictError (also with `reason: 'KEY'`, as `move`), StorageError.
   */
  delete(input: DeleteSession, operation?: Operation): Promise<Deleted>;

  /** Resolves or rejects as `delete` would now. Changes nothing. */
  planDelete(input: DeleteSession, options?: ReadOptions): Promise<Deleted>;

  /**
   * Copies a history, through one of its messages, into a new session: a child of the original, or a root. The fork gets the
   * original's userId, agentName, project and metadata, and its title unless `title` is given; its key, its status and what spawned it are
   * not copied. Copied messages keep their times. The original may be
   * archived; the fork is not.
   * `onWrite` is called with the number of bytes that the store has written for the copy; not for a replay.
   * Rejects: SessionNotFoundError, SessionExistsError, InvalidInputError (no such message), ConflictError, StorageError
   * (also if a message to be copied cannot be read).
   */
  fork(input: ForkSession, operation?: Operation, onWrite?: (bytes: number) => void): Promise<Session>;

  /**
   * Writes an exact copy of a session of another store, whole or not at all: with its version, its times, the ordinals of its messages and
   * all that was paid. It comes after all children of its parent, which may be archived. Operations of the original are not copied: a
   * retry of one of them is a new mutation.
   * Other mutations become visible only after the copy.
   * Rejects: SessionNotFoundError (no such parent), SessionExistsError (also for the id of a deleted session, and for a key that is taken),
   * InvalidInputError (other than `historyLength` messages, or two with the same key), StorageError; and with any error of `messages`.
   */
  restore(input: RestoreSession): Promise<Session>;

  /**
   * Moves a session with its subtree under another parent, after the parent's other children, or makes it a root. Increments the
   * session's `version`. Both sessions may be archived.
   * Rejects: SessionNotFoundError, InvalidInputError (the new parent is in the subtree), ConflictError (with `reason: 'KEY'` if the
   * subtree comes to another owner, who has a session with a key of the subtree), StorageError.
   */
  move(input: MoveSession, operation?: Operation): Promise<Moved>;

  /**
   * Archives or unarchives a session, with `subtree` its descendants too. Increments the `version` of each session that changes.
   * `changedIds` are these, in pre-order; sessions that already were in the wanted state are left as they are.
   * Rejects: SessionNotFoundError, ConflictError, StorageError.
   */
  archive(input: ArchiveSession, operation?: Operation): Promise<Archived>;

  /**
   * Keeps the first `keep` messages of a history and drops the rest. Returns the dropped messages unless `limit` is null.
   * Increments `version`. Later messages reuse the positions of the dropped ones, but never their ordinals.
   * Rejects: SessionNotFoundError, SessionArchivedError, InvalidInputError (the history is shorter than `keep`), ConflictError,
   * StorageError; and a ReadTooLargeError, before anything is written, if more than `limit` would be returned.
   */
  truncate(input: TruncateHistory, limit: ReadLimit | null, operation?: Operation): Promise<Truncated>;

  /**
   * The messages that `truncate` would drop now, and the session in its current state. Rejects as `truncate` would. Changes
   * nothing.
   */
  planTruncate(input: TruncateHistory, limit: ReadLimit | null): Promise<Truncated>;

  /**
   * Overwrites what messages say (content, reasoning, name, arguments of tool calls, payload, metadata), in all forms that they ever had,
   * wherever the store has it; their sessions may be archived. All else of them stays, among it the key, the usage, and the ids and names
   * of tool calls. Increments the `version` of each session with such a message, or with a copy. From then on, `onKey: REPLACE` leaves the
   * messages as they are. Resolves once nothing of the texts is left. A redaction that has begun is completed, also if the process ends.
   * Rejects: SessionNotFoundError, InvalidInputError (no such message), ConflictError, StorageError (also if a record cannot be overwritten,
   * since it is damaged in a way that leaves open what it holds; with `isOutcomeUnknown`, the redaction has begun and is not complete).
   */
  redact(input: RedactMessages, operation?: Operation): Promise<Redacted>;

  /**
   * Searches the texts of messages in some fields (`searchedText` in `model/search/fields.ts`). Hits are ordered by relevance; equally
   * relevant ones of one session newest first. The search finds every message that was acknowledged before it began, unless `isComplete`
   * is false.
   *
   * A copy of a message (`Message.isCopy`) ranks behind its original, and behind whatever else is as relevant.
   *
   * `model/search/` defines what matches, not the store's own tokenizer. Otherwise snippets would not agree with the hits:
   *
   * - `parseQuery` splits a query into phrases, and `tokensOf` splits a content into tokens. Tokens are compared for equality:
   *   they are already folded (case, accents, compatibility forms).
   * - A message matches if every phrase matches, in any order, each in one of the fields. A query without phrases matches nothing.
   * - A phrase of several tokens matches consecutive tokens of one field. A phrase of one token also matches one of a token's `parts`.
   *   With `isPrefix`, the last token of the phrase matches any token that it is a prefix of.
   * - `indexedText` returns the tokens and their parts as two texts for an index with a tokenizer of its own. That tokenizer must
   *   split at every ASCII character except letters and digits, keep all other characters, and ignore ASCII case.
   * - More occurrences of the words in less text are more relevant. The formula is up to the store.
   *
   * The first page fixes the ranking, of at most 10,000 matches (preferably the newest). Later pages continue that ranking, whatever is
   * written in between, and return each message once. Messages that were deleted, rolled back or moved out of `within` since are
   * skipped before a page is cut: a page is never short or empty while `hasMore` is true. The first page also fixes which sessions pass
   * the filter. A store keeps rankings for a while,
   * also across a restart (for example in a table), and evicts the least recently used first.
   *
   * A store may lose patience with a search that takes long, and answer with the newest of its matches and `isComplete: false`; it does
   * so well before the deadline if it can. Once the deadline has passed, the search rejects with a DeadlineExceededError like any
   * read. `onWalk` is charged for every match that is looked at, also if it is not on the page, and for the sessions of `within` and
   * those that are compared with `filter`; of equal searches that run at the same time, one may be charged for all. A small search does not wait for a long one.
   * Rejects: UnknownKeyError (the ranking was evicted, and the same search would now give another), StorageError (also if too many
   * searches wait).
   */
  search(request: SearchRequest, options?: ReadOptions): Promise<SearchPage>;

  /**
   * The part of each message around its first match with `query`, in the first of the fields (in the order of `SEARCH_FIELDS`) that has one:
   * see `model/search/snippet.ts`. Null for a message that does not exist, cannot be read, or does not match. Must not block other calls, however long the messages are.
   * `onRead` is charged for the records of the messages, at the latest shortly after they are read. Rejects: StorageError.
   */
  snippetsOf(
    request: SnippetRequest,
    refs: readonly MessageRef[],
    options?: ReadOptions,
  ): Promise<(readonly SnippetPart[] | null)[]>;

  /**
   * Where the store is now, for `changesSince`: everything that was acknowledged before the call lies before it. A reader takes the mark,
   * then reads, then asks for changes after the mark: what happened in between is told again, and nothing is missed.
   */
  mark(): Promise<string>;

  /**
   * What changed since a mark, of the sessions in a tree: not each mutation, but what all of them came to. The answer comes from the state of
   * the store, not from a log: a mark never expires, and outlives a restart and the loss of a cache. A page without changes still has a mark to
   * go on from, and a page can have fewer changes than `limit` although more follow.
   *
   * A reader that keeps what it has read, and applies the changes of each page in their order, has what a fresh read gives once
   * `isUpToDate` is true (and what has changed since the page was read is told later):
   *
   * - What it reads for a change is the state of now, which may be later than the page. All changes can be applied again.
   * - CREATED: it reads the session, which can come before its parent. ENTERED: it reads the session and all beneath it.
   * - LEFT: it drops the session and all that it has beneath it, but never `within`, which is beneath nothing even if it was moved there.
   *   DELETED: it drops the session alone.
   * - TRUNCATED: it drops the messages at `fromPosition` and later. APPENDED: it reads these anew. REPLACED: it reads those of `ordinals`
   *   anew. After each of these, and after UPDATED and MOVED, it reads what the session says of itself.
   * - A change of a session that it does not have, other than CREATED and ENTERED, is passed over. LEFT and DELETED can be of sessions that
   *   it was never told of.
   * - `isReset`: it reads all anew, after it has taken the mark.
   *
   * What came in, or went out, with a session above it has no changes of its own. `isReset` is true for a mark of another store's future (a
   * backup was put back), for a text that is no mark, and where somebody changed records without the store, so that it cannot know what
   * changed.
   *
   * `onWalk` is charged for changes that are not on the page, and for the sessions above those that are.
   * Rejects: SessionNotFoundError (there never was a session `within`), StorageError.
   */
  changesSince(request: ChangesRequest, options?: ReadOptions): Promise<ChangesPage>;

  /**
   * In which trees something happened since a mark: for a reader of many trees that need not ask each of them. The store knows that for
   * a while, as long as no session comes into a tree or leaves one: a reader that does not keep up looks at all trees. Costs as much as `mark`.
   */
  changedTrees(after: string): Promise<ChangedTrees>;

  /**
   * Calls `listener` soon after something changed, once for changes that come together, and never within a write. Returns a function that
   * ends this. The listener must not throw.
   */
  onChange(listener: () => void): () => void;

  /**
   * Tries whether the store can write now; no data changes. Rejects with a StorageError, whose message says why not, if it cannot. May
   * take as long as the storage takes to answer.
   */
  checkWritable(): Promise<void>;
}

/** A store that can be copied. Callers see no more of it than a `SessionReader`. */
export interface StoreReader extends SessionReader {
  /**
   * All that the store holds: a store that loads it answers every read, and every retry of an operation, as this one does. `parts` end with a
   * StorageError if something cannot be read, or if a session was changed while it was read: nobody else may write meanwhile.
   */
  dump(options?: ReadOptions): Dump;

  /** The id of the store that a `load` copies into this one, and that was not copied whole yet; null if there is none. */
  unfinishedLoad(): Promise<string | null>;
}

/** A store, as its owner has it. `test/repository/contract.ts` is the suite for it. */
export interface SessionStore extends SessionRepository, StoreReader {
  /**
   * Makes this store, which is empty, a copy of another. Sessions keep their order, in lists and among their siblings, and all else that
   * `DumpedSession` says, messages that truncations dropped too: a late retry of the truncation returns them. Ids of deleted sessions stay
   * taken. The copy keeps its own id: cursors and marks of the other store are of no use here, and are refused as those of another store.
   *
   * A load that was interrupted can be begun again, by another process too: sessions, tombstones and operations that are there stay as
   * they are, and nothing of these sessions' messages is read. Until one has come to its end, `unfinishedLoad` names the source, and nothing
   * else may write to the store, or rely on what it reads there.
   * Rejects: LoadRefusedError (the store has sessions that do not come from this source, or had some; another load is unfinished; a session
   * was changed here; the source has the same id, as this store itself has, and a copy of its records), StorageError; and with any error of `dump.parts`.
   */
  load(dump: Dump, options?: LoadOptions): Promise<Loaded>;
}
