import type { Session } from '../../../model/session.ts';
import { EMPTY_PAGE, type Page, type PageRequest } from '../../reads.ts';
import { inOrder } from '../../runtime/in-order.ts';
import { type ShownSessionRow, sessionOf } from '../rows/session-row.ts';
import type { Walk } from './walk.ts';

/** A row of a page, with the number of its request, from 1. */
export type NumberedRow = ShownSessionRow & { readonly n: number };

/** The page of each request. `rows` are in the order of reading: up to one more for each request than its page has. */
export function pagesOf(
  rows: readonly NumberedRow[],
  pages: readonly PageRequest<unknown>[],
): Page<Session>[] {
  const byNumber = new Map<number, NumberedRow[]>();
  for (const row of rows) {
    const known = byNumber.get(row.n);
    if (known) known.push(row);
    else byNumber.set(row.n, [row]);
  }
  return pages.map((page, n) => {
    const { items, hasMore } = inOrder(byNumber.get(n + 1) ?? [], page);
    return items.length === 0 && !hasMore ? EMPTY_PAGE : { items: items.map(sessionOf), hasMore };
  });
}

/** The page of a walk, which has found up to one session more. A session that was deleted meanwhile is left out. */
export function pageOfWalk(
  { found }: Pick<Walk<unknown, unknown>, 'found'>,
  rows: ReadonlyMap<number, ShownSessionRow>,
  page: PageRequest<unknown>,
): Page<Session> {
  const { items, hasMore } = inOrder([...found], page);
  return {
    items: items.flatMap(({ sid }) => {
      const row = rows.get(sid);
      return row ? sessionOf(row) : [];
    }),
    hasMore,
  };
}
