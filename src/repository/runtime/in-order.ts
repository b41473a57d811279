import type { Page, PageRequest } from '../reads.ts';

/**
 * Puts `rows`, which were read from either end, into the list's own order. One row beyond the limit means that
 * there are more.
 */
export function inOrder<Row>(rows: Row[], page: PageRequest<unknown>): Page<Row> {
  const items = rows.slice(0, page.limit);
  if (page.from === 'end') items.reverse();
  return { items, hasMore: rows.length > page.limit };
}
