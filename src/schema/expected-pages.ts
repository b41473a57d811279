import type { ChildFilter, Session } from '../model/session.ts';
import type { ReadOptions } from '../repository/read-options.ts';
import {
  type ChildrenRequest,
  type ForksRequest,
  type Page,
  type PageRequest,
  UnknownKeyError,
} from '../repository/reads.ts';
import type { SessionRepository } from '../repository/repository.ts';
import type { Budget } from './budget.ts';
import { andThen, type MaybePromise } from './maybe-promise.ts';
import { badUserInput } from './request-error.ts';

export interface DescendantsScope {
  readonly sessionId: string;
  readonly maxDepth: number | null;
  readonly filter: ChildFilter | null;
}

export interface DescendantsKey extends DescendantsScope {
  readonly page: PageRequest<string>;
}

/*
 * Only the store knows how many sessions these pages have. It is asked first if they may be too many for the budget. A cursor belongs to
 * one session, so a request with a cursor reads at most one page.
 */

/** Throws if the filtered pages of children exceed the budget. */
export function expectChildren(
  repository: SessionRepository,
  budget: Budget,
  requests: readonly ChildrenRequest[],
  options: ReadOptions,
): MaybePromise<void> {
  const filtered = requests.filter(({ filter }) => filter);
  return expectPages(budget, filtered, (some, countLimit) =>
    repository.countChildren(
      some.map(({ parentId, filter = null }) => ({ parentId, filter })),
      { ...options, countLimit },
    ),
  );
}

/** Throws if the pages of forks exceed the budget. */
export function expectForks(
  repository: SessionRepository,
  budget: Budget,
  requests: readonly ForksRequest[],
  options: ReadOptions,
): MaybePromise<void> {
  return expectPages(budget, requests, (some, countLimit) =>
    repository.countForks(
      some.map(({ sessionId }) => ({ sessionId })),
      { ...options, countLimit },
    ),
  );
}

function expectPages<Request extends { readonly page: PageRequest<unknown> }>(
  budget: Budget,
  requests: readonly Request[],
  count: (requests: readonly Request[], countLimit: number) => Promise<number[]>,
): MaybePromise<void> {
  const some = requests.filter(({ page }) => page.after === undefined && page.before === undefined);
  const most = some.reduce((sum, { page }) => sum + page.limit, 0);
  if (most <= budget.objectsLeft) return;
  const countLimit = Math.max(...some.map(({ page }) => page.limit));
  return andThen(count(some, countLimit), (counts) => {
    const expected = counts.reduce((sum, each, n) => sum + Math.min(each, some[n]!.page.limit), 0);
    if (expected > budget.objectsLeft) budget.exceedObjects();
  });
}

/** The pages of descendants. Throws before they are read if they exceed the budget. */
export async function descendantsOf(
  repository: SessionRepository,
  budget: Budget,
  ids: string[],
  { page, maxDepth, filter }: DescendantsKey,
  options: ReadOptions,
): Promise<Page<Session>[]> {
  if (ids.length * page.limit > budget.objectsLeft && page.after === undefined && page.before === undefined) {
    const counted = { ...options, countLimit: page.limit };
    const counts = await repository.countDescendants(ids, maxDepth, filter, counted);
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
