import type { Message } from '../../../model/message.ts';
import type { ModelUsage, SessionRollup } from '../../../model/rollup.ts';
import type { ChildFilter, Damage, Session, SessionFilter, SessionOrder } from '../../../model/session.ts';
import type { Sight } from '../../../model/sight.ts';
import type { UsageGroup } from '../../../model/usage-report.ts';
import type { Dump } from '../../dump.ts';
import type { Logger } from '../../observer.ts';
import { type ReadOptions, throwIfOver } from '../../read-options.ts';
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
  SessionKey,
  SpawnedRequest,
  StoreStatus,
  ToolResultRequest,
  UsageReportRequest,
} from '../../reads.ts';
import type { StoreReader } from '../../repository.ts';
import type { HandlePool } from '../disk/handle-pool.ts';
import { absoluteSessionPath, type Layout, sessionPath } from '../format/layout.ts';
import type { IndexDatabase } from '../index/database.ts';
import { IndexReader } from '../index/reader.ts';
import { IndexWalks } from '../index/walks.ts';
import { eachAtPace, TimeSlices } from '../runtime/pace.ts';
import { readLoadMark } from '../scan/load-mark.ts';
import type { LineFault } from '../scan/scan-lines.ts';
import { StoreDump } from './dump-store.ts';
import { HistoryReader } from './history-reader.ts';
import { MessageReader } from './message-reader.ts';
import type { LineFiles } from './read-lines.ts';
import { RecentPages } from './recent-pages.ts';
import { addPart } from './usage-of-lines.ts';

/** Sessions that are found without a rest: some milliseconds of work. */
const IDS_AT_ONCE = 100;

export interface FileReaderParts {
  /** The store's id, as `store.jsonl` says it. */
  readonly store: string;
  readonly layout: Layout;
  readonly db: IndexDatabase;
  readonly handles: HandlePool;
  readonly logger: Logger;
}

/** All reads: the index says what is where, and the session files hold the messages. */
export class FileReader implements StoreReader {
  readonly storeId: string;
  protected readonly layout: Layout;
  protected readonly db: IndexDatabase;
  protected readonly index: IndexReader;
  protected readonly handles: HandlePool;
  protected readonly logger: Logger;
  protected readonly lines: LineFiles;
  protected readonly walks: IndexWalks;
  readonly #recentPages: RecentPages;
  readonly #messages: MessageReader;
  readonly #histories: HistoryReader;

  constructor({ store, layout, db, handles, logger }: FileReaderParts) {
    this.storeId = store;
    this.layout = layout;
    this.db = db;
    this.index = new IndexReader(db);
    this.handles = handles;
    const turns = new TimeSlices();
    this.lines = { handles, turns };
    this.walks = new IndexWalks(db, this.index, turns);
    this.logger = logger;
    this.#recentPages = new RecentPages(layout.root);
    const refresh = (ids: readonly string[], options?: ReadOptions) => this.refresh(ids, options);
    this.#messages = new MessageReader({
      layout,
      index: this.index,
      lines: this.lines,
      refresh,
      damaged: (id, faults, options) => this.damaged(id, faults, options),
    });
    this.#histories = new HistoryReader({
      index: this.index,
      walks: this.walks,
      recentPages: this.#recentPages,
      refresh,
      read: (request, locations, reading) => this.#messages.read(request, locations, reading),
    });
  }

  /** Forgets texts that are kept in memory. */
  protected forgetTexts(): void {
    this.#recentPages.clear();
  }

  async findMany(ids: readonly string[], options?: ReadOptions): Promise<(Session | null)[]> {
    const few = this.findFew(ids, options);
    if (few) return few;
    const found: (Session | null)[] = [];
    await eachAtPace(ids, (id) => found.push(this.index.session(id)), options);
    return found;
  }

  /** As `findMany`, without a rest; null if there are too many ids for that. */
  protected findFew(ids: readonly string[], options: ReadOptions | undefined): (Session | null)[] | null {
    if (options) throwIfOver(options);
    return ids.length <= IDS_AT_ONCE ? ids.map((id) => this.index.session(id)) : null;
  }

  areInSight(ids: readonly string[], sight: Sight, options?: ReadOptions): Promise<boolean[]> {
    return this.walks.inSight(ids, sight, options);
  }

  async findByKeys(requests: readonly SessionKey[], options?: ReadOptions): Promise<(Session | null)[]> {
    throwIfOver(options);
    const found: (Session | null)[] = [];
    const find = ({ key, ownerId }: SessionKey) => {
      const row = this.index.withKey(key, ownerId);
      found.push(row && this.index.sessionOf(row));
    };
    await eachAtPace(requests, find, options);
    return found;
  }

  async metadataOf(ids: readonly string[], options?: ReadOptions): Promise<(string | null)[]> {
    throwIfOver(options);
    const found: (string | null)[] = [];
    await eachAtPace(ids, (id) => found.push(this.index.metadataOf(id)), options);
    return found;
  }

  async damageOf(ids: readonly string[], options?: ReadOptions): Promise<(readonly Damage[])[]> {
    await this.lookAgain(ids, options);
    return ids.map((id) => this.index.damageOf(id));
  }

  childrenOf(requests: readonly ChildrenRequest[], options?: ReadOptions): Promise<Page<Session>[]> {
    return this.walks.children(requests, options);
  }

  countChildren(scopes: readonly ChildrenScope[], options?: ReadOptions): Promise<number[]> {
    return this.walks.countChildren(scopes, options);
  }

  descendantsOf(
    ids: readonly string[],
    page: PageRequest<string>,
    maxDepth: number | null,
    filter?: ChildFilter | null,
    options?: ReadOptions,
  ): Promise<Page<Session>[]> {
    return this.walks.descendants(ids, page, { maxDepth, filter }, options);
  }

  countDescendants(
    ids: readonly string[],
    maxDepth: number | null,
    filter?: ChildFilter | null,
    options?: ReadOptions,
  ): Promise<number[]> {
    return this.walks.countDescendants(ids, { maxDepth, filter }, options);
  }

  forksOf(requests: readonly ForksRequest[], options?: ReadOptions): Promise<Page<Session>[]> {
    return this.walks.forks(requests, options);
  }

  countForks(scopes: readonly ForksScope[], options?: ReadOptions): Promise<number[]> {
    return this.walks.countForks(scopes, options);
  }

  ancestorsOf(ids: readonly string[], options?: ReadOptions): Promise<Session[][]> {
    return this.walks.ancestors(ids, options);
  }

  rollupsOf(ids: readonly string[], options?: ReadOptions): Promise<(SessionRollup | null)[]> {
    return this.walks.rollups(ids, options);
  }

  modelUsagesOf(ids: readonly string[], options?: ReadOptions): Promise<(readonly ModelUsage[] | null)[]> {
    return this.walks.modelUsages(ids, options);
  }

  async usageReport(request: UsageReportRequest, options?: ReadOptions): Promise<readonly UsageGroup[]> {
    const { groups, toRead } = await this.walks.beginReport(request, options);
    for (const part of toRead) {
      throwIfOver(options);
      const path = absoluteSessionPath(this.layout.root, part.sessionId);
      const faults = await addPart({ ...this.lines, options }, path, part, groups);
      if (faults.length > 0 && this.index.row(part.sessionId))
        await this.damaged(part.sessionId, faults, options);
    }
    return groups.groups(request.first ?? null);
  }

  list(
    filter: SessionFilter,
    order: SessionOrder,
    page: PageRequest<ListKey>,
    options?: ReadOptions,
  ): Promise<Page<Session>> {
    return this.walks.list(filter, order, page, options);
  }

  count(filter: SessionFilter, options?: ReadOptions): Promise<number> {
    return this.walks.count(filter, options);
  }

  historyOf(
    requests: readonly HistoryRequest[],
    maxBytes: number,
    options?: ReadOptions,
  ): Promise<HistoryPage[]> {
    return this.#histories.pages(requests, maxBytes, options);
  }

  countHistory(requests: readonly HistoryScope[], options?: ReadOptions): Promise<number[]> {
    return this.walks.countHistories(requests, options);
  }

  findMessages(
    requests: readonly MessageRequest[],
    maxBytes: number,
    options?: ReadOptions,
  ): Promise<(Message | null)[]> {
    return this.#messages.find(requests, ({ ordinal }) => ordinal, maxBytes, options);
  }

  findMessagesByKey(
    requests: readonly KeyedMessageRequest[],
    maxBytes: number,
    options?: ReadOptions,
  ): Promise<(Message | null)[]> {
    const ordinalOf = ({ sessionId, key }: KeyedMessageRequest) => this.index.ordinalOfKey(sessionId, key);
    return this.#messages.find(requests, ordinalOf, maxBytes, options);
  }

  findToolResults(
    requests: readonly ToolResultRequest[],
    maxBytes: number,
    options?: ReadOptions,
  ): Promise<(Message | null)[]> {
    return this.#messages.find(requests, (call) => this.index.ordinalOfResult(call), maxBytes, options);
  }

  findSpawned(calls: readonly SpawnedRequest[], options?: ReadOptions): Promise<(Session | null)[]> {
    return this.walks.spawned(calls, options);
  }

  async copyDetailsOf(ids: readonly string[]): Promise<(CopyDetails | null)[]> {
    return ids.map((id) => this.index.copyDetails(id));
  }

  dump(options?: ReadOptions): Dump {
    const dump = new StoreDump({ index: this.index, walks: this.walks, messages: this.#messages }, options);
    return { storeId: this.storeId, parts: { [Symbol.asyncIterator]: () => dump.parts() } };
  }

  async unfinishedLoad(): Promise<string | null> {
    return readLoadMark(this.layout)?.source ?? null;
  }

  status(sight: Sight | null = null, options?: ReadOptions): Promise<StoreStatus> {
    return this.walks.status(sight, options);
  }

  async close(): Promise<void> {
    this.walks.close();
    await this.handles.close();
    this.db.close();
  }

  /** Called before files are opened, to update what the index knows of them. */
  protected async refresh(_ids: readonly string[], _options?: ReadOptions): Promise<void> {}

  /** Called before damage is told: as `refresh`, also for files that are open. */
  protected async lookAgain(_ids: readonly string[], _options?: ReadOptions): Promise<void> {}

  /** Called when lines cannot be read though the index knows messages on them. */
  protected async damaged(
    sessionId: string,
    faults: readonly LineFault[],
    _options?: ReadOptions,
  ): Promise<void> {
    this.logger.error({ path: sessionPath(sessionId), faults }, 'a part of a session cannot be read');
    this.#recentPages.clear();
  }
}
