import DataLoader from 'dataloader';
import { type MessageRef, messageId } from '../model/id.ts';
import type { Message } from '../model/message.ts';
import type { SessionRollup } from '../model/rollup.ts';
import type { Session } from '../model/session.ts';
import {
  type HistoryRequest,
  type HistoryScope,
  type Page,
  type PageRequest,
  ReadTooLargeError,
  type SessionRepository,
  UnknownKeyError,
} from '../repository/repository.ts';
import type { Budget } from './budget.ts';
import { badUserInput } from './request-error.ts';

export interface ChildrenKey {
  readonly parentId: string;
  readonly page: PageRequest<number>;
}

export interface DescendantsScope {
  readonly sessionId: string;
  readonly maxDepth: number | null;
}

export interface DescendantsKey extends DescendantsScope {
  readonly page: PageRequest<string>;
}

/**
 * Each gathers what the resolvers of one level ask for into one call of the repository. A loader is made when it is first asked
 * for: most requests need one or two.
 */
export class Loaders {
  readonly #repository: SessionRepository;
  readonly #budget: Budget;
  #session?: DataLoader<string, Session | null>;
  #ancestors?: DataLoader<string, Session[]>;
  #rollup?: DataLoader<string, SessionRollup | null>;
  #children?: DataLoader<ChildrenKey, Page<Session>, string>;
  #descendants?: DataLoader<DescendantsKey, Page<Session>, string>;
  #descendantCount?: DataLoader<DescendantsScope, number, string>;
  #message?: DataLoader<MessageRef, Message | null, string>;
  #history?: DataLoader<HistoryRequest, Page<Message>, string>;
  #historyCount?: DataLoader<HistoryScope, number, string>;

  constructor(repository: SessionRepository, budget: Budget) {
    this.#repository = repository;
    this.#budget = budget;
  }

  /** A request whose budget is spent reads nothing more, also where it has asked already. */
  #loader<Key, Value, CacheKey = Key>(
    read: DataLoader.BatchLoadFn<Key, Value>,
    options?: DataLoader.Options<Key, Value, CacheKey>,
  ): DataLoader<Key, Value, CacheKey> {
    return new DataLoader(async (keys) => {
      this.#budget.check();
      return read(keys);
    }, options);
  }

  get session() {
    this.#session ??= this.#loader((ids) => this.#repository.findMany(ids));
    return this.#session;
  }

  get ancestors() {
    this.#ancestors ??= this.#loader((ids) => this.#repository.ancestorsOf(ids));
    return this.#ancestors;
  }

  get rollup() {
    this.#rollup ??= this.#loader((ids) => this.#repository.rollupsOf(ids));
    return this.#rollup;
  }

  get children() {
    this.#children ??= this.#loader(
      (keys) =>
        inGroups(
          keys,
          ({ page }) => pageKey(page),
          (group, { page }) =>
            this.#repository.childrenOf(
              group.map(({ parentId }) => parentId),
              page,
            ),
        ),
      { cacheKeyFn: ({ parentId, page }) => `${parentId} ${pageKey(page)}` },
    );
    return this.#children;
  }

  get descendants() {
    this.#descendants ??= this.#loader(
      (keys) =>
        inGroups(
          keys,
          ({ page, maxDepth }) => `${maxDepth} ${pageKey(page)}`,
          (group, { page, maxDepth }) =>
            descendantsOf(
              this.#repository,
              this.#budget,
              group.map(({ sessionId }) => sessionId),
              page,
              maxDepth,
            ),
        ),
      { cacheKeyFn: ({ sessionId, maxDepth, page }) => `${sessionId} ${maxDepth} ${pageKey(page)}` },
    );
    return this.#descendants;
  }

  get descendantCount() {
    this.#descendantCount ??= this.#loader(
      (keys) =>
        inGroups(
          keys,
          ({ maxDepth }) => String(maxDepth),
          (group, { maxDepth }) =>
            this.#repository.countDescendants(
              group.map(({ sessionId }) => sessionId),
              maxDepth,
            ),
        ),
      { cacheKeyFn: ({ sessionId, maxDepth }) => `${sessionId} ${maxDepth}` },
    );
    return this.#descendantCount;
  }

  get message() {
    this.#message ??= this.#loader(
      (refs) => withinText(this.#budget, this.#repository.findMessages(refs, this.#budget.textLeft)),
      { cacheKeyFn: messageId },
    );
    return this.#message;
  }

  get history() {
    this.#history ??= this.#loader(
      (requests) => withinText(this.#budget, this.#repository.historyOf(requests, this.#budget.textLeft)),
      { cacheKeyFn: ({ page, ...scope }) => `${scopeKey(scope)} ${pageKey(page)}` },
    );
    return this.#history;
  }

  get historyCount() {
    this.#historyCount ??= this.#loader((scopes) => this.#repository.countHistory(scopes), {
      cacheKeyFn: scopeKey,
    });
    return this.#historyCount;
  }
}

function pageKey({ from, limit, after, before }: PageRequest<number | string>): string {
  return `${from} ${limit} ${after} ${before}`;
}

function scopeKey({ sessionId, roles }: HistoryScope): string {
  return `${sessionId} ${roles ?? 'ALL'}`;
}

/** One call of `read` for each group of keys that have `groupOf` in common; what fails is that group, not the others. */
async function inGroups<Key, Value>(
  keys: readonly Key[],
  groupOf: (key: Key) => string,
  read: (group: Key[], sample: Key) => Promise<Value[]>,
): Promise<(Value | Error)[]> {
  const answers = new Map<Key, Value | Error>();
  const groups = Map.groupBy(keys, groupOf).values();
  await Promise.all(
    groups.map(async (group) => {
      const values = await read(group, group[0]!).catch((error: Error) => group.map(() => error));
      for (const [index, key] of group.entries()) answers.set(key, values[index]!);
    }),
  );
  return keys.map((key) => answers.get(key)!);
}

async function descendantsOf(
  repository: SessionRepository,
  budget: Budget,
  ids: string[],
  page: PageRequest<string>,
  maxDepth: number | null,
): Promise<Page<Session>[]> {
  // How many there are is known only to the store: where they might be too many it is asked first. A page that goes on
  // after a cursor is of one session alone, and so no larger than a page.
  if (ids.length * page.limit > budget.objectsLeft && page.after === undefined && page.before === undefined) {
    const counts = await repository.countDescendants(ids, maxDepth);
    const expected = counts.reduce((sum, count) => sum + Math.min(count, page.limit), 0);
    if (expected > budget.objectsLeft) budget.exceedObjects();
  }
  try {
    return await repository.descendantsOf(ids, page, maxDepth);
  } catch (error) {
    if (!(error instanceof UnknownKeyError)) throw error;
    throw badUserInput(
      `expected a cursor of a session that is beneath "${ids.join('", "')}", got one of a session that is not, or is no ` +
        'longer, there. Start again without it.',
    );
  }
}

async function withinText<T>(budget: Budget, read: Promise<T>): Promise<T> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof ReadTooLargeError) budget.exceedText();
    throw error;
  }
}
