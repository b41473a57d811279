import type { ChildrenRequest, PageRequest } from '../../src/repository/reads.ts';

/** The same page of each parent's children, for `childrenOf`. */
export function childrenRequests(parentIds: readonly string[], page: PageRequest<number>): ChildrenRequest[] {
  return parentIds.map((parentId) => ({ parentId, page }));
}
