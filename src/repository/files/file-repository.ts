import { type IdHolder, SessionExistsError, StorageError } from '../../model/errors.ts';
import { type MessageRef, messageId, newSessionId } from '../../model/id.ts';
import type { Limits } from '../../model/limits.ts';
import { ALL_TEXTS, type Message } from '../../model/message.ts';
import type { Operation } from '../../model/operation.ts';
import type { SnippetPart } from '../../model/search/snippet.ts';
import type { Session } from '../../model/session.ts';
import type { ChangedTrees, ChangesPage, ChangesRequest } from '../changes.ts';
import type { Dump, Loaded, LoadOptions } from '../dump.ts';
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
} from '../mutations.ts';
import { completed, saidOf, sessionOfTombstone } from '../plans/deleted-session.ts';
import { originalOf } from '../plans/original-answer.ts';
import { sessionThere } from '../plans/session-there.ts';
import { type ReadOptions, throwIfOver } from '../read-options.ts';
import type { ReadLimit, SearchPage, SearchRequest, SnippetRequest } from '../reads.ts';
import { updateRecords } from '../records/mutation-records.ts';
import type { AppliedOperation } from '../records/session-state.ts';
import type { SessionStore } from '../repository.ts';
import { ChangeListeners } from '../runtime/change-listeners.ts';
import { IdempotencyRecords } from '../runtime/idempotency-records.ts';
import { KeyedMutex } from '../runtime/keyed-mutex.ts';
import type { StoreClock } from '../runtime/store-clock.ts';
import { WorkUnderWay } from '../runtime/work-under-way.ts';
import { TextAllowance } from '../text-allowance.ts';
import type { Committed } from './commit/commit-pipeline.ts';
import { Committer } from './commit/committer.ts';
import { ReadWriteLock } from './commit/read-write-lock.ts';
import type { DataDirectory } from './disk/data-directory.ts';
import type { FileStamp } from './disk/known-file.ts';
import { isSystemError, storageError } from './disk/storage-error.ts';
import { tryWriting } from './disk/try-writing.ts';
import type { DurableFiles } from './durable/durable-files.ts';
import { sessionPath } from './format/layout.ts';
import { Checkpoints } from './index/checkpoints.ts';
import type { SessionRow } from './index/session-row.ts';
import { isSqliteError } from './index/statements.ts';
import { IndexWriter } from './index/writer.ts';
import { FileReader, type FileReaderParts } from './read/file-reader.ts';
import { MessageReader } from './read/message-reader.ts';
import { readingWith } from './read/reading.ts';
import { ChangedFiles } from './recovery/changed-files.ts';
import { ExternalChanges } from './recovery/external-changes.ts';
import { isAllKnown } from './recovery/faulty-files.ts';
import { Sweep } from './recovery/sweep.ts';
import type { LineFault } from './scan/scan-lines.ts';
import type { StoreLogFile } from './scan/store-log.ts';
import { Searcher } from './search/searcher.ts';
import { Creations } from './write/creations.ts';
import { type BeforeCommit, Deletions } from './write/deletions.ts';
import type { FileHistoryViewParts } from './write/file-history-view.ts';
import { Forks } from './write/forks.ts';
import { Histories } from './write/histories.ts';
import { HistoryWrites } from './write/history-writes.ts';
import { Loads } from './write/loads.ts';
import { MovesAndArchivals } from './write/moves-and-archivals.ts';
import { Redactions } from './write/redactions.ts';
import { Restorations } from './write/restorations.ts';
import { SessionKeys } from './write/session-keys.ts';
import { SessionWrites } from './write/session-writes.ts';
import { TreeLog } from './write/tree-log.ts';

export interface FileRepositoryParts extends FileReaderParts {
  readonly files: DurableFiles;
  readonly limits: Pick<Limits, 'metadataBytes' | 'metadataDepth'>;
  /** If false, the system decides when writes reach the disk. */
  readonly durable: boolean;
  /** The highest sequence number so far. */
  readonly lastSeq: number;
  /** `store.jsonl` as the start has read it. */
  readonly storeLog: StoreLogFile;
  readonly clock: StoreClock;
  readonly onCommit: Committed | null;
  /** The `sequence` of each session whose faulty file was read again at the start. */
  readonly replaced: readonly number[];
  /** Faulty files as the start has read them, by session id. */
  readonly faulty: ReadonlyMap<string, FileStamp>;
  readonly data: Pick<DataDirectory, 'removeStore' | 'removeDirectories'>;
  /** Releases the data directory. `lastSeq` is null if the index is not current. */
  readonly release: (lastSeq: number | null) => void;
}

/** The repository on plain files. FORMAT.md specifies the files and the guarantees. */
export class FileRepository extends FileReader implements SessionStore {
  readonly #parts: FileRepositoryParts;
  readonly #checkpoints: Checkpoints;
  readonly #committer: Committer;
  readonly #changedFiles: ChangedFiles;
  readonly #writes: SessionWrites;
  readonly #creations: Creations;
  readonly #treeLog: TreeLog;
  readonly #deletions: Deletions;
  readonly #movesAndArchivals: MovesAndArchivals;
  readonly #forks: Forks;
  readonly #restorations: Restorations;
  readonly #loads: Loads;
  readonly #historyWrites: HistoryWrites;
  readonly #histories: Histories;
  readonly #redactions: Redactions;
  readonly #messages: MessageReader;
  readonly #searcher: Searcher;
  /** Creations, forks and restorations hold the tree lock shared; moves, archivals and deletions hold it exclusively. */
  readonly #treeLock = new ReadWriteLock();
  readonly #idempotency = new IdempotencyRecords((id, caller) => this.index.operation(id, caller));
  readonly #keys: SessionKeys;
  /** The ids of sessions that are being created. */
  readonly #newIds = new KeyedMutex();
  /** Running writes, and rereads of changed files. */
  readonly #underWay = new WorkUnderWay();
  readonly #sweep: Sweep;
  readonly #listeners = new ChangeListeners();
  #closing: Promise<void> | null = null;
  /** All mutations that wait for it share one try. */
  #announcing: Promise<void> | null = null;
  /** All who ask at once share one try: it has one file. */
  #tryingToWrite: Promise<void> | null = null;

  constructor(parts: FileRepositoryParts) {
    super(parts);
    this.#parts = parts;
    this.#checkpoints = new Checkpoints(parts.db, parts.layout.index, parts.logger);
    this.#committer = new Committer(parts, (large) => {
      this.#checkpoints.changed(large);
      this.#searcher.indexChanged();
      this.#listeners.changed();
    });
    this.#searcher = new Searcher({ directory: parts.layout.root, store: parts.store }, parts.logger, () =>
      this.#committer.commitIndex(),
    );
    const shared = {
      ...parts,
      historyChanged: (sequence: number) => this.#searcher.changed(sequence),
      lines: this.lines,
      isClosing: () => this.#underWay.isClosed,
      fileReplaced: (sequence: number) => {
        this.#searcher.replaced([sequence]);
        this.#listeners.changed();
      },
      index: this.index,
      walks: this.walks,
      writer: new IndexWriter(parts.db, parts.clock),
      committer: this.#committer,
    };
    const external = new ExternalChanges(shared);
    this.#writes = new SessionWrites({ ...shared, external });
    this.#changedFiles = new ChangedFiles({
      ...shared,
      external,
      treeLock: this.#treeLock,
      creations: this.#newIds,
      underWay: this.#underWay,
      hold: (ids) => this.#writes.hold(ids),
    });
    this.#creations = new Creations(shared);
    this.#keys = new SessionKeys(shared);
    this.#treeLog = new TreeLog(shared);
    const tree = { ...shared, keys: this.#keys, writes: this.#writes, treeLog: this.#treeLog };
    this.#deletions = new Deletions(tree);
    this.#movesAndArchivals = new MovesAndArchivals(tree);
    this.#forks = new Forks(tree);
    this.#restorations = new Restorations(shared);
    this.#loads = new Loads({ ...tree, restorations: this.#restorations });
    this.#messages = new MessageReader({
      ...shared,
      refresh: (ids, options) => this.refresh(ids, options),
      damaged: (id, faults) => this.#damagedForWrite(id, faults),
    });
    const read: FileHistoryViewParts['read'] = async (asked, locations, reading) =>
      (await this.#messages.read(asked, locations, reading)).items;
    this.#historyWrites = new HistoryWrites({ ...shared, read, writes: this.#writes });
    this.#histories = new Histories({
      index: this.index,
      writes: this.#historyWrites,
      creations: this.#creations,
      keys: this.#keys,
      limits: parts.limits,
      withId: (named, create) => this.#withId(named, create),
      inSight: (ids, sight) => this.walks.inSight(ids, sight),
    });
    this.#redactions = new Redactions({
      ...shared,
      external,
      read,
      writes: this.#writes,
      inTreeLock: (work) => this.#treeLock.exclusive(work),
      refreshInLock: (id) => this.#changedFiles.refreshInLock(id),
      scrubSearch: (sequences) => this.#searcher.scrub(sequences),
      forgetTexts: () => this.forgetTexts(),
    });
    this.#searcher.replaced(parts.replaced);
    this.#sweep = new Sweep({
      ...parts,
      changed: (id) => this.#changedFiles.reread(id),
      ended: () => external.forgetStrays(),
    });
  }

  /** Call once, before anything is written. If the log cannot be written, the next mutation tries again. */
  async announceFormat(): Promise<void> {
    try {
      await this.#formatAnnounced();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.logger.warn(
        { err: error.cause ?? error },
        'the log of the store cannot say that its format is newer: mutations are refused until it can',
      );
    }
  }

  /** Completes a redaction that an earlier process has begun. Call once, before anything is written. */
  resumeRedaction(): Promise<void> {
    return this.#redactions.resume();
  }

  /** Rejects with a StorageError if the log cannot be written. */
  #formatAnnounced(): Promise<void> {
    this.#announcing ??= this.#treeLock
      .exclusive(() => this.#treeLog.announceFormat())
      .finally(() => {
        this.#announcing = null;
      });
    return this.#announcing;
  }

  create(input: CreateSession, operation?: Operation): Promise<Session> {
    return this.#accept(
      operation,
      [input.id, input.parentId],
      () =>
        this.#withId(input.id, (id, taken) => {
          if (taken !== null) throw SessionExistsError.id(id, taken);
          return this.#keys.giving(
            id,
            input.key,
            () => this.#keys.ownerOfNew(input),
            () => this.#creations.create(id, input, operation),
          );
        }),
      (applied) => this.#createdBefore(applied, input),
    );
  }

  getOrCreate(input: CreateSession, operation?: Operation): Promise<Created> {
    const { key } = input;
    return this.#accept(
      operation,
      [input.id, input.parentId],
      () =>
        this.#withId(input.id, (id, taken) => {
          const create = async (holder: SessionRow | null) => {
            const there = sessionThere(input, this.index.row(id), holder, taken);
            if (there) return { session: this.index.sessionOf(there), isNew: false };
            return { session: await this.#creations.create(id, input, operation), isNew: true };
          };
          return key == null ? create(null) : this.#keys.holding(key, this.#keys.ownerOfNew(input), create);
        }),
      (applied) => ({ session: this.#createdBefore(applied, input), isNew: true }),
    );
  }

  #createdBefore(applied: AppliedOperation, input: CreateSession): Session {
    return this.#sessionOf(applied, { ...saidOf(input), metadata: input.metadata ?? {} });
  }

  async append(
    input: AppendMessages,
    operation?: Operation,
    limit: ReadLimit | null = null,
  ): Promise<Appended> {
    const limits = { messages: limit, removed: null };
    const { session, messages } = await this.#accept(
      operation,
      [input.sessionId],
      () => this.#historyWrites.write(input, limits, operation),
      (applied) => this.#historyWrites.again(applied, this.#sessionOf(applied, {}), input, limits),
    );
    return { session, messages };
  }

  writeHistory(input: WriteHistory, limits: AnswerLimits, operation?: Operation): Promise<WrittenHistory> {
    const { sessionId, create } = input;
    return this.#accept(
      operation,
      [sessionId, create?.parentId],
      () => this.#histories.write(input, limits, operation),
      (applied) => this.#histories.again(applied, input, limits, (known) => this.#sessionOf(applied, known)),
    );
  }

  update(input: UpdateSession, operation?: Operation): Promise<Session> {
    const { sessionId, key } = input;
    const write = () =>
      this.#writes.submit(sessionId, {
        expectedVersion: input.expectedVersion,
        operation,
        records: (stamp, state) => updateRecords(stamp, state, input, this.#parts.limits),
        answer: (session) => session,
      });
    return this.#accept(
      operation,
      [sessionId],
      () =>
        key == null
          ? write()
          : this.#treeLock.shared(() =>
              this.#keys.giving(sessionId, key, () => this.#keys.ownerOf(sessionId), write),
            ),
      (applied) => this.#sessionOf(applied, saidOf(input)),
    );
  }

  async planDelete(input: DeleteSession, options?: ReadOptions): Promise<Deleted> {
    throwIfOver(options);
    await this.#changedFiles.look([input.sessionId], options);
    return this.#deletions.foresee(input, options);
  }

  delete(input: DeleteSession, operation?: Operation): Promise<Deleted> {
    return this.#accept(
      operation,
      [input.sessionId],
      () => this.#delete(input, operation),
      async (applied) => {
        const { sessionId, seq } = applied;
        if (input.purge) await this.#redactions.completed();
        const original = originalOf(applied);
        return {
          parentId: this.index.tombstone(sessionId)?.parentId ?? null,
          deletedIds: original ? (original.deletedIds ?? []) : await this.walks.deletedBy(seq),
          reparentedIds: await this.#changedBy(applied),
        };
      },
    );
  }

  #delete(input: DeleteSession, operation: Operation | undefined): Promise<Deleted> {
    const run = (beforeCommit?: BeforeCommit) =>
      this.#deletions.delete(input, operation, (work) => this.#treeLock.exclusive(work), beforeCommit);
    return input.purge ? this.#redactions.delete(run) : run();
  }

  fork(input: ForkSession, operation?: Operation, onWrite?: (bytes: number) => void): Promise<Session> {
    return this.#accept(
      operation,
      [input.id, input.sessionId],
      () =>
        this.#withId(input.id, async (id, taken) => {
          if (taken !== null) throw SessionExistsError.id(id, taken);
          await this.#changedFiles.refreshInLock(input.sessionId);
          await this.#keys.giving(
            id,
            input.key,
            () => this.#forks.ownerOf(input),
            () => this.#forks.fork(id, input, operation, onWrite),
          );
          const session = this.index.session(id)!;
          this.#searcher.changed(session.sequence);
          return session;
        }),
      (applied) => this.#sessionOf(applied, saidOf(input)),
    );
  }

  restore(input: RestoreSession): Promise<Session> {
    const { id, parentId, key } = input;
    return this.#accept(
      undefined,
      [id, parentId],
      () =>
        this.#withId(id, (_, taken) => {
          if (taken !== null) throw SessionExistsError.id(id, taken);
          return this.#keys.giving(
            id,
            key,
            () => this.#keys.ownerOfNew(input),
            () => this.#restorations.restore(input),
          );
        }),
      () => this.index.session(id)!,
    );
  }

  load(dump: Dump, options?: LoadOptions): Promise<Loaded> {
    const load = () => this.#treeLock.exclusive(() => this.#loads.load(dump, options));
    return this.#accept(undefined, [], load, load);
  }

  move(input: MoveSession, operation?: Operation): Promise<Moved> {
    return this.#accept(
      operation,
      [input.sessionId, input.parentId],
      () => this.#treeLock.exclusive(() => this.#movesAndArchivals.move(input, operation)),
      (applied) => {
        const original = originalOf(applied);
        const formerParentId = original
          ? (original.formerParentId ?? null)
          : this.index.formerParent(applied.sessionId, applied.seq);
        return { session: this.#sessionOf(applied, {}), formerParentId };
      },
    );
  }

  archive(input: ArchiveSession, operation?: Operation): Promise<Archived> {
    return this.#accept(
      operation,
      [input.sessionId],
      () => this.#treeLock.exclusive(() => this.#movesAndArchivals.archive(input, operation)),
      async (applied) => ({
        changedIds: await this.#changedBy(applied),
        session: this.#sessionOf(applied, {}),
      }),
    );
  }

  /** The sessions that the answer of an operation lists as changed. */
  async #changedBy(applied: AppliedOperation): Promise<readonly string[]> {
    const original = originalOf(applied);
    return original ? (original.changedIds ?? []) : await this.walks.changedBy(applied.seq);
  }

  async planTruncate(input: TruncateHistory, limit: ReadLimit | null): Promise<Truncated> {
    throwIfOver(limit ?? {});
    await this.refresh([input.sessionId], limit ?? undefined);
    return await this.#historyWrites.foresee(input, { messages: null, removed: limit });
  }

  async truncate(input: TruncateHistory, limit: ReadLimit | null, operation?: Operation): Promise<Truncated> {
    const limits = { messages: null, removed: limit };
    const { session, removedCount, removed } = await this.#accept(
      operation,
      [input.sessionId],
      () =>
        input.purge
          ? this.#redactions.truncate(input, limits, operation)
          : this.#historyWrites.write({ ...input, isTruncation: true }, limits, operation),
      async (applied) => {
        if (input.purge) await this.#redactions.completed();
        return this.#historyWrites.again(applied, this.#sessionOf(applied, {}), {}, limits);
      },
    );
    return { session, removedCount, removed };
  }

  redact(input: RedactMessages, operation?: Operation): Promise<Redacted> {
    return this.#accept(
      operation,
      input.messages.map(({ sessionId }) => sessionId),
      async () => {
        await this.#redactions.redact(input, operation);
        return this.#redacted(input);
      },
      async () => {
        await this.#redactions.completed();
        return this.#redacted(input);
      },
    );
  }

  /** The messages as they are now. A session may have been deleted since, when a redaction is asked for again. */
  async #redacted({ messages }: RedactMessages): Promise<Redacted> {
    const found = new Map<string, Message>();
    for (const [sessionId, refs] of Map.groupBy(messages, (message) => message.sessionId)) {
      const locations = [...new Set(refs.map(({ ordinal }) => ordinal))]
        .map((ordinal) => this.index.messageEver(sessionId, ordinal))
        .filter((location) => location !== null)
        .sort((one, other) => one.offset - other.offset);
      const reading = readingWith(new TextAllowance(), undefined);
      const { items } = await this.#messages.read({ sessionId, shown: ALL_TEXTS }, locations, reading);
      for (const message of items) found.set(messageId(message), message);
    }
    const ids = new Set(messages.map(messageId));
    return { messages: [...ids].flatMap((id) => found.get(id) ?? []) };
  }

  override async findMany(ids: readonly string[], options?: ReadOptions): Promise<(Session | null)[]> {
    const found = this.findFew(ids, options) ?? (await super.findMany(ids, options));
    // The file of a session that is missing or damaged may have been restored.
    const doubtful = ids.filter((id, n) => found[n] === null || this.index.isFaulty(id));
    const isAnyRead = doubtful.length > 0 && (await this.#changedFiles.look(doubtful, options));
    return isAnyRead ? super.findMany(ids, options) : found;
  }

  search(request: SearchRequest, options?: ReadOptions): Promise<SearchPage> {
    return this.#searcher.search(request, options);
  }

  snippetsOf(
    request: SnippetRequest,
    refs: readonly MessageRef[],
    options?: ReadOptions,
  ): Promise<(readonly SnippetPart[] | null)[]> {
    return this.#searcher.snippetsOf(request, refs, options);
  }

  async mark(): Promise<string> {
    return this.index.mark();
  }

  changesSince(request: ChangesRequest, options?: ReadOptions): Promise<ChangesPage> {
    return this.walks.changesSince(request, options);
  }

  async changedTrees(mark: string): Promise<ChangedTrees> {
    const { mark: now, after } = this.index.markAfter(mark);
    return { rootIds: after === null ? null : this.#committer.trees.since(after), mark: now };
  }

  onChange(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  async checkWritable(): Promise<void> {
    if (this.#underWay.isClosed) throw closing();
    this.#committer.check();
    this.#tryingToWrite ??= tryWriting(this.#parts.layout, this.#parts.durable).finally(() => {
      this.#tryingToWrite = null;
    });
    await this.#tryingToWrite;
  }

  override close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** See `OpenedRepository.discard`. */
  discard(): Promise<void> {
    this.#closing ??= this.#close(true);
    return this.#closing;
  }

  async #close(isDiscarded = false): Promise<void> {
    let isRelied = false;
    try {
      const isCurrent = await this.#end().finally(() => super.close());
      isRelied = isCurrent;
    } finally {
      const { data, release } = this.#parts;
      let isGone = isDiscarded;
      try {
        isGone &&= data.removeStore();
      } finally {
        release(isRelied && !isGone ? this.#committer.lastSeq : null);
      }
      if (isGone) data.removeDirectories();
    }
  }

  /** Finishes all running work. Resolves with true if the index is current. */
  async #end(): Promise<boolean> {
    await this.#underWay.close();
    await this.#sweep.stop();
    this.#committer.close();
    const searchEnded = this.#searcher.close();
    const settled = await this.#parts.files.close().finally(() => searchEnded);
    // Again: the removed journal may have freed the room that the index needed.
    this.#committer.close();
    await this.#checkpoints.close();
    const { db, layout } = this.#parts;
    return settled && !this.#committer.isBehind && !db.doubtful && isAllKnown(layout, db);
  }

  protected override refresh(ids: readonly string[], options?: ReadOptions): Promise<void> {
    return this.#changedFiles.refresh(ids, options);
  }

  protected override lookAgain(ids: readonly string[], options?: ReadOptions): Promise<void> {
    return this.#changedFiles.lookAgain(ids, options);
  }

  protected override async damaged(
    id: string,
    faults: readonly LineFault[],
    options?: ReadOptions,
  ): Promise<void> {
    await super.damaged(id, faults);
    await this.#changedFiles.reread(id, { known: true, options });
  }

  /** As `damaged`, but the file is read again later: that waits for the session's queue, in which the write is running. */
  async #damagedForWrite(id: string, faults: readonly LineFault[]): Promise<void> {
    await super.damaged(id, faults);
    this.#changedFiles.reread(id, { known: true }).catch((err: unknown) => {
      this.logger.warn({ err, path: sessionPath(id) }, 'a damaged file could not be read again');
    });
  }

  /** Every write passes here. It is refused once the store is closing; `close` waits for running ones. */
  async #accept<T>(
    operation: Operation | undefined,
    /** Sessions of the input. One that the index does not know may have a file that was added from outside. */
    ids: readonly (string | null | undefined)[],
    run: () => Promise<T>,
    replay: (applied: AppliedOperation) => T | Promise<T>,
  ): Promise<T> {
    if (this.#underWay.isClosed) throw closing();
    this.#underWay.begin();
    try {
      if (ids.some((id) => id != null && !this.index.has(id))) await this.#changedFiles.look(ids);
      const write = () =>
        this.#treeLog.isFormatAnnounced ? run() : this.#formatAnnounced().then(() => run());
      return await this.#idempotency.once(operation, write, replay);
    } catch (reason) {
      const error = isSqliteError(reason) || isSystemError(reason) ? storageError(reason) : reason;
      if (error instanceof StorageError) this.logger.error({ err: error.cause ?? error }, error.message);
      throw error;
    } finally {
      this.#underWay.end();
    }
  }

  /**
   * Calls `create` with the id `named`, or with a new id, holding the mutex of that id and the tree lock (shared). `taken`: what has the id, so that no
   * new session can; null if one can.
   */
  #withId<T>(
    named: string | null | undefined,
    create: (id: string, taken: IdHolder | null) => Promise<T>,
  ): Promise<T> {
    const id = named ?? newSessionId(this.#parts.clock.now().getTime());
    return this.#newIds.during(id, () =>
      // A new id needs no check: it has 74 random bits beside the time.
      this.#treeLock.shared(async () => create(id, named == null ? null : this.index.idHolder(id))),
    );
  }

  /** The current session of a recorded operation. If it was deleted since, its tombstone completed with the fields of `known`. */
  #sessionOf(applied: AppliedOperation, known: Partial<Session>): Session {
    const session = this.index.session(applied.sessionId);
    if (session) return session;
    const tombstone = this.index.tombstone(applied.sessionId);
    if (tombstone && tombstone.last === null)
      throw new StorageError(
        'The operation was done, and its session was deleted since, with all that its answer would say.',
        false,
      );
    if (!tombstone) throw new StorageError('The session of this operation cannot be read.', false);
    return completed(sessionOfTombstone(tombstone), known);
  }
}

function closing(): StorageError {
  return new StorageError('The store is closing: nothing was recorded. Try again later.', true);
}
