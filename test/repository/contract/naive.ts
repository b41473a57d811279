import { jsonContains } from '../../../src/model/json.ts';
import type { ChildFilter, Session, SessionFilter, SessionOrder } from '../../../src/model/session.ts';
import type { ListKey, Page, PageRequest } from '../../../src/repository/reads.ts';

/** The page of `items`, in the simplest implementation. `compare` orders an item against a key. */
export function naivePage<T, Key>(
  items: readonly T[],
  page: PageRequest<Key>,
  compare: (item: T, key: Key) => number,
): Page<T> {
  const stretch = items.filter(
    (item) =>
      (page.after === undefined || compare(item, page.after) > 0) &&
      (page.before === undefined || compare(item, page.before) < 0),
  );
  const start = page.from === 'start' ? 0 : Math.max(0, stretch.length - page.limit);
  return { items: stretch.slice(start, start + page.limit), hasMore: stretch.length > page.limit };
}

export function naivePasses(session: Session, filter: SessionFilter): boolean {
  const created = session.createdAt.getTime();
  const active = session.lastActiveAt.getTime();
  return (
    (filter.userId == null || session.userId === filter.userId) &&
    (filter.keyPrefix == null || (session.key?.startsWith(filter.keyPrefix) ?? false)) &&
    (!filter.rootsOnly || session.parentId === null) &&
    (filter.parentId == null || session.parentId === filter.parentId) &&
    (filter.rootId == null || session.rootId === filter.rootId) &&
    (filter.createdAfter == null || created >= filter.createdAfter.getTime()) &&
    (filter.createdBefore == null || created < filter.createdBefore.getTime()) &&
    (filter.activeAfter == null || active >= filter.activeAfter.getTime()) &&
    (filter.activeBefore == null || active < filter.activeBefore.getTime()) &&
    (filter.metadata == null || jsonContains(session.metadata, filter.metadata)) &&
    (filter.title == null || naiveMatches(session.title ?? '', filter.title)) &&
    (filter.project == null || session.project === filter.project) &&
    (filter.agentName == null || session.agentName === filter.agentName) &&
    (filter.statuses == null || filter.statuses.includes(session.status)) &&
    (filter.damaged == null || session.damage.length > 0 === filter.damaged)
  );
}

export function naiveChildPasses(session: Session, filter: ChildFilter): boolean {
  const { archived, statuses, agentName } = filter;
  return (
    (archived == null || archived === 'INCLUDE' || (session.archivedAt !== null) === (archived === 'ONLY')) &&
    (statuses == null || statuses.includes(session.status)) &&
    (agentName == null || session.agentName === agentName)
  );
}

/** For queries of ASCII words, with or without `*`. */
function naiveMatches(title: string, query: string): boolean {
  const words = title.toLowerCase().split(/[^a-z]+/);
  const wanted = query.toLowerCase().split(' ').filter(Boolean);
  const finds = (word: string) =>
    words.some((each) => (word.endsWith('*') ? each.startsWith(word.slice(0, -1)) : each === word));
  return wanted.length > 0 && wanted.every(finds);
}

export function listKey(session: Session, order: SessionOrder): ListKey {
  const times = {
    CREATED_AT: session.createdAt,
    LAST_ACTIVE_AT: session.lastActiveAt,
    TREE_LAST_ACTIVE_AT: session.treeLastActiveAt,
  };
  return { time: times[order.field]!.getTime(), sequence: session.sequence };
}

/** Below 0 if `a` comes before `b` in `order`. */
export function compareListKeys(a: ListKey, b: ListKey, order: SessionOrder): number {
  const ascending = a.time - b.time || a.sequence - b.sequence;
  return order.direction === 'ASC' ? ascending : -ascending;
}

export function naiveList(
  sessions: readonly Session[],
  filter: SessionFilter,
  order: SessionOrder,
  page: PageRequest<ListKey>,
): Page<Session> {
  const compare = (session: Session, key: ListKey) => compareListKeys(listKey(session, order), key, order);
  const passing = sessions.filter((session) => naivePasses(session, filter));
  return naivePage(
    passing.sort((a, b) => compare(a, listKey(b, order))),
    page,
    compare,
  );
}

/** The descendants of `id` in pre-order, each with its level below `id`. Siblings are in the order of `childrenOf`. */
export function naiveDescendants(
  id: string,
  childrenOf: (id: string) => readonly string[],
  level = 1,
): { id: string; level: number }[] {
  return childrenOf(id).flatMap((child) => [
    { id: child, level },
    ...naiveDescendants(child, childrenOf, level + 1),
  ]);
}
