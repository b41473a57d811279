import DataLoader from 'dataloader';
import { type MessageRef, messageId } from '../model/id.ts';
import { type Message, textsKey } from '../model/message.ts';
import type { SessionRollup } from '../model/rollup.ts';
import type { SnippetPart } from '../model/search/snippet.ts';
import type { ChildFilter, Damage, Session } from '../model/session.ts';
import type { ReadOptions } from '../repository/read-options.ts';
import {
  type ChildrenRequest,
  type ChildrenScope,
  type HistoryPage,
  type HistoryRequest,
  type HistoryScope,
  type KeyedMessageRequest,
  type MessageRequest,
  type Page,
  type PageRequest,
  ReadTooLargeError,
  type SearchPage,
  type SearchRequest,
  type SessionKey,
  type SessionRepository,
  type SnippetRequest,
  type StoreStatus,
  UnknownKeyError,
} from '../repository/repository.ts';
import type { Budget } from './budget.ts';
import { andThen, type MaybePromise } from './maybe-promise.ts';
import { badUserInput, unknownPlace } from './request-error.ts';
import type { Turns } from './turns.ts';

export interface DescendantsScope {
  readonly sessionId: string;
  readonly maxDepth: number | null;
  readonly filter: ChildFilter | null;
}

export interface DescendantsKey extends DescendantsScope {
  readonly page: PageRequest<string>;
}

/**
 * Each loader batches the requests of the resolvers of one level into one call of the repository. A loader is created when it is
 * first used: most requests need one or two.
 */
export class Loaders {
  readonly #repository: SessionRepository;
  readonly #budget: Budget;
  readonly #turns: Turns;
  #status?: Promise<StoreStatus>;
  #session?: DataLoader<string, Session | null>;
  #keyed?: DataLoader<SessionKey, Session | null, string>;
  #damage?: DataLoader<string, readonly Damage[]>;
  #ancestors?: DataLoader<string, Session[]>;
  #rollup?: DataLoader<string, SessionRollup | null>;
  #children?: DataLoader<ChildrenRequest, Page<Session>, string>;
  #childCount?: DataLoader<ChildrenScope, number, string>;
  #descendants?: DataLoader<DescendantsKey, Page<Session>, string>;
  #descendantCount?: DataLoader<DescendantsScope, number, string>;
  #message?: DataLoader<MessageRequest, Message | null, string>;
  #keyedMessage?: DataLoader<KeyedMessageRequest, Message | null, string>;
  #history?: DataLoader<HistoryRequest, HistoryPage, string>;
  #historyCount?: DataLoader<HistoryScope, number, string>;
  #search?: DataLoader<SearchRequest, SearchPage, string>;
  /** Settles once the latest call of the search has ended; null before the first. */
  #searching: Promise<unknown> | null = null;

  constructor(repository: SessionRepository, budget: Budget, turns: Turns) {
    this.#repository = repository;
    this.#budget = budget;
    this.#turns = turns;
  }

  /** A batch is not read if the request was over after it was scheduled. Each key costs at least one row. */
  #loader<Key, Value, CacheKey = Key>(
    read: (keys: readonly Key[], options: ReadOptions) => Promise<readonly (Value | Error)[]>,
    options?: DataLoader.Options<Key, Value, CacheKey>,
  ): DataLoader<Key, Value, CacheKey> {
    return new DataLoader((keys) => {
      return this.#budget.read((bounds) => {
        this.#budget.chargeWalk(keys.length);
        return read(keys, bounds);
      });
    }, options);
  }

  /** Text is charged where it appears in the answer. */
  async #withinText<T>(read: (textLeft: number) => Promise<T>): Promise<T> {
    try {
      return await read(this.#budget.textLeft);
    } catch (error) {
      if (error instanceof ReadTooLargeError) this.#budget.exceedText();
      throw error;
    }
  }

  /** Read once, however many fields show it. */
  status(): Promise<StoreStatus> {
    this.#status ??= this.#budget.read(() => this.#repository.status());
    return this.#status;
  }

  get session() {
    this.#session ??= this.#loader((ids, options) => this.#repository.findMany(ids, options));
    return this.#session;
  }

  get keyed() {
    this.#keyed ??= this.#loader((requests, options) => this.#repository.findByKeys(requests, options), {
      cacheKeyFn: ({ key, ownerId }) => JSON.stringify([ownerId, key]),
    });
    return this.#keyed;
  }

  get damage() {
    this.#damage ??= this.#loader((ids, options) => this.#repository.damageOf(ids, options));
    return this.#damage;
  }

  get ancestors() {
    this.#ancestors ??= this.#loader((ids, options) => this.#repository.ancestorsOf(ids, options));
    return this.#ancestors;
  }

  get rollup() {
    this.#rollup ??= this.#loader((ids, options) => this.#repository.rollupsOf(ids, options));
    return this.#rollup;
  }

  get children() {
    this.#children ??= this.#loader(
      (requests, options) =>
        andThen(this.#expectFiltered(requests, options), () =>
          this.#repository.childrenOf(requests, options),
        ) as Promise<Page<Session>[]>,
      { cacheKeyFn: ({ page, ...scope }) => `${childrenKey(scope)} ${pageKey(page)}` },
    );
    return this.#children;
  }

  get childCount() {
    this.#childCount ??= this.#loader((scopes, options) => this.#repository.countChildren(scopes, options), {
      cacheKeyFn: childrenKey,
    });
    return this.#childCount;
  }

  /** Only the store knows how many children pass a filter. It is asked first if there may be too many for the budget. */
  #expectFiltered(requests: readonly ChildrenRequest[], options: ReadOptions): MaybePromise<void> {
    const filtered = requests.filter(
      ({ filter, page }) => filter && page.after === undefined && page.before === undefined,
    );
    const most = filtered.reduce((sum, { page }) => sum + page.limit, 0);
    if (most <= this.#budget.objectsLeft) return;
    const scopes = filtered.map(({ parentId, filter = null }) => ({ parentId, filter }));
    return andThen(this.#repository.countChildren(scopes, options), (counts) => {
      const expected = counts.reduce((sum, count, n) => sum + Math.min(count, filtered[n]!.page.limit), 0);
      if (expected > this.#budget.objectsLeft) this.#budget.exceedObjects();
    });
  }

  get descendants() {
    this.#descendants ??= this.#loader(
      (keys, options) =>
        this.#inGroups(
          keys,
          ({ page, ...scope }) => `${levelsKey(scope)} ${pageKey(page)}`,
          (group, sample) =>
            descendantsOf(
              this.#repository,
              this.#budget,
              group.map(({ sessionId }) => sessionId),
              sample,
              options,
            ),
        ),
      { cacheKeyFn: ({ page, ...scope }) => `${scope.sessionId} ${levelsKey(scope)} ${pageKey(page)}` },
    );
    return this.#descendants;
  }

  get descendantCount() {
    this.#descendantCount ??= this.#loader(
      (keys, options) =>
        this.#inGroups(keys, levelsKey, (group, { maxDepth, filter }) =>
          this.#repository.countDescendants(
            group.map(({ sessionId }) => sessionId),
            maxDepth,
            filter,
            options,
          ),
        ),
      { cacheKeyFn: (scope) => `${scope.sessionId} ${levelsKey(scope)}` },
    );
    return this.#descendantCount;
  }

  get message() {
    this.#message ??= this.#loader(
      (requests, options) =>
        this.#withinText((left) => this.#repository.findMessages(requests, left, options)),
      { cacheKeyFn: (request) => `${messageId(request)} ${textsKey(request.shown)}` },
    );
    return this.#message;
  }

  get keyedMessage() {
    this.#keyedMessage ??= this.#loader(
      (requests, options) =>
        this.#withinText((left) => this.#repository.findMessagesByKey(requests, left, options)),
      { cacheKeyFn: ({ sessionId, key, shown }) => `${sessionId} ${textsKey(shown)} ${key}` },
    );
    return this.#keyedMessage;
  }

  get history() {
    this.#history ??= this.#loader(
      (requests, options) =>
        this.#withinText((left) => this.#repository.historyOf(requests, left, options)).catch((error) => {
          throw error instanceof UnknownKeyError ? unknownPlace() : error;
        }),
      {
        cacheKeyFn: (request) => {
          const { page, place, shown } = request;
          return `${scopeKey(request)} ${textsKey(shown)} ${pageKey(page)} ${place ? JSON.stringify(place) : ''}`;
        },
      },
    );
    return this.#history;
  }

  get historyCount() {
    this.#historyCount ??= this.#loader((scopes, options) => this.#repository.countHistory(scopes, options), {
      cacheKeyFn: scopeKey,
    });
    return this.#historyCount;
  }

  /** Equal searches are one. */
  get search() {
    this.#search ??= new DataLoader(
      (requests) =>
        Promise.all(
          requests.map((request) =>
            this.#searchInTurn((options) => {
              this.#budget.chargeWalk(1);
              return this.#repository.search(request, options);
            }).catch((error: Error) => error),
          ),
        ),
      { cacheKeyFn: (request) => JSON.stringify(request) },
    );
    return this.#search;
  }

  /** The snippets of `refs` for a search; see `SessionRepository`. */
  snippetsOf(
    request: SnippetRequest,
    refs: readonly MessageRef[],
  ): Promise<(readonly SnippetPart[] | null)[]> {
    return this.#searchInTurn((options) => this.#repository.snippetsOf(request, refs, options));
  }

  /** One call after the other: a client decides on their number, and all clients wait in one queue of the store. */
  #searchInTurn<T>(read: (options: ReadOptions) => Promise<T>): Promise<T> {
    const search = () => this.#budget.read(read);
    const answer = this.#searching ? this.#searching.then(search) : search();
    this.#searching = answer.catch(() => {});
    return answer;
  }

  /**
   * Calls `read` once per group of keys for which `groupOf` returns the same string. If a call fails, only the keys of its group fail.
   * One group after the other, with a turn of the event loop in between if they take long: a client decides on their number.
   */
  async #inGroups<Key, Value>(
    keys: readonly Key[],
    groupOf: (key: Key) => string,
    read: (group: Key[], sample: Key) => Promise<Value[]>,
  ): Promise<(Value | Error)[]> {
    const answers = new Map<Key, Value | Error>();
    for (const group of Map.groupBy(keys, groupOf).values()) {
      if (answers.size > 0) await this.#turns.rest();
      this.#budget.check();
      const values = await read(group, group[0]!).catch((error: Error) => group.map(() => error));
      for (const [index, key] of group.entries()) answers.set(key, values[index]!);
    }
    return keys.map((key) => answers.get(key)!);
  }
}

function pageKey({ from, limit, after, before }: PageRequest<number | string>): string {
  return `${from} ${limit} ${after} ${before}`;
}

function childrenKey({ parentId, filter = null }: ChildrenScope): string {
  return `${parentId} ${JSON.stringify(filter)}`;
}

function levelsKey({ maxDepth, filter }: Omit<DescendantsScope, 'sessionId'>): string {
  return `${maxDepth} ${JSON.stringify(filter)}`;
}

function scopeKey({ sessionId, roles, createdAfter, createdBefore }: HistoryScope): string {
  const key = `${sessionId} ${roles ?? 'ALL'}`;
  if (createdAfter == null && createdBefore == null) return key;
  return `${key} ${JSON.stringify([createdAfter, createdBefore])}`;
}

async function descendantsOf(
  repository: SessionRepository,
  budget: Budget,
  ids: string[],
  { page, maxDepth, filter }: DescendantsKey,
  options: ReadOptions,
): Promise<Page<Session>[]> {
  // Only the store knows how many descendants there are. It is asked first if there may be too many for the budget. A cursor
  // belongs to one session, so such a request reads at most one page.
  if (ids.length * page.limit > budget.objectsLeft && page.after === undefined && page.before === undefined) {
    const counts = await repository.countDescendants(ids, maxDepth, filter, options);
    const expected = counts.reduce((sum, count) => sum + Math.min(count, page.limit), 0);
    if (expected > budget.objectsLeft) budget.exceedObjects();
  }
  try {
    return await repository.descendantsOf(ids, page, maxDepth, filter, options);
  } catch (error) {
    if (!(error instanceof UnknownKeyError)) throw error;
    throw badUserInput(
      `expected a cursor of a session that is beneath "${ids.join('", "')}", got one of a session that is not, or is no ` +
        'longer, there. Start again without it.',
    );
  }
}
