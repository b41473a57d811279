import { StorageError } from '../../model/errors.ts';
import { type MessageRef, newSessionId } from '../../model/id.ts';
import type { Operation } from '../../model/operation.ts';
import type { ModelUsage, SessionRollup } from '../../model/rollup.ts';
import type { SnippetPart } from '../../model/search/snippet.ts';
import type { ChildFilter, Damage, Session, SessionFilter, SessionOrder } from '../../model/session.ts';
import type { Sight } from '../../model/sight.ts';
import type { UsageGroup } from '../../model/usage-report.ts';
import type { Broadcast } from '../broadcast.ts';
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
import { completed, saidOf } from '../plans/deleted-session.ts';
import type { ReadOptions } from '../read-options.ts';
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
} from '../reads.ts';
import type { AppliedOperation } from '../records/session-state.ts';
import type { SessionStore } from '../repository.ts';
import { IdempotencyRecords } from '../runtime/idempotency-records.ts';
import { KeyedMutex } from '../runtime/keyed-mutex.ts';
import { WorkUnderWay } from '../runtime/work-under-way.ts';
import { ChangeReads } from './changes/change-reads.ts';
import type { Epoch } from './changes/epoch.ts';
import type { Notices } from './changes/notices.ts';
import { storageErrorOf } from './connection/postgres-error.ts';
import { StoreDump } from './copy/dump.ts';
import { sourceOfLoad } from './copy/load-mark.ts';
import { Loads } from './copy/loads.ts';
import { HistoryReads } from './read/history-reads.ts';
import { KinReads } from './read/kin-reads.ts';
import { ListReads } from './read/list-reads.ts';
import { SessionReads } from './read/session-reads.ts';
import { UsageReads } from './read/usage-reads.ts';
import { SearchReads } from './search/search-reads.ts';
import { Deletions } from './write/deletions.ts';
import { Forks } from './write/forks.ts';
import { Histories } from './write/histories.ts';
import { MovesAndArchivals } from './write/moves-and-archivals.ts';
import { findOperation, unnamedOperation } from './write/operation-rows.ts';
import type { WriteParts } from './write/parts.ts';
import { Redactions } from './write/redactions.ts';
import { Restorations } from './write/restorations.ts';
import { buriedSession } from './write/tombstones.ts';
import { AlreadyAppliedError, readForAnswer } from './write/tries.ts';
import { Updates } from './write/updates.ts';

export interface PostgresRepositoryParts extends WriteParts {
  readonly epoch: Epoch;
  readonly listeners: Notices;
  readonly broadcast: Broadcast;
  /** Called once all work has ended. */
  readonly release: () => Promise<void>;
}

/** The repository in PostgreSQL. `docs/postgres.md` describes the guarantees, `migrations/tables.ts` the tables. */
export class PostgresRepository implements SessionStore {
  readonly storeId: string;
  readonly broadcast: Broadcast;
  readonly #parts: PostgresRepositoryParts;
  readonly #sessions: SessionReads;
  readonly #kin: KinReads;
  readonly #lists: ListReads;
  readonly #histories: HistoryReads;
  readonly #usage: UsageReads;
  readonly #search: SearchReads;
  readonly #changes: ChangeReads;
  readonly #historyWrites: Histories;
  readonly #updates: Updates;
  readonly #movesAndArchivals: MovesAndArchivals;
  readonly #deletions: Deletions;
  readonly #forks: Forks;
  readonly #restorations: Restorations;
  readonly #redactions: Redactions;
  readonly #loads: Loads;
  readonly #idempotency: IdempotencyRecords;
  /** Ids and keys that are being given to sessions: mutations of this instance do not race for them in the database. */
  readonly #given = new KeyedMutex();
  readonly #underWay = new WorkUnderWay();
  #closing: Promise<void> | null = null;

  constructor(parts: PostgresRepositoryParts) {
    this.storeId = parts.storeId;
    this.broadcast = parts.broadcast;
    this.#parts = parts;
    this.#sessions = new SessionReads(parts);
    this.#kin = new KinReads(parts);
    this.#lists = new ListReads(parts);
    this.#histories = new HistoryReads(parts);
    this.#usage = new UsageReads(parts);
    this.#search = new SearchReads(parts);
    this.#changes = new ChangeReads(parts);
    this.#historyWrites = new Histories(parts);
    this.#updates = new Updates(parts);
    this.#movesAndArchivals = new MovesAndArchivals(parts);
    this.#deletions = new Deletions(parts);
    this.#forks = new Forks(parts);
    this.#restorations = new Restorations(parts);
    this.#redactions = new Redactions(parts);
    this.#loads = new Loads(parts);
    this.#idempotency = new IdempotencyRecords((id, caller) => findOperation(parts.database, { id, caller }));
  }

  findByKeys(requests: readonly SessionKey[], options?: ReadOptions): Promise<(Session | null)[]> {
    return this.#read(() => this.#sessions.findByKeys(requests, options));
  }

  areInSight(ids: readonly string[], sight: Sight, options?: ReadOptions): Promise<boolean[]> {
    return this.#read(() => this.#sessions.areInSight(ids, sight, options));
  }

  findMany(ids: readonly string[], options?: ReadOptions): Promise<(Session | null)[]> {
    return this.#read(() => this.#sessions.findMany(ids, options));
  }

  metadataOf(ids: readonly string[], options?: ReadOptions): Promise<(string | null)[]> {
    return this.#read(() => this.#sessions.metadataOf(ids, options));
  }

  async damageOf(ids: readonly string[]): Promise<(readonly Damage[])[]> {
    return ids.map(() => []);
  }

  childrenOf(requests: readonly ChildrenRequest[], options?: ReadOptions): Promise<Page<Session>[]> {
    return this.#read(() => this.#kin.childrenOf(requests, options));
  }

  countChildren(scopes: readonly ChildrenScope[], options?: ReadOptions): Promise<number[]> {
    return this.#read(() => this.#kin.countChildren(scopes, options));
  }

  descendantsOf(
    ids: readonly string[],
    page: PageRequest<string>,
    maxDepth: number | null,
    filter?: ChildFilter | null,
    options?: ReadOptions,
  ): Promise<Page<Session>[]> {
    return this.#read(() => this.#kin.descendantsOf(ids, page, maxDepth, filter, options));
  }

  countDescendants(
    ids: readonly string[],
    maxDepth: number | null,
    filter?: ChildFilter | null,
    options?: ReadOptions,
  ): Promise<number[]> {
    return this.#read(() => this.#kin.countDescendants(ids, maxDepth, filter, options));
  }

  forksOf(requests: readonly ForksRequest[], options?: ReadOptions): Promise<Page<Session>[]> {
    return this.#read(() => this.#kin.forksOf(requests, options));
  }

  countForks(scopes: readonly ForksScope[], options?: ReadOptions): Promise<number[]> {
    return this.#read(() => this.#kin.countForks(scopes, options));
  }

  ancestorsOf(ids: readonly string[], options?: ReadOptions): Promise<Session[][]> {
    return this.#read(() => this.#sessions.ancestorsOf(ids, options));
  }

  historyOf(
    requests: readonly HistoryRequest[],
    maxBytes: number,
    options?: ReadOptions,
  ): Promise<HistoryPage[]> {
    return this.#read(() => this.#histories.historyOf(requests, maxBytes, options));
  }

  countHistory(requests: readonly HistoryScope[], options?: ReadOptions): Promise<number[]> {
    return this.#read(() => this.#histories.countHistory(requests, options));
  }

  findMessages(requests: readonly MessageRequest[], maxBytes: number, options?: ReadOptions) {
    return this.#read(() => this.#histories.findMessages(requests, maxBytes, options));
  }

  findMessagesByKey(requests: readonly KeyedMessageRequest[], maxBytes: number, options?: ReadOptions) {
    return this.#read(() => this.#histories.findMessagesByKey(requests, maxBytes, options));
  }

  findToolResults(requests: readonly ToolResultRequest[], maxBytes: number, options?: ReadOptions) {
    return this.#read(() => this.#histories.findToolResults(requests, maxBytes, options));
  }

  findSpawned(calls: readonly SpawnedRequest[], options?: ReadOptions): Promise<(Session | null)[]> {
    return this.#read(() => this.#kin.findSpawned(calls, options));
  }

  rollupsOf(ids: readonly string[], options?: ReadOptions): Promise<(SessionRollup | null)[]> {
    return this.#read(() => this.#usage.rollupsOf(ids, options));
  }

  modelUsagesOf(ids: readonly string[], options?: ReadOptions): Promise<(readonly ModelUsage[] | null)[]> {
    return this.#read(() => this.#usage.modelUsagesOf(ids, options));
  }

  usageReport(request: UsageReportRequest, options?: ReadOptions): Promise<readonly UsageGroup[]> {
    return this.#read(() => this.#usage.usageReport(request, options));
  }

  list(
    filter: SessionFilter,
    order: SessionOrder,
    page: PageRequest<ListKey>,
    options?: ReadOptions,
  ): Promise<Page<Session>> {
    return this.#read(() => this.#lists.list(filter, order, page, options));
  }

  count(filter: SessionFilter, options?: ReadOptions): Promise<number> {
    return this.#read(() => this.#lists.count(filter, options));
  }

  copyDetailsOf(ids: readonly string[]): Promise<(CopyDetails | null)[]> {
    return this.#read(() => this.#usage.copyDetailsOf(ids));
  }

  status(sight: Sight | null = null, options?: ReadOptions): Promise<StoreStatus> {
    return this.#read(() => this.#lists.status(sight, options));
  }

  search(request: SearchRequest, options?: ReadOptions): Promise<SearchPage> {
    return this.#read(() => this.#search.search(request, options));
  }

  snippetsOf(
    request: SnippetRequest,
    refs: readonly MessageRef[],
    options?: ReadOptions,
  ): Promise<(readonly SnippetPart[] | null)[]> {
    return this.#read(() => this.#search.snippetsOf(request, refs, options));
  }

  mark(): Promise<string> {
    return this.#read(() => this.#changes.mark());
  }

  changesSince(request: ChangesRequest, options?: ReadOptions): Promise<ChangesPage> {
    return this.#read(() => this.#changes.changesSince(request, options));
  }

  changedTrees(after: string): Promise<ChangedTrees> {
    return this.#read(() => this.#changes.changedTrees(after));
  }

  onChange(listener: () => void): () => void {
    return this.#parts.listeners.add(listener);
  }

  create(input: CreateSession, operation?: Operation): Promise<Session> {
    return this.#accept(
      operation,
      (own) => this.#giving(input, (id) => this.#parts.creations.create(id, input, own)),
      (applied) => this.#createdBefore(applied, input),
    );
  }

  getOrCreate(input: CreateSession, operation?: Operation): Promise<Created> {
    return this.#accept(
      operation,
      (own) => this.#giving(input, (id) => this.#parts.creations.getOrCreate(id, input, own)),
      async (applied) => ({ session: await this.#createdBefore(applied, input), isNew: true }),
    );
  }

  #createdBefore(applied: AppliedOperation, input: CreateSession): Promise<Session> {
    return this.#sessionOf(applied, { ...saidOf(input), metadata: input.metadata ?? {} });
  }

  async append(
    input: AppendMessages,
    operation?: Operation,
    limit: ReadLimit | null = null,
  ): Promise<Appended> {
    return await this.#accept(
      operation,
      (own) => this.#historyWrites.append(input, limit, own),
      async (applied) =>
        this.#historyWrites.appendAgain(applied, input, limit, await this.#sessionOf(applied, {})),
    );
  }

  writeHistory(input: WriteHistory, limits: AnswerLimits, operation?: Operation): Promise<WrittenHistory> {
    return this.#accept(
      operation,
      (own) => this.#historyWrites.write(input, limits, own),
      (applied) =>
        this.#historyWrites.writeAgain(applied, input, limits, (known) => this.#sessionOf(applied, known)),
    );
  }

  update(input: UpdateSession, operation?: Operation): Promise<Session> {
    return this.#accept(
      operation,
      (own) => this.#updates.update(input, own),
      (applied) => this.#sessionOf(applied, saidOf(input)),
    );
  }

  planDelete(input: DeleteSession, options?: ReadOptions): Promise<Deleted> {
    return this.#read(() => this.#deletions.planDelete(input, options));
  }

  delete(input: DeleteSession, operation?: Operation): Promise<Deleted> {
    return this.#accept(
      operation,
      (own) => this.#deletions.delete(input, own),
      (applied) => this.#deletions.deleteAgain(applied),
    );
  }

  fork(input: ForkSession, operation?: Operation, onWrite?: (bytes: number) => void): Promise<Session> {
    return this.#accept(
      operation,
      (own) => this.#giving(input, (id) => this.#forks.fork(id, input, own, onWrite)),
      (applied) => this.#sessionOf(applied, saidOf(input)),
    );
  }

  restore(input: RestoreSession): Promise<Session> {
    return this.#accept(
      undefined,
      (own) => this.#giving(input, () => this.#restorations.restore(input, own)),
      (applied) => this.#sessionOf(applied, {}),
    );
  }

  move(input: MoveSession, operation?: Operation): Promise<Moved> {
    return this.#accept(
      operation,
      (own) => this.#movesAndArchivals.move(input, own),
      async (applied) => this.#movesAndArchivals.moveAgain(applied, await this.#sessionOf(applied, {})),
    );
  }

  archive(input: ArchiveSession, operation?: Operation): Promise<Archived> {
    return this.#accept(
      operation,
      (own) => this.#movesAndArchivals.archive(input, own),
      async (applied) => this.#movesAndArchivals.archiveAgain(applied, await this.#sessionOf(applied, {})),
    );
  }

  planTruncate(input: TruncateHistory, limit: ReadLimit | null): Promise<Truncated> {
    return this.#read(() => this.#historyWrites.planTruncate(input, limit));
  }

  truncate(input: TruncateHistory, limit: ReadLimit | null, operation?: Operation): Promise<Truncated> {
    return this.#accept(
      operation,
      (own) => this.#historyWrites.truncate(input, limit, own),
      async (applied) =>
        this.#historyWrites.truncateAgain(applied, limit, await this.#sessionOf(applied, {})),
    );
  }

  redact(input: RedactMessages, operation?: Operation): Promise<Redacted> {
    return this.#accept(
      operation,
      (own) => this.#redactions.redact(input, own),
      () => this.#redactions.redacted(input),
    );
  }

  dump(options?: ReadOptions): Dump {
    const told = (error: unknown) => this.#told(error);
    return {
      storeId: this.storeId,
      parts: new StoreDump(this.#parts.database, told, options).parts(),
    };
  }

  unfinishedLoad(): Promise<string | null> {
    return this.#read(() => sourceOfLoad(this.#parts.database));
  }

  async load(dump: Dump, options: LoadOptions = {}): Promise<Loaded> {
    if (this.#underWay.isClosed) throw closing();
    this.#underWay.begin();
    try {
      return await this.#loads.load(dump, options, (error) => this.#told(error));
    } finally {
      this.#underWay.end();
    }
  }

  async checkWritable(): Promise<void> {
    if (this.#underWay.isClosed) throw closing();
    await this.#read(() =>
      this.#parts.database.transaction(async ({ rows }) => {
        // Assigns a transaction id, which a standby refuses.
        await rows('SELECT pg_current_xact_id()');
      }),
    );
  }

  close(): Promise<void> {
    this.#closing ??= this.#underWay.close().then(() => this.#parts.release());
    return this.#closing;
  }

  /** As `close`: nothing is kept outside of the database, and its tables stay. */
  discard(): Promise<void> {
    return this.close();
  }

  async #read<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      throw this.#told(error);
    }
  }

  /** Every mutation passes here. It is refused once the store is closing; `close` waits for running ones. */
  async #accept<T>(
    operation: Operation | undefined,
    run: (operation: Operation) => Promise<T>,
    replay: (applied: AppliedOperation) => Promise<T>,
  ): Promise<T> {
    if (this.#underWay.isClosed) throw closing();
    this.#underWay.begin();
    const own = operation ?? unnamedOperation();
    try {
      return await this.#idempotency.once(operation, () => run(own), replay);
    } catch (error) {
      // Another instance was quicker, or the mutation took effect when its connection was lost.
      if (!(error instanceof AlreadyAppliedError)) throw this.#told(error);
      return await this.#replayed(error.applied, own, replay);
    } finally {
      this.#underWay.end();
    }
  }

  async #replayed<T>(
    applied: AppliedOperation,
    operation: Operation,
    replay: (applied: AppliedOperation) => Promise<T>,
  ): Promise<T> {
    try {
      return await readForAnswer(() => this.#idempotency.again(operation, applied, replay));
    } catch (error) {
      throw this.#told(error);
    }
  }

  /** What the client is told of an error; logs the cause of a StorageError. */
  #told(error: unknown): Error {
    const told = storageErrorOf(error);
    if (told instanceof StorageError) this.#parts.logger.error({ err: told.cause ?? told }, told.message);
    return told;
  }

  /** Runs `give`, which makes a session, with its id. */
  #giving<T>(
    { id, key }: { readonly id?: string | null; readonly key?: string | null },
    give: (id: string) => Promise<T>,
  ): Promise<T> {
    const own = id ?? newSessionId();
    const giving = () => this.#given.during(`id ${own}`, () => give(own));
    return key == null ? giving() : this.#given.during(`key ${key}`, giving);
  }

  /** The current session of a recorded operation. If it was deleted since, what is left of it, completed with `known`. */
  async #sessionOf(applied: AppliedOperation, known: Partial<Session>): Promise<Session> {
    const [session] = await this.#sessions.findMany([applied.sessionId]);
    return session ?? completed(await buriedSession(this.#parts, applied.sessionId), known);
  }
}

function closing(): StorageError {
  return new StorageError('The store is closing: nothing was recorded. Try again later.', true);
}
