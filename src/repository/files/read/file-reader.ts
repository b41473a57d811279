import { ALL_TEXTS, type Message, type ShownTexts } from '../../../model/message.ts';
import type { ModelUsage, SessionRollup } from '../../../model/rollup.ts';
import type {
  ChildFilter,
  Damage,
  ForkOrigin,
  Session,
  SessionFilter,
  SessionOrder,
} from '../../../model/session.ts';
import type { UsageGroup } from '../../../model/usage-report.ts';
import type { Logger } from '../../observer.ts';
import { type ReadOptions, throwIfOver } from '../../read-options.ts';
import type {
  AskedTexts,
  ChildrenRequest,
  ChildrenScope,
  ForksRequest,
  HistoryPage,
  HistoryRequest,
  HistoryScope,
  KeyedMessageRequest,
  ListKey,
  MessageRequest,
  Page,
  PageRequest,
  SessionKey,
  StoreStatus,
  ToolCallRef,
  ToolResultRequest,
  UsageReportRequest,
} from '../../reads.ts';
import type { SessionReader } from '../../repository.ts';
import type { HandlePool } from '../disk/handle-pool.ts';
import { absoluteSessionPath, type Layout, sessionPath } from '../format/layout.ts';
import type { MessageLocation } from '../format/session-state.ts';
import type { IndexDatabase } from '../index/database.ts';
import { IndexReader } from '../index/reader.ts';
import { storeStatus } from '../index/store-status.ts';
import { IndexWalks } from '../index/walks.ts';
import { eachAtPace, TimeSlices } from '../runtime/pace.ts';
import type { LineFault } from '../scan/scan-lines.ts';
import { HistoryReader, type ReadMessages } from './history-reader.ts';
import type { LineFiles } from './read-lines.ts';
import { headOf, type MessagesRead, readMessages, TextAllowance } from './read-messages.ts';
import { bytesInMemory, bytesToRead, type Reading, readingWith } from './reading.ts';
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
export class FileReader implements SessionReader {
  readonly storeId: string;
  protected readonly layout: Layout;
  protected readonly db: IndexDatabase;
  protected readonly index: IndexReader;
  protected readonly handles: HandlePool;
  protected readonly logger: Logger;
  protected readonly lines: LineFiles;
  protected readonly walks: IndexWalks;
  readonly #recentPages: RecentPages;
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
    this.#histories = new HistoryReader({
      index: this.index,
      walks: this.walks,
      recentPages: this.#recentPages,
      refresh: (ids, options) => this.refresh(ids, options),
      read: (request, locations, reading) => this.read(request, locations, reading),
    });
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

  countForks(ids: readonly string[], options?: ReadOptions): Promise<number[]> {
    return this.walks.countForks(ids, options);
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
    return this.#findMessages(requests, ({ ordinal }) => ordinal, maxBytes, options);
  }

  findMessagesByKey(
    requests: readonly KeyedMessageRequest[],
    maxBytes: number,
    options?: ReadOptions,
  ): Promise<(Message | null)[]> {
    const ordinalOf = ({ sessionId, key }: KeyedMessageRequest) => this.index.ordinalOfKey(sessionId, key);
    return this.#findMessages(requests, ordinalOf, maxBytes, options);
  }

  findToolResults(
    requests: readonly ToolResultRequest[],
    maxBytes: number,
    options?: ReadOptions,
  ): Promise<(Message | null)[]> {
    return this.#findMessages(requests, (call) => this.index.ordinalOfResult(call), maxBytes, options);
  }

  findSpawned(calls: readonly ToolCallRef[], options?: ReadOptions): Promise<(Session | null)[]> {
    return this.walks.spawned(calls, options);
  }

  async #findMessages<Request extends AskedTexts & { readonly sessionId: string }>(
    requests: readonly Request[],
    ordinalOf: (request: Request) => number | null,
    maxBytes: number,
    options: ReadOptions | undefined,
  ): Promise<(Message | null)[]> {
    throwIfOver(options);
    await this.refresh(
      requests.map(({ sessionId }) => sessionId),
      options,
    );
    const messages: (Message | null)[] = requests.map(() => null);
    const toRead: FoundMessage[] = [];
    const locate = ([n, request]: [number, Request]) => {
      const { sessionId, shown = ALL_TEXTS } = request;
      const ordinal = ordinalOf(request);
      const location = ordinal === null ? null : this.index.message(sessionId, ordinal);
      if (location && shown) toRead.push({ n, sessionId, location, shown });
      else if (location) messages[n] = headOf(sessionId, location);
    };
    await eachAtPace(requests.entries(), locate, options);
    // Messages of one line are read, and counted, together.
    const bySession = [...Map.groupBy(toRead, ({ sessionId }) => sessionId)].map(
      ([sessionId, found]) => [sessionId, found.sort(byOffset)] as const,
    );
    options?.onRead?.(
      bySession.reduce((sum, [, found]) => sum + bytesToRead(found.map(({ location }) => location)), 0),
    );
    const allowance = new TextAllowance(maxBytes);
    const reading = readingWith(allowance, options);
    await Promise.all(
      bySession.map(async ([sessionId, found]) => {
        const locations = found.map(({ location }) => location);
        const shownOf = (n: number) => found[n]!.shown;
        const read = await this.#readLines(sessionId, locations, shownOf, reading);
        for (const [k, { n }] of found.entries()) messages[n] = read.messages[k]!;
      }),
    );
    return messages;
  }

  async status(): Promise<StoreStatus> {
    return storeStatus(this.db);
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

  /** The readable messages at `locations`, in their order, and the bytes of their texts. */
  protected async read(
    { sessionId, shown = ALL_TEXTS }: AskedTexts & { readonly sessionId: string },
    locations: readonly MessageLocation[],
    reading: Reading,
  ): Promise<ReadMessages> {
    if (!shown) return { items: locations.map((location) => headOf(sessionId, location)), textBytes: 0 };
    const read = await this.#readLines(sessionId, locations, () => shown, reading);
    return { items: read.messages.filter((message) => message !== null), textBytes: read.textBytes };
  }

  async #readLines(
    sessionId: string,
    locations: readonly MessageLocation[],
    shownOf: (n: number) => ShownTexts,
    { allowance, atOnce, options }: Reading,
  ): Promise<MessagesRead> {
    if (locations.length === 0) return { messages: [], textBytes: 0, faults: [] };
    const origin = this.index.row(sessionId)?.forkedFrom;
    const session = {
      sessionId,
      path: absoluteSessionPath(this.layout.root, sessionId),
      copied: origin == null ? 0 : (JSON.parse(origin) as ForkOrigin).historyLength,
    };
    const read = await atOnce.with(bytesInMemory(locations), () => {
      // Throws if the batch has exceeded its limit meanwhile: reading would be in vain.
      allowance.take(0);
      throwIfOver(options);
      return readMessages({ ...this.lines, options }, session, locations, shownOf, allowance);
    });
    // A session that was deleted during the read is no fault.
    if (read.faults.length > 0 && this.index.row(sessionId))
      await this.damaged(sessionId, read.faults, options);
    return read;
  }
}

interface FoundMessage {
  readonly n: number;
  readonly sessionId: string;
  readonly location: MessageLocation;
  readonly shown: ShownTexts;
}

function byOffset(one: FoundMessage, other: FoundMessage): number {
  return one.location.offset - other.location.offset;
}
