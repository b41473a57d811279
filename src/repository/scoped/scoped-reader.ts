import type { Caller } from '../../model/caller.ts';
import { SessionNotFoundError } from '../../model/errors.ts';
import type { MessageRef } from '../../model/id.ts';
import type { Message } from '../../model/message.ts';
import type { ModelUsage, SessionRollup } from '../../model/rollup.ts';
import type { SnippetPart } from '../../model/search/snippet.ts';
import type { ChildFilter, Damage, Session, SessionFilter, SessionOrder } from '../../model/session.ts';
import { type Sight, sightOf } from '../../model/sight.ts';
import type { UsageGroup } from '../../model/usage-report.ts';
import type { ChangedTrees, ChangesPage, ChangesRequest } from '../changes.ts';
import type { ReadOptions } from '../read-options.ts';
import * as reads from '../reads.ts';
import type { SessionRepository } from '../repository.ts';
import { SubtreeView } from './subtree-view.ts';

/** All reads of a store as a caller sees it. A session out of sight is answered as one that never was. */
export class ScopedReader {
  protected readonly store: SessionRepository;
  protected readonly caller: Caller;
  /** Null if the caller sees all. */
  protected readonly sight: Sight | null;
  /** Null if the caller sees whole trees. */
  readonly #view: SubtreeView | null;

  constructor(store: SessionRepository, caller: Caller) {
    this.store = store;
    this.caller = caller;
    this.sight = sightOf(caller);
    const { subtreeId } = caller;
    this.#view = subtreeId !== null && this.sight ? new SubtreeView(store, subtreeId, this.sight) : null;
  }

  get storeId(): string {
    return this.store.storeId;
  }

  async areInSight(ids: readonly string[], sight: Sight, options?: ReadOptions): Promise<boolean[]> {
    return this.#ofSeen(ids, itself, false, (some) => this.store.areInSight(some, sight, options), options);
  }

  async findByKeys(requests: readonly reads.SessionKey[], options?: ReadOptions) {
    const { ownerId } = this.sight ?? {};
    const own = requests.map((request) => ownerId === undefined || request.ownerId === ownerId);
    const found = await this.store.findByKeys(
      requests.filter((_, n) => own[n]),
      options,
    );
    return this.#show(await this.#seen(spread(own, found, null), options), options);
  }

  async findMany(ids: readonly string[], options?: ReadOptions): Promise<(Session | null)[]> {
    const read = (some: readonly string[]) => this.store.findMany(some, options);
    return this.#show(await this.#ofSeen(ids, itself, null, read, options), options);
  }

  metadataOf(ids: readonly string[], options?: ReadOptions): Promise<(string | null)[]> {
    return this.#ofSeen(ids, itself, null, (some) => this.store.metadataOf(some, options), options);
  }

  damageOf(ids: readonly string[], options?: ReadOptions): Promise<(readonly Damage[])[]> {
    return this.#ofSeen(ids, itself, [], (some) => this.store.damageOf(some, options), options);
  }

  async childrenOf(requests: readonly reads.ChildrenRequest[], options?: ReadOptions) {
    const read = (some: typeof requests) => this.store.childrenOf(some, options);
    const pages = await this.#ofSeen(requests, parentOf, reads.EMPTY_PAGE, read, options);
    return this.#showPages(pages, options);
  }

  countChildren(scopes: readonly reads.ChildrenScope[], options?: ReadOptions): Promise<number[]> {
    return this.#ofSeen(scopes, parentOf, 0, (some) => this.store.countChildren(some, options), options);
  }

  async descendantsOf(
    ids: readonly string[],
    page: reads.PageRequest<string>,
    maxDepth: number | null,
    filter?: ChildFilter | null,
    options?: ReadOptions,
  ) {
    const read = (some: typeof ids) => this.store.descendantsOf(some, page, maxDepth, filter, options);
    return this.#showPages(await this.#ofSeen(ids, itself, reads.EMPTY_PAGE, read, options), options);
  }

  countDescendants(
    ids: readonly string[],
    maxDepth: number | null,
    filter?: ChildFilter | null,
    options?: ReadOptions,
  ): Promise<number[]> {
    const count = (some: typeof ids) => this.store.countDescendants(some, maxDepth, filter, options);
    return this.#ofSeen(ids, itself, 0, count, options);
  }

  async forksOf(requests: readonly reads.ForksRequest[], options?: ReadOptions) {
    const read = (some: typeof requests) => this.store.forksOf(some, options);
    const pages = await this.#ofSeen(requests.map(this.#inSight), sessionOf, reads.EMPTY_PAGE, read, options);
    return this.#showPages(pages, options);
  }

  countForks(scopes: readonly reads.ForksScope[], options?: ReadOptions): Promise<number[]> {
    const count = (some: typeof scopes) => this.store.countForks(some, options);
    return this.#ofSeen(scopes.map(this.#inSight), sessionOf, 0, count, options);
  }

  async ancestorsOf(ids: readonly string[], options?: ReadOptions): Promise<Session[][]> {
    const read = (some: typeof ids) => this.store.ancestorsOf(some, options);
    const found = await this.#ofSeen<string, Session[]>(ids, itself, [], read, options);
    if (!this.#view) return found;
    const { subtreeId } = this.caller;
    // From the top of the subtree on. That of the top itself has none of them.
    return Promise.all(
      found.map((path) => {
        const top = path.findIndex(({ id }) => id === subtreeId);
        return this.#show(top < 0 ? [] : path.slice(top), options);
      }),
    );
  }

  historyOf(requests: readonly reads.HistoryRequest[], maxBytes: number, options?: ReadOptions) {
    const read = (some: typeof requests) => this.store.historyOf(some, maxBytes, options);
    return this.#ofSeen(requests, sessionOf, NO_HISTORY, read, options);
  }

  countHistory(requests: readonly reads.HistoryScope[], options?: ReadOptions): Promise<number[]> {
    return this.#ofSeen(requests, sessionOf, 0, (some) => this.store.countHistory(some, options), options);
  }

  findMessages(
    requests: readonly reads.MessageRequest[],
    maxBytes: number,
    options?: ReadOptions,
  ): Promise<(Message | null)[]> {
    const read = (some: typeof requests) => this.store.findMessages(some, maxBytes, options);
    return this.#ofSeen(requests, sessionOf, null, read, options);
  }

  findMessagesByKey(
    requests: readonly reads.KeyedMessageRequest[],
    maxBytes: number,
    options?: ReadOptions,
  ): Promise<(Message | null)[]> {
    const read = (some: typeof requests) => this.store.findMessagesByKey(some, maxBytes, options);
    return this.#ofSeen(requests, sessionOf, null, read, options);
  }

  findToolResults(
    requests: readonly reads.ToolResultRequest[],
    maxBytes: number,
    options?: ReadOptions,
  ): Promise<(Message | null)[]> {
    const read = (some: typeof requests) => this.store.findToolResults(some, maxBytes, options);
    return this.#ofSeen(requests, sessionOf, null, read, options);
  }

  async findSpawned(calls: readonly reads.SpawnedRequest[], options?: ReadOptions) {
    const read = (some: typeof calls) => this.store.findSpawned(some, options);
    const found = await this.#ofSeen(calls.map(this.#inSight), sessionOf, null, read, options);
    return this.#show(found, options);
  }

  rollupsOf(ids: readonly string[], options?: ReadOptions): Promise<(SessionRollup | null)[]> {
    return this.#ofSeen(ids, itself, null, (some) => this.store.rollupsOf(some, options), options);
  }

  modelUsagesOf(ids: readonly string[], options?: ReadOptions): Promise<(readonly ModelUsage[] | null)[]> {
    return this.#ofSeen(ids, itself, null, (some) => this.store.modelUsagesOf(some, options), options);
  }

  async usageReport(
    { within, filter, ...request }: reads.UsageReportRequest,
    options?: ReadOptions,
  ): Promise<readonly UsageGroup[]> {
    if (within != null && !(await this.sees(within, options))) return [];
    const seen = { ...request, within, filter: this.#filter(filter) };
    const groups = await this.store.usageReport(seen, options);
    const { subtreeId } = this.caller;
    // All sessions in sight are of one tree, whose root is the top of the subtree.
    return this.#view
      ? groups.map((group) => (group.rootId === null ? group : { ...group, rootId: subtreeId }))
      : groups;
  }

  async list(
    filter: SessionFilter,
    order: SessionOrder,
    page: reads.PageRequest<reads.ListKey>,
    options?: ReadOptions,
  ) {
    const found = await this.store.list(this.#filter(filter), order, page, options);
    return (await this.#showPages([found], options))[0]!;
  }

  count(filter: SessionFilter, options?: ReadOptions): Promise<number> {
    return this.store.count(this.#filter(filter), options);
  }

  async copyDetailsOf(ids: readonly string[]): Promise<(reads.CopyDetails | null)[]> {
    return this.#ofSeen(ids, itself, null, (some) => this.store.copyDetailsOf(some));
  }

  status(_sight?: Sight | null, options?: ReadOptions): Promise<reads.StoreStatus> {
    return this.store.status(this.sight, options);
  }

  async search(request: reads.SearchRequest, options?: ReadOptions): Promise<reads.SearchPage> {
    const { within, filter } = request;
    if (within != null && !(await this.sees(within, options))) return NOTHING_FOUND;
    return this.store.search(
      { ...request, filter: this.sight ? this.#filter(filter) : (filter ?? null) },
      options,
    );
  }

  snippetsOf(
    request: reads.SnippetRequest,
    refs: readonly MessageRef[],
    options?: ReadOptions,
  ): Promise<(readonly SnippetPart[] | null)[]> {
    const read = (some: typeof refs) => this.store.snippetsOf(request, some, options);
    return this.#ofSeen(refs, sessionOf, null, read, options);
  }

  mark(): Promise<string> {
    return this.store.mark();
  }

  async changesSince(request: ChangesRequest, options?: ReadOptions): Promise<ChangesPage> {
    const within = request.within ?? this.caller.subtreeId;
    if (within !== null && !(await this.sees(within, options))) throw new SessionNotFoundError(within);
    const page = await this.store.changesSince({ ...request, within, sight: this.sight }, options);
    if (!this.sight) return page;
    const former = page.changes.flatMap(({ formerParentId }) => formerParentId ?? []);
    const seen = new Set(await this.seenIds(former, options));
    return {
      ...page,
      changes: page.changes.map((change) => {
        const { formerParentId } = change;
        return formerParentId === null || seen.has(formerParentId)
          ? change
          : { ...change, formerParentId: null };
      }),
    };
  }

  changedTrees(after: string): Promise<ChangedTrees> {
    return this.store.changedTrees(after);
  }

  onChange(listener: () => void): () => void {
    return this.store.onChange(listener);
  }

  checkWritable(): Promise<void> {
    return this.store.checkWritable();
  }

  close(): Promise<void> {
    return this.store.close();
  }

  /** The answers of `read` for the keys whose sessions are in sight, and `unseen` for the others. */
  async #ofSeen<Key, Value>(
    keys: readonly Key[],
    idOf: (key: Key) => string,
    unseen: Value,
    read: (some: readonly Key[]) => Promise<Value[]>,
    options?: ReadOptions,
  ): Promise<Value[]> {
    if (!this.sight || keys.length === 0) return read(keys);
    const seen = await this.store.areInSight(keys.map(idOf), this.sight, options);
    if (!seen.includes(false)) return read(keys);
    const some = keys.filter((_, n) => seen[n]);
    return spread(seen, some.length === 0 ? [] : await read(some), unseen);
  }

  /** `sessions` without those out of sight. */
  async #seen(sessions: readonly (Session | null)[], options?: ReadOptions): Promise<(Session | null)[]> {
    const ids = sessions.flatMap((session) => session?.id ?? []);
    const seen = new Set(await this.seenIds(ids, options));
    return sessions.map((session) => (session && seen.has(session.id) ? session : null));
  }

  protected async seenIds(ids: readonly string[], options?: ReadOptions): Promise<readonly string[]> {
    if (!this.sight || ids.length === 0) return ids;
    const seen = await this.store.areInSight(ids, this.sight, options);
    return ids.filter((_, n) => seen[n]);
  }

  protected async seenId(id: string | null): Promise<string | null> {
    return id !== null && (await this.sees(id)) ? id : null;
  }

  protected async sees(id: string, options?: ReadOptions): Promise<boolean> {
    return (await this.seenIds([id], options)).length > 0;
  }

  readonly #inSight = <Request extends object>(
    request: Request,
  ): Request & { readonly sight: Sight | null } => ({
    ...request,
    sight: this.sight,
  });

  #filter(filter: SessionFilter | null | undefined): SessionFilter {
    return { ...filter, sight: this.sight };
  }

  async #show<Some extends Session | null>(sessions: Some[], options?: ReadOptions): Promise<Some[]> {
    return this.#view ? this.#view.show(sessions, options) : sessions;
  }

  protected async showOne(session: Session): Promise<Session> {
    return (await this.#show([session]))[0]!;
  }

  async #showPages(pages: reads.Page<Session>[], options?: ReadOptions): Promise<reads.Page<Session>[]> {
    const view = this.#view;
    if (!view) return pages;
    return Promise.all(
      pages.map(async ({ items, hasMore }) => ({ items: await view.show(items, options), hasMore })),
    );
  }
}

const NO_HISTORY: reads.HistoryPage = { ...reads.EMPTY_PAGE, textBytes: 0 };
const NOTHING_FOUND: reads.SearchPage = {
  hits: [],
  hasMore: false,
  totalCount: 0,
  ranking: '',
  isComplete: true,
};

const itself = (id: string) => id;
const parentOf = ({ parentId }: { readonly parentId: string }) => parentId;
const sessionOf = ({ sessionId }: { readonly sessionId: string }) => sessionId;

/** One value for each `true`, in order, and `other` for each `false`. */
function spread<Value>(places: readonly boolean[], values: readonly Value[], other: Value): Value[] {
  let next = 0;
  return places.map((isPlace) => {
    if (!isPlace) return other;
    next += 1;
    return values[next - 1]!;
  });
}
