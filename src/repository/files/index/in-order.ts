import type { Page, PageRequest } from '../../repository.ts';

/** Rows as they came from one end, one more than asked for where there are more: a page in the list's own order. */
export function inOrder<Row>(rows: Row[], page: PageRequest<unknown>): Page<Row> {
  const items = rows.slice(0, page.limit);
  if (page.from === 'end') items.reverse();
  return { items, hasMore: rows.length > page.limit };
}
