import type { TransactionQueries } from '../connection/queries.ts';

/** The key of a tree in `trees`: the home and the `sid` of its root. */
export interface TreeKey {
  readonly home: number;
  readonly root: number;
}

/** A tree that the transaction has locked. Its members change with what the transaction does; they are written at its end. */
export interface LockedTree extends TreeKey {
  /** The id of the root. */
  readonly id: string;
  readonly owner: string;
  /** Of the latest mutation. */
  number: number;
  at: number;
  homes: number[];
  last_active_at: number;
  /** True once the root is no root any more. */
  isGone?: boolean;
}

const TREE_MEMBERS = 't.home, t.root, t.id, t.owner, t.number, t.at, t.homes, t.last_active_at';

const LOCK_TREE = `SELECT ${TREE_MEMBERS} FROM trees t WHERE t.home = $1::int8 AND t.root = $2::int8 FOR UPDATE`;

const UPDATE_TREE = `UPDATE trees SET number = $3::int8, at = $4::int8, homes = $5::int8[], last_active_at = $6::int8, clock = $7::int8
  WHERE home = $1::int8 AND root = $2::int8`;

const INSERT_TREE = `INSERT INTO trees (home, root, id, owner, number, clock, at, homes, last_active_at)
  VALUES ($1::int8, $2::int8, $3::text, $4::text, $5::int8, $6::int8, $7::int8, $8::int8[], $9::int8)`;

const DELETE_TREE = 'DELETE FROM trees WHERE home = $1::int8 AND root = $2::int8';

/** Locks trees in the order of `keys`, by one statement each, which are sent together. */
export async function lockTrees(
  queries: TransactionQueries,
  keys: readonly TreeKey[],
): Promise<LockedTree[]> {
  const locked = await Promise.all(
    keys.map(({ home, root }) => queries.rows<LockedTree>(LOCK_TREE, [home, root])),
  );
  return locked.flat();
}

/** Sends what has become of a locked tree, or of a new one. `at` and `clock` are those of the transaction. */
export function writeTree(
  queries: TransactionQueries,
  tree: LockedTree,
  { at, clock, isNew }: { readonly at: Date; readonly clock: number; readonly isNew: boolean },
): void {
  const { home, root, id, owner, number, homes, last_active_at: active } = tree;
  if (tree.isGone) queries.send(DELETE_TREE, [home, root]);
  else if (isNew)
    queries.send(INSERT_TREE, [home, root, id, owner, number, clock, at.getTime(), homes, active]);
  else queries.send(UPDATE_TREE, [home, root, number, at.getTime(), homes, active, clock]);
}
