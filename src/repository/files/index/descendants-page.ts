import { EMPTY_PAGE, type Page, type PageRequest, UnknownKeyError } from '../../reads.ts';
import { inOrder } from '../../runtime/in-order.ts';
import type { ChildMatch } from './child-match.ts';
import { filteredDescendants } from './filtered-descendants.ts';
import type { SessionRow } from './session-row.ts';
import type { Steps } from './steps.ts';
import type { IndexTables } from './tables.ts';
import { comparePlaces, type Place, placeBeneath, walkTree } from './tree-walk.ts';

/** Sessions that a walk in pre-order passes over before the subtree is read level by level instead. */
const MISSES_MAX = 500;

/** Sessions without children that are found in one step, to look at the clock less often. Children may have to be read. */
const FOUND_AT_ONCE = 16;

/** A page of the sessions beneath a session that match, in pre-order, down to `maxDepth` levels. */
export function* descendantsPage(
  tables: IndexTables,
  topId: string,
  page: PageRequest<string>,
  maxDepth: number,
  match: ChildMatch | null,
): Steps<Page<SessionRow>> {
  const top = tables.sessions.row(topId);
  if (!top) return EMPTY_PAGE;
  const after = yield* placeOf(tables, topId, page.after);
  const before = yield* placeOf(tables, topId, page.before);
  const forward = page.from === 'start';
  const [start, end] = forward ? [after, before] : [before, after];
  const rows: SessionRow[] = [];
  let misses = 0;
  for (const visit of walkTree(tables, top, forward ? 'forward' : 'backward', maxDepth, start)) {
    if (end && comparePlaces(visit.place(), end) * (forward ? 1 : -1) >= 0) break;
    if (!match || match(visit.row)) {
      rows.push(visit.row);
      if (rows.length > page.limit) break;
      if (visit.row.childCount > 0 || rows.length % FOUND_AT_ONCE === 0) yield 0;
      continue;
    }
    misses += 1;
    yield 1;
    if (misses <= MISSES_MAX) continue;
    const places = { ...page, after, before };
    const sequences = yield* filteredDescendants(tables, top, places, maxDepth, match);
    return inOrder(yield* tables.sessions.rows(sequences), page);
  }
  return inOrder(rows, page);
}

function* placeOf(tables: IndexTables, topId: string, key: string | undefined): Steps<Place | undefined> {
  if (key === undefined) return undefined;
  const place = yield* placeBeneath(tables, topId, key);
  if (!place) throw new UnknownKeyError(`"${key}" is not beneath "${topId}".`);
  return place;
}
