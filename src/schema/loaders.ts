import DataLoader from 'dataloader';
import type { MessageRef } from '../model/id.ts';
import type { ModelUsage, SessionRollup } from '../model/rollup.ts';
import type { SnippetPart } from '../model/search/snippet.ts';
import type { Damage, Session } from '../model/session.ts';
import type { ReadOptions } from '../repository/read-options.ts';
import type {
  ChildrenRequest,
  ChildrenScope,
  ForksRequest,
  Page,
  SearchPage,
  SearchRequest,
  SessionKey,
  SnippetRequest,
  StoreStatus,
  ToolCallRef,
} from '../repository/reads.ts';
import {
  type DescendantsKey,
  type DescendantsScope,
  descendantsOf,
  expectChildren,
  expectForks,
} from './expected-pages.ts';
import { LongMetadata } from './long-metadata.ts';
import { andThen } from './maybe-promise.ts';
import { MessageLoaders, pageKey, toolCallKey } from './message-loaders.ts';

/**
 * Each loader batches the requests of the resolvers of one level into one call of the repository. A loader is created when it is
 * first used: most requests need one or two.
 */
export class Loaders extends MessageLoaders {
  #status?: Promise<StoreStatus>;
  #session?: DataLoader<string, Session | null>;
  #keyed?: DataLoader<SessionKey, Session | null, string>;
  #spawned?: DataLoader<ToolCallRef, Session | null, string>;
  #metadata?: DataLoader<string, LongMetadata | null>;
  #damage?: DataLoader<string, readonly Damage[]>;
  #ancestors?: DataLoader<string, Session[]>;
  #rollup?: DataLoader<string, SessionRollup | null>;
  #modelUsage?: DataLoader<string, readonly ModelUsage[] | null>;
  #children?: DataLoader<ChildrenRequest, Page<Session>, string>;
  #childCount?: DataLoader<ChildrenScope, number, string>;
  #forks?: DataLoader<ForksRequest, Page<Session>, string>;
  #forkCount?: DataLoader<string, number>;
  #descendants?: DataLoader<DescendantsKey, Page<Session>, string>;
  #descendantCount?: DataLoader<DescendantsScope, number, string>;
  #search?: DataLoader<SearchRequest, SearchPage, string>;
  /** Settles once the latest call of the search has ended; null before the first. */
  #searching: Promise<unknown> | null = null;

  /** Read once, however many fields show it. */
  status(): Promise<StoreStatus> {
    this.#status ??= this.budget.read(() => this.repository.status());
    return this.#status;
  }

  get session() {
    this.#session ??= this.loader((ids, options) => this.repository.findMany(ids, options));
    return this.#session;
  }

  get keyed() {
    this.#keyed ??= this.loader((requests, options) => this.repository.findByKeys(requests, options), {
      cacheKeyFn: ({ key, ownerId }) => JSON.stringify([ownerId, key]),
    });
    return this.#keyed;
  }

  get spawned() {
    this.#spawned ??= this.loader((calls, options) => this.repository.findSpawned(calls, options), {
      cacheKeyFn: toolCallKey,
    });
    return this.#spawned;
  }

  get metadata() {
    this.#metadata ??= this.loader(async (ids, options) =>
      (await this.repository.metadataOf(ids, options)).map((json) =>
        json === null ? null : new LongMetadata(json),
      ),
    );
    return this.#metadata;
  }

  get damage() {
    this.#damage ??= this.loader((ids, options) => this.repository.damageOf(ids, options));
    return this.#damage;
  }

  get ancestors() {
    this.#ancestors ??= this.loader((ids, options) => this.repository.ancestorsOf(ids, options));
    return this.#ancestors;
  }

  get rollup() {
    this.#rollup ??= this.loader((ids, options) => this.repository.rollupsOf(ids, options));
    return this.#rollup;
  }

  get modelUsage() {
    this.#modelUsage ??= this.loader((ids, options) => this.repository.modelUsagesOf(ids, options));
    return this.#modelUsage;
  }

  get children() {
    this.#children ??= this.loader(
      (requests, options) =>
        andThen(expectChildren(this.repository, this.budget, requests, options), () =>
          this.repository.childrenOf(requests, options),
        ) as Promise<Page<Session>[]>,
      { cacheKeyFn: ({ page, ...scope }) => `${childrenKey(scope)} ${pageKey(page)}` },
    );
    return this.#children;
  }

  get childCount() {
    this.#childCount ??= this.loader((scopes, options) => this.repository.countChildren(scopes, options), {
      cacheKeyFn: childrenKey,
    });
    return this.#childCount;
  }

  get forks() {
    this.#forks ??= this.loader(
      (requests, options) =>
        andThen(expectForks(this.repository, this.budget, requests, options), () =>
          this.repository.forksOf(requests, options),
        ) as Promise<Page<Session>[]>,
      {
        cacheKeyFn: ({ sessionId, page: { from, limit, after, before } }) =>
          JSON.stringify([sessionId, from, limit, after, before]),
      },
    );
    return this.#forks;
  }

  get forkCount() {
    this.#forkCount ??= this.loader((ids: readonly string[], options) =>
      this.repository.countForks(
        ids.map((sessionId) => ({ sessionId })),
        options,
      ),
    );
    return this.#forkCount;
  }

  get descendants() {
    this.#descendants ??= this.loader(
      (keys, options) =>
        this.#inGroups(
          keys,
          ({ page, ...scope }) => `${levelsKey(scope)} ${pageKey(page)}`,
          (group, sample) =>
            descendantsOf(
              this.repository,
              this.budget,
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
    this.#descendantCount ??= this.loader(
      (keys, options) =>
        this.#inGroups(keys, levelsKey, (group, { maxDepth, filter }) =>
          this.repository.countDescendants(
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

  /** Equal searches are one. */
  get search() {
    this.#search ??= new DataLoader(
      (requests) =>
        Promise.all(
          requests.map((request) =>
            this.#searchInTurn((options) => {
              this.budget.chargeWalk(1);
              return this.repository.search(request, options);
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
    return this.#searchInTurn((options) => this.repository.snippetsOf(request, refs, options));
  }

  /** One call after the other: a client decides on their number, and all clients wait in one queue of the store. */
  #searchInTurn<T>(read: (options: ReadOptions) => Promise<T>): Promise<T> {
    const search = () => this.budget.read(read);
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
      if (answers.size > 0) await this.turns.rest();
      this.budget.check();
      const values = await read(group, group[0]!).catch((error: Error) => group.map(() => error));
      for (const [index, key] of group.entries()) answers.set(key, values[index]!);
    }
    return keys.map((key) => answers.get(key)!);
  }
}

function childrenKey({ parentId, filter = null }: ChildrenScope): string {
  return `${parentId} ${JSON.stringify(filter)}`;
}

function levelsKey({ maxDepth, filter }: Omit<DescendantsScope, 'sessionId'>): string {
  return `${maxDepth} ${JSON.stringify(filter)}`;
}
