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

/** Each gathers what the resolvers of one level ask for into one call of the repository. */
export interface Loaders {
  readonly session: DataLoader<string, Session | null>;
  readonly ancestors: DataLoader<string, Session[]>;
  readonly rollup: DataLoader<string, SessionRollup | null>;
  readonly children: DataLoader<ChildrenKey, Page<Session>, string>;
  readonly descendants: DataLoader<DescendantsKey, Page<Session>, string>;
  readonly descendantCount: DataLoader<DescendantsScope, number, string>;
  readonly message: DataLoader<MessageRef, Message | null, string>;
  readonly history: DataLoader<HistoryRequest, Page<Message>, string>;
  readonly historyCount: DataLoader<HistoryScope, number, string>;
}

export function createLoaders(repository: SessionRepository, budget: Budget): Loaders {
  return {
    session: new DataLoader((ids) => repository.findMany(ids)),
    ancestors: new DataLoader((ids) => repository.ancestorsOf(ids)),
    rollup: new DataLoader((ids) => repository.rollupsOf(ids)),
    children: new DataLoader(
      (keys) =>
        inGroups(
          keys,
          ({ page }) => pageKey(page),
          (group, { page }) =>
            repository.childrenOf(
              group.map(({ parentId }) => parentId),
              page,
            ),
        ),
      { cacheKeyFn: ({ parentId, page }) => `${parentId} ${pageKey(page)}` },
    ),
    descendants: new DataLoader(
      (keys) =>
        inGroups(
          keys,
          ({ page, maxDepth }) => `${maxDepth} ${pageKey(page)}`,
          (group, { page, maxDepth }) =>
            descendantsOf(
              repository,
              budget,
              group.map(({ sessionId }) => sessionId),
              page,
              maxDepth,
            ),
        ),
      { cacheKeyFn: ({ sessionId, maxDepth, page }) => `${sessionId} ${maxDepth} ${pageKey(page)}` },
    ),
    descendantCount: new DataLoader(
      (keys) =>
        inGroups(
          keys,
          ({ maxDepth }) => String(maxDepth),
          (group, { maxDepth }) =>
            repository.countDescendants(
              group.map(({ sessionId }) => sessionId),
              maxDepth,
            ),
        ),
      { cacheKeyFn: ({ sessionId, maxDepth }) => `${sessionId} ${maxDepth}` },
    ),
    message: new DataLoader((refs) => withinText(budget, repository.findMessages(refs, budget.textLeft)), {
      cacheKeyFn: messageId,
    }),
    history: new DataLoader(
      (requests) => withinText(budget, repository.historyOf(requests, budget.textLeft)),
      {
        cacheKeyFn: ({ page, ...scope }) => `${scopeKey(scope)} ${pageKey(page)}`,
      },
    ),
    historyCount: new DataLoader((scopes) => repository.countHistory(scopes), { cacheKeyFn: scopeKey }),
  };
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
