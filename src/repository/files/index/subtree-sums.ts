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
  /** Adds the sum of a child with all beneath it to that of its parent. Returns how many numbers it added, about. */
  add(to: Sum, sum: Sum): number;
}

/** Sessions that are summed in one step. */
const SUMMED_AT_ONCE = 500;

interface Node<Sum> {
  readonly id: string;
  readonly parent: number | null;
  readonly sum: Sum;
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
    const node = { id: row.id, parent: row.parentSequence, sum: summing.sumOf(row) };
    nodes.set(row.sequence, node);
    latest.set(row.sequence, node.sum);
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
  { add }: Pick<Summing<never, Sum>, 'add'>,
): Steps<ReadonlyMap<string, Sum>> {
  const sums = new Map<string, Sum>();
  let numbers = 0;
  for (const level of levels.toReversed()) {
    for (const { id, parent, sum } of level ?? []) {
      const above = parent === null ? undefined : nodes.get(parent);
      if (above) numbers += add(above.sum, sum);
      if (ids.has(id)) sums.set(id, sum);
      numbers += 1;
      if (numbers < SUMMED_AT_ONCE) continue;
      numbers = 0;
      yield 0;
    }
  }
  return sums;
}
