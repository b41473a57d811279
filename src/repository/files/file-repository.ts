import {
  SessionArchivedError,
  SessionExistsError,
  SessionNotFoundError,
  StorageError,
} from '../../model/errors.ts';
import { newSessionId } from '../../model/id.ts';
import type { Limits } from '../../model/limits.ts';
import type { Message, NewMessage } from '../../model/message.ts';
import type { Operation } from '../../model/operation.ts';
import type { Session } from '../../model/session.ts';
import type {
  Appended,
  AppendMessages,
  Archived,
  ArchiveSession,
  CreateSession,
  Deleted,
  DeleteSession,
  ForkSession,
  MoveSession,
  ReadLimit,
  SearchPage,
  SearchRequest,
  SessionRepository,
  Truncated,
  TruncateHistory,
  UpdateSession,
} from '../repository.ts';
import { Claims } from './commit/claims.ts';
import { Committer } from './commit/committer.ts';
import { Gate } from './commit/gate.ts';
import { Operations } from './commit/operations.ts';
import { Deletions } from './deletions.ts';
import { DurableFiles, type DurableFilesParts } from './disk/durable.ts';
import { storageError } from './disk/storage-error.ts';
import { FileReader, type FileReaderParts } from './file-reader.ts';
import { ForeignChanges } from './foreign-changes.ts';
import { Forks } from './forks.ts';
import { Checkpoints } from './index/checkpoints.ts';
import { isSqliteError } from './index/statements.ts';
import { IndexWriter } from './index/writer.ts';
import { absoluteSessionPath, sessionPath } from './layout.ts';
import { appendRecords, createRecords, updateRecords, writtenAt } from './mutation.ts';
import type { Durability } from './options.ts';
import { Placements } from './placements.ts';
import { messageOf, stampOf, storedMessageOf } from './record.ts';
import { Rollbacks, type RolledBack } from './rollbacks.ts';
import type { LineFault } from './scan-lines.ts';
import { Searcher } from './search/searcher.ts';
import type { AppliedOperation } from './session-state.ts';
import { SessionWrites } from './session-writes.ts';
import { ShapeLog } from './shape-log.ts';
import { Sweep } from './sweep.ts';
import { ghostOf } from './tombstone.ts';
import { isFaultOfOneFile } from './unreadable-file.ts';

export interface FileRepositoryParts
  extends FileReaderParts,
    Pick<DurableFilesParts, 'store' | 'left' | 'unsynced'> {
  readonly limits: Pick<Limits, 'metadataBytes' | 'metadataDepth'>;
  readonly durability: Durability;
  /** The highest sequence number so far. */
  readonly lastSeq: number;
  /** Bytes of `store.jsonl`. */
  readonly storeLogSize: number;
  /** Lets go of the data directory; `lastSeq` is null where the index is not current. */
  readonly release: (lastSeq: number | null) => void;
}

/** The repository over plain files. FORMAT.md says what it writes, and what it promises. */
export class FileRepository extends FileReader implements SessionRepository {
  readonly #parts: FileRepositoryParts;
  readonly #writer: IndexWriter;
  readonly #files: DurableFiles;
  readonly #checkpoints: Checkpoints;
  readonly #committer: Committer;
  readonly #foreign: ForeignChanges;
  readonly #writes: SessionWrites;
  readonly #deletions: Deletions;
  readonly #placements: Placements;
  readonly #forks: Forks;
  readonly #rollbacks: Rollbacks;
  readonly #searcher: Searcher;
  /** What depends on the shape of the trees passes here: creations side by side, deletions alone. */
  readonly #gate = new Gate();
  readonly #operations = new Operations((id) => this.index.operation(id));
  /** Ids that a creation under way has taken. */
  readonly #claims = new Claims();
  /** Writes, and files that are read again. */
  #underWay = 0;
  #whenDone: PromiseWithResolvers<void> | null = null;
  readonly #sweep: Sweep;
  #closing: Promise<void> | null = null;

  constructor(parts: FileRepositoryParts) {
    super(parts);
    this.#parts = parts;
    this.#writer = new IndexWriter(parts.db);
    this.#files = new DurableFiles({ ...parts, durable: parts.durability === 'disk' });
    this.#checkpoints = new Checkpoints(parts.db, parts.layout.index, parts.logger);
    this.#committer = new Committer(parts, (large) => this.#checkpoints.changed(large));
    this.#searcher = new Searcher({ directory: parts.layout.root, store: parts.store }, parts.logger, () =>
      this.#committer.commitIndex(),
    );
    const shared = {
      ...parts,
      historyChanged: (sequence: number) => this.#searcher.changed(sequence),
      fileReplaced: (sequence: number) => this.#searcher.replaced(sequence),
      index: this.index,
      writer: this.#writer,
      files: this.#files,
      committer: this.#committer,
    };
    this.#foreign = new ForeignChanges(shared);
    this.#writes = new SessionWrites({ ...shared, foreign: this.#foreign });
    const tree = { ...shared, writes: this.#writes, shapeLog: new ShapeLog(shared) };
    this.#deletions = new Deletions(tree);
    this.#placements = new Placements(tree);
    this.#forks = new Forks(tree);
    this.#rollbacks = new Rollbacks(tree);
    this.#sweep = new Sweep(parts.db, parts.layout, (id) => this.#reread(id), parts.logger);
  }

  create(input: CreateSession, operation?: Operation): Promise<Session> {
    return this.#accept(
      operation,
      () => this.#create(input, operation),
      (applied) => this.#sessionOf(applied, { title: input.title ?? null, metadata: input.metadata ?? {} }),
    );
  }

  append(input: AppendMessages, operation?: Operation): Promise<Appended> {
    const { sessionId, messages, expectedVersion } = input;
    return this.#accept(
      operation,
      () =>
        this.#writes.submit(sessionId, {
          expectedVersion,
          operation,
          records: (stamp, state) => {
            if (state.archivedAt !== null) throw new SessionArchivedError(sessionId);
            return appendRecords(stamp, state, messages);
          },
          answer: (session, written, at) => ({
            session,
            messages: appended(
              sessionId,
              at,
              messages,
              written.effects.flatMap((effect) => effect.messages),
            ),
          }),
        }),
      (applied) => {
        const places = messages.map((_, n) => ({
          ordinal: (applied.ordinal ?? 0) + n,
          position: (applied.position ?? 0) + n,
          bytes: this.index.message(sessionId, (applied.ordinal ?? 0) + n)?.bytes ?? 0,
        }));
        const at = new Date(applied.at);
        return { session: this.#sessionOf(applied, {}), messages: appended(sessionId, at, messages, places) };
      },
    );
  }

  update(input: UpdateSession, operation?: Operation): Promise<Session> {
    return this.#accept(
      operation,
      () =>
        this.#writes.submit(input.id, {
          expectedVersion: input.expectedVersion,
          operation,
          records: (stamp, state) => updateRecords(stamp, state, input, this.#parts.limits),
          answer: (session) => session,
        }),
      (applied) => this.#sessionOf(applied, { title: input.title ?? null }),
    );
  }

  async delete(input: DeleteSession, operation?: Operation): Promise<Deleted> {
    if (input.dryRun) return this.#gate.exclusive(() => this.#deletions.plan(input));
    return this.#accept(
      operation,
      () => this.#gate.exclusive(() => this.#deletions.delete(input, operation)),
      ({ seq }) => ({ deletedIds: this.index.deletedBy(seq), reparentedIds: this.index.changedBy(seq) }),
    );
  }

  fork(input: ForkSession, operation?: Operation): Promise<Session> {
    return this.#accept(
      operation,
      () =>
        this.#claim(input.id, async (id) => {
          await this.refresh([input.sessionId]);
          await this.#forks.fork(id, input, operation);
          const session = this.index.session(id)!;
          this.#searcher.changed(session.sequence);
          return session;
        }),
      (applied) => this.#sessionOf(applied, { title: input.title ?? null }),
    );
  }

  move(input: MoveSession, operation?: Operation): Promise<Session> {
    return this.#accept(
      operation,
      () => this.#gate.exclusive(() => this.#placements.move(input, operation)),
      (applied) => this.#sessionOf(applied, {}),
    );
  }

  archive(input: ArchiveSession, operation?: Operation): Promise<Archived> {
    return this.#accept(
      operation,
      () => this.#gate.exclusive(() => this.#placements.archive(input, operation)),
      (applied) => ({
        session: this.#sessionOf(applied, {}),
        changedIds: this.index.changedBy(applied.seq),
      }),
    );
  }

  async truncate(input: TruncateHistory, limit: ReadLimit, operation?: Operation): Promise<Truncated> {
    const { sessionId } = input;
    const popped = async ({ session, dropped }: RolledBack) => ({
      session,
      popped: await this.readable(sessionId, dropped),
    });
    if (input.dryRun) {
      await this.refresh([sessionId]);
      return popped(this.#rollbacks.plan(input, limit));
    }
    return this.#accept(
      operation,
      async () => popped(await this.#rollbacks.truncate(input, limit, operation)),
      (applied) =>
        popped({
          session: this.#sessionOf(applied, {}),
          dropped: this.index.droppedBy(sessionId, applied.seq),
        }),
    );
  }

  search(request: SearchRequest): Promise<SearchPage> {
    return this.#searcher.search(request);
  }

  override close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    let isRelied = false;
    try {
      await this.#writesEnded();
      await this.#sweep.stop();
      this.#committer.close();
      await this.#searcher.close();
      const settled = await this.#files.close();
      // The journal has given its room back.
      this.#committer.close();
      await this.#checkpoints.close();
      await super.close();
      isRelied = settled && !this.#committer.isBehind && !this.#parts.db.doubtful;
    } finally {
      this.#parts.release(isRelied ? this.#committer.lastSeq : null);
    }
  }

  async #writesEnded(): Promise<void> {
    if (this.#underWay === 0) return;
    this.#whenDone = Promise.withResolvers();
    await this.#whenDone.promise;
  }

  protected override async refresh(ids: readonly string[]): Promise<void> {
    for (const id of new Set(ids)) if (!this.#foreign.isOpen(id)) await this.#reread(id);
  }

  protected override async damaged(id: string, faults: readonly LineFault[]): Promise<void> {
    await super.damaged(id, faults);
    await this.#reread(id, true);
  }

  /** Reads a session's file again where somebody else changed it; in any case when it is `known` to be damaged. */
  async #reread(id: string, known = false): Promise<void> {
    if (this.#closing || (!known && !this.#foreign.differs(id))) return;
    this.#underWay += 1;
    const release = await this.#writes.hold([id]);
    try {
      // It may have been this process that was writing: then it differs no longer.
      if (!known && !this.#foreign.differs(id)) return;
      const row = this.index.row(id);
      // What such an index says of a file may be old: nothing is cut by it.
      if (this.#committer.mustRestart) return;
      if (row) await this.#files.settle({ path: absoluteSessionPath(this.layout.root, id), size: row.size });
      this.logger.warn({ path: sessionPath(id) }, 'changed or damaged by somebody else: reading it again');
      await this.#foreign.reread(id);
    } catch (err) {
      // No reason not to read: each line is read by its own checksum.
      if (!isSqliteError(err) && !isFaultOfOneFile(err) && !(err instanceof StorageError)) throw err;
      this.logger.error({ err, path: sessionPath(id) }, 'the index could not take in what changed');
    } finally {
      release();
      this.#ended();
    }
  }

  /** Every write comes through here: refused once the store is closing, waited for by `close`. */
  async #accept<T>(
    operation: Operation | undefined,
    run: () => Promise<T>,
    replay: (applied: AppliedOperation) => T | Promise<T>,
  ): Promise<T> {
    if (this.#closing)
      throw new StorageError('The store is closing: nothing was recorded. Try again later.', true);
    this.#underWay += 1;
    try {
      return await this.#operations.once(operation, run, replay);
    } catch (reason) {
      const error = isSqliteError(reason) ? storageError(reason) : reason;
      if (error instanceof StorageError) this.logger.error({ err: error.cause ?? error }, error.message);
      throw error;
    } finally {
      this.#ended();
    }
  }

  #ended(): void {
    this.#underWay -= 1;
    if (this.#underWay === 0) this.#whenDone?.resolve();
  }

  #create(input: CreateSession, operation: Operation | undefined): Promise<Session> {
    return this.#claim(input.id, async (id) => {
      const session = await this.#createAs(id, input, operation);
      if (session.historyLength > 0) this.#searcher.changed(session.sequence);
      return session;
    });
  }

  /**
   * Creates a session with `create`, whose id is the one that was `named`, or a new one: while nobody else creates one with that id,
   * and nothing changes the shape of the trees.
   */
  #claim(named: string | null | undefined, create: (id: string) => Promise<Session>): Promise<Session> {
    const id = named ?? newSessionId();
    return this.#claims.during(id, () =>
      this.#gate.shared(() => {
        // A new one is 74 random bits beside the time: nobody has it, nor had.
        const taken = named == null ? null : this.index.idTaken(id);
        if (taken !== null) throw new SessionExistsError(id, taken);
        return create(id);
      }),
    );
  }

  async #createAs(id: string, input: CreateSession, operation: Operation | undefined): Promise<Session> {
    const parent = input.parentId != null ? this.index.row(input.parentId) : undefined;
    if (input.parentId != null && !parent) throw new SessionNotFoundError(input.parentId);
    if (parent && parent.archived_at !== null) throw new SessionArchivedError(parent.id);
    const path = absoluteSessionPath(this.layout.root, id);
    const whole = {
      ...input,
      id,
      userId: input.userId === undefined ? (parent?.user_id ?? null) : input.userId,
    };

    return this.#committer.commit({
      prepare: (seq) =>
        writtenAt(0, createRecords(stampOf(seq, new Date(), operation), this.#parts.store, whole), null),
      write: ({ bytes }) => this.#files.create(path, bytes),
      change:
        ({ state, effects }, mtime) =>
        () => {
          this.#writer.insertSession(state, mtime);
          if (input.id != null) this.#writer.linkOrphansOf(id);
          for (const effect of effects) this.#writer.addEffects(state.sequence, effect);
          return this.index.session(id)!;
        },
      undo: () => this.#files.uncreate(path),
    });
  }

  /** The session of an operation as it is now; where it was deleted since, what is left of it and what is `known`. */
  #sessionOf(applied: AppliedOperation, known: Partial<Session>): Session {
    const session = this.index.session(applied.sessionId);
    if (session) return session;
    const tombstone = this.index.tombstone(applied.sessionId);
    if (!tombstone) throw new StorageError('The session of this operation cannot be read.', false);
    return { ...ghostOf(tombstone), ...known };
  }
}

/** The messages as a read gives them, from what was handed in: for a retry that is the same, by its fingerprint. */
function appended(
  sessionId: string,
  at: Date,
  messages: readonly NewMessage[],
  places: readonly Pick<Message, 'ordinal' | 'position' | 'bytes'>[],
): Message[] {
  return messages.map((message, n) => {
    const { ordinal, position, bytes } = places[n]!;
    return messageOf(storedMessageOf(message), { sessionId, at, ordinal, position, bytes });
  });
}
