import { eachChild, type Parent } from './beneath.ts';
import type { SessionRow } from './session-row.ts';
import type { Steps } from './steps.ts';
import type { IndexTables } from './tables.ts';

/** The members of a row that give its place in the tree. Columns for `subtreeSums` must include them. */
export const PLACE_MEMBERS = ['sequence', 'id', 'parentSequence', 'depth', 'arrival', 'childCount'] as const;

export type PlaceRow = Pick<SessionRow, (typeof PLACE_MEMBERS)[number]>;

/** What is summed over subtrees, from the rows of sessions. */
export interface Summing<Row extends PlaceRow, Sum> {
  /** The columns of `Row`, of the table `c`. */
  readonly columns: string;
  /** The sum of a session alone. */
  sumOf(row: Row): Sum;
  /** Reads what is not in the rows of sessions, for those that were just read, by sequence number. */
  read?(sums: ReadonlyMap<number, Sum>): Steps<void>;
  /**
   * The sum of a session and of a child with all beneath it. May change the session's; the child's only if that is not `isKept` for the
   * answer.
   */
  add(to: Sum, child: Sum, isKept: boolean): Sum;
  /** How many numbers a sum has. Default: one, whatever it sums. */
  size?(sum: Sum): number;
}

/** Sessions that are summed in one step. */
const SUMMED_AT_ONCE = 500;

/**
 * Rows that each number beyond the first counts as where it is copied from a sum that stays: sums of many numbers, of each session of a deep
 * tree, would otherwise fill the memory at the cost of a few rows.
 */
const ROWS_PER_COPIED_NUMBER = 10;

interface Node<Sum> {
  readonly id: string;
  readonly parent: number | null;
  /** Null once it was added to that of the parent, unless it is asked for. */
  sum: Sum | null;
}

/** The sums over the sessions `ids`, each with all beneath it, by id. Each session is read once, however the subtrees overlap. */
export function* subtreeSums<Row extends PlaceRow, Sum>(
  tables: IndexTables,
  ids: readonly string[],
  summing: Summing<Row, Sum>,
): Steps<ReadonlyMap<string, Sum>> {
  const nodes = new Map<number, Node<Sum>>();
  const levels: Node<Sum>[][] = [];
  let level: Parent[] = [];
  let latest = new Map<number, Sum>();
  const take = (row: Row) => {
    // A session that was read before has brought its own children.
    if (nodes.has(row.sequence)) return;
    const sum = summing.sumOf(row);
    const node: Node<Sum> = { id: row.id, parent: row.parentSequence, sum };
    nodes.set(row.sequence, node);
    latest.set(row.sequence, sum);
    levels[row.depth] ??= [];
    levels[row.depth]!.push(node);
    level.push(row);
  };
  for (let from = 0; from < ids.length; from += SUMMED_AT_ONCE) {
    const sql = `SELECT ${summing.columns} FROM sessions c WHERE c.id IN (SELECT value FROM json_each(?))`;
    const some = JSON.stringify(ids.slice(from, from + SUMMED_AT_ONCE));
    const rows = tables.connection.flushed().all<Row>(sql, some);
    for (const row of rows) take(row);
    yield rows.length;
  }
  while (level.length > 0) {
    const parents = level;
    if (summing.read) yield* summing.read(latest);
    level = [];
    latest = new Map();
    yield* eachChild<Row>(tables, parents, summing.columns, take);
  }
  return yield* added(new Set(ids), nodes, levels, summing);
}

/** Adds each sum to that of its parent, from the deepest up. */
function* added<Sum>(
  ids: ReadonlySet<string>,
  nodes: ReadonlyMap<number, Node<Sum>>,
  levels: readonly (readonly Node<Sum>[] | undefined)[],
  { add, size = () => 1 }: Pick<Summing<never, Sum>, 'add' | 'size'>,
): Steps<ReadonlyMap<string, Sum>> {
  const sums = new Map<string, Sum>();
  let numbers = 0;
  let rows = 0;
  for (const level of levels.toReversed()) {
    for (const node of level ?? []) {
      const sum = node.sum!;
      const isKept = ids.has(node.id);
      if (isKept) sums.set(node.id, sum);
      const above = node.parent === null ? undefined : nodes.get(node.parent);
      if (above) {
        const count = size(sum);
        numbers += isKept ? count : Math.min(count, size(above.sum!));
        if (isKept) rows += (count - 1) * ROWS_PER_COPIED_NUMBER;
        above.sum = add(above.sum!, sum, isKept);
      }
      if (!isKept) node.sum = null;
      numbers += 1;
      if (numbers < SUMMED_AT_ONCE) continue;
      yield rows;
      numbers = 0;
      rows = 0;
    }
  }
  yield rows;
  return sums;
}
