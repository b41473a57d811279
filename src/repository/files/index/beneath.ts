import type { SessionRow } from './session-row.ts';
import type { Steps } from './steps.ts';
import type { IndexTables } from './tables.ts';

/** Children that are read in one step: a millisecond of work. */
const CHILDREN_AT_ONCE = 500;

/** A session whose children are read. */
export type Parent = Pick<SessionRow, 'sequence' | 'childCount'>;

/** What every read of children gets, beside what it asks for. */
interface Child extends Parent {
  readonly arrival: number;
}

/** The columns of `Child`. */
export const PARENT_COLUMNS = 'c.seq AS sequence, c.child_count AS childCount, c.arrival AS arrival';

/** The number of sessions beneath `top`, down to `maxDepth` levels, or `most`. Only those above others are read. */
export function* countBeneath(
  tables: IndexTables,
  top: Parent,
  maxDepth: number,
  most: number,
): Steps<number> {
  let count = 0;
  let level: readonly Parent[] = top.childCount > 0 ? [top] : [];
  for (let depth = 1; depth <= maxDepth && level.length > 0; depth += 1) {
    for (const { childCount } of level) count += childCount;
    if (depth === maxDepth || count >= most) break;
    const next: Parent[] = [];
    yield* eachChild<Child>(tables, level, PARENT_COLUMNS, (child) => {
      if (child.childCount > 0) next.push(child);
    });
    level = next;
  }
  return Math.min(count, most);
}

/**
 * Passes all children of `parents` to `visit`, in steps. `columns` are those of the table `c`, and must include the members of
 * `Child`.
 */
export function* eachChild<Row extends Child>(
  tables: IndexTables,
  parents: readonly Parent[],
  columns: string,
  visit: (child: Row) => void,
): Steps<void> {
  let few: number[] = [];
  let children = 0;
  for (const [n, { sequence, childCount }] of parents.entries()) {
    if (childCount > CHILDREN_AT_ONCE) yield* eachOfMany(tables, sequence, columns, visit);
    else if (childCount > 0) {
      few.push(sequence);
      children += childCount;
    }
    if (few.length === 0 || (children < CHILDREN_AT_ONCE && n < parents.length - 1)) continue;
    const sql = `SELECT ${columns} FROM json_each(?) p CROSS JOIN sessions c ON c.parent_seq = p.value`;
    const rows = tables.connection.flushed().all<Row>(sql, JSON.stringify(few));
    for (const row of rows) visit(row);
    yield rows.length;
    few = [];
    children = 0;
  }
}

/** As `eachChild`, for one parent. */
function* eachOfMany<Row extends Child>(
  tables: IndexTables,
  parent: number,
  columns: string,
  visit: (child: Row) => void,
): Steps<void> {
  const sql = `SELECT ${columns} FROM sessions c WHERE c.parent_seq = ? AND c.arrival > ? ORDER BY c.arrival LIMIT ?`;
  for (let after = -1; ; ) {
    const rows = tables.connection.flushed().all<Row>(sql, parent, after, CHILDREN_AT_ONCE);
    for (const row of rows) visit(row);
    yield rows.length;
    if (rows.length < CHILDREN_AT_ONCE) return;
    after = rows.at(-1)!.arrival;
  }
}
