import type { Page, PageRequest } from '../../reads.ts';
import { inOrder } from '../../runtime/in-order.ts';
import { countBeneath, eachChild, type Parent } from './beneath.ts';
import { type ChildMatch, MATCHED_MEMBERS } from './child-match.ts';
import { type SessionRow, selection } from './session-row.ts';
import type { Steps } from './steps.ts';
import type { IndexTables } from './tables.ts';

/** The children of so few are read whole, and cached: a tree is often read level by level. */
const FEW_CHILDREN = 128;
/** Children that are compared in one step: a millisecond of work. */
const COMPARED_AT_ONCE = 500;

const MEMBERS = ['sequence', 'arrival', 'childCount', ...MATCHED_MEMBERS] as const;
const COLUMNS = selection(MEMBERS, 'c');

type Compared = Pick<SessionRow, (typeof MEMBERS)[number]>;

const SELECT = {
  start: `SELECT ${COLUMNS} FROM sessions c WHERE c.parent_seq = ? AND c.arrival > ? AND c.arrival < ? ORDER BY c.arrival LIMIT ?`,
  end: `SELECT ${COLUMNS} FROM sessions c WHERE c.parent_seq = ? AND c.arrival > ? AND c.arrival < ? ORDER BY c.arrival DESC LIMIT ?`,
} as const;

/** A page of the children that match. */
export function* filteredChildren(
  tables: IndexTables,
  parent: SessionRow,
  page: PageRequest<number>,
  match: ChildMatch,
): Steps<Page<SessionRow>> {
  if (parent.childCount > FEW_CHILDREN) {
    const { items, hasMore } = inOrder(yield* sequencesOf(tables, parent, page, match), page);
    return { items: yield* tables.sessions.rows(items), hasMore };
  }
  const { after = -1, before = Number.MAX_SAFE_INTEGER } = page;
  const rows = yield* tables.sessions.children(parent);
  const some = rows.filter((row) => row.arrival > after && row.arrival < before && match(row));
  if (rows.length > some.length) yield rows.length - some.length;
  if (page.from === 'end') some.reverse();
  return inOrder(some, page);
}

/** The numbers of the first children that match, from either end, and of one more than the page has. */
function* sequencesOf(
  tables: IndexTables,
  parent: SessionRow,
  page: PageRequest<number>,
  match: ChildMatch,
): Steps<number[]> {
  const sequences: number[] = [];
  let { after = -1, before = Number.MAX_SAFE_INTEGER } = page;
  for (;;) {
    const rows = tables.connection
      .flushed()
      .all<Compared>(SELECT[page.from], parent.sequence, after, before, COMPARED_AT_ONCE);
    for (const [n, row] of rows.entries()) {
      if (match(row)) sequences.push(row.sequence);
      if (sequences.length <= page.limit) continue;
      yield n;
      return sequences;
    }
    yield rows.length;
    if (rows.length < COMPARED_AT_ONCE) return sequences;
    if (page.from === 'start') after = rows.at(-1)!.arrival;
    else before = rows.at(-1)!.arrival;
  }
}

/** The number of sessions beneath session `id` that match, down to `maxDepth` levels, or `most`; of all if `match` is null. */
export function* countBelow(
  tables: IndexTables,
  id: string,
  maxDepth: number,
  match: ChildMatch | null,
  most: number,
): Steps<number> {
  const top = tables.sessions.row(id);
  if (!top) return 0;
  if (!match) return yield* countBeneath(tables, top, maxDepth, most);
  let count = 0;
  let level: readonly Parent[] = [top];
  for (let depth = 1; depth <= maxDepth && level.length > 0 && count < most; depth += 1) {
    const next: Parent[] = [];
    yield* eachChild<Compared>(tables, level, COLUMNS, (row) => {
      if (match(row)) count += 1;
      if (row.childCount > 0) next.push(row);
    });
    level = next;
  }
  return Math.min(count, most);
}
