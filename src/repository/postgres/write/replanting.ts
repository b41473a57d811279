import { ConflictError } from '../../../model/errors.ts';
import type { TransactionQueries } from '../connection/queries.ts';
import type { Value } from '../connection/value.ts';
import { type Columns, insertRows } from '../rows/insert.ts';
import { childPath, endOf, ROOT_PATH } from '../rows/path.ts';
import { inPreOrder, isBeneath } from '../rows/path-sql.ts';
import { ownerColumn, type SessionRow } from '../rows/session-row.ts';
import type { LockedTree } from './tree-rows.ts';
import type { TreeTransaction } from './trees.ts';

/** A session that is about to come to another place, with all beneath it. */
export interface Replanting {
  /** As it was. */
  readonly top: SessionRow;
  /** As it will be. */
  readonly row: SessionRow;
  readonly from: LockedTree;
  readonly to: LockedTree;
}

/** What a statement is given of each replanted session. */
interface Given {
  readonly sid: number;
  readonly former_root: number;
  readonly former_path: Buffer;
  readonly former_end: Buffer;
  readonly rest_from: number;
  readonly deeper: number;
  readonly parent: number | null;
  readonly parent_id: string | null;
  readonly root: number;
  readonly root_home: number;
  readonly root_id: string;
  readonly owner: string;
  readonly path: Buffer;
  readonly arrival: number;
}

const GIVEN: Columns<Given> = {
  sid: 'int8',
  former_root: 'int8',
  former_path: 'bytea',
  former_end: 'bytea',
  rest_from: 'int4',
  deeper: 'int4',
  parent: 'int8',
  parent_id: 'text',
  root: 'int8',
  root_home: 'int8',
  root_id: 'text',
  owner: 'text',
  path: 'bytea',
  arrival: 'int8',
};

const NAMES = Object.keys(GIVEN) as (keyof Given)[];
const COUNT = NAMES.length;
const FROM_GIVEN = `unnest(${Object.values<string>(GIVEN)
  .map((type, n) => `$${n + 1}::${type}[]`)
  .join(', ')}) AS given (${NAMES.join(', ')})`;

const HOMES = `$${COUNT + 1}::int8[]`;

function isGiven(of: string): string {
  const top = { root: 'given.former_root', path: 'given.former_path', end: 'given.former_end' };
  return `${of}.home = ANY(${HOMES}) AND ${isBeneath(of, top)}`;
}

const SELECT_CLASH = `SELECT s.key, s.id, k.id AS holder FROM ${FROM_GIVEN}
  JOIN sessions s ON ${isGiven('s')} JOIN session_keys k ON k.owner = given.owner AND k.key = s.key
  WHERE s.key IS NOT NULL AND s.owner <> given.owner ORDER BY ${inPreOrder('s')} LIMIT 1`;

const MOVE_KEYS = `UPDATE session_keys k SET owner = given.owner FROM ${FROM_GIVEN} JOIN sessions s ON ${isGiven('s')}
  WHERE s.key IS NOT NULL AND s.owner <> given.owner AND k.owner = s.owner AND k.key = s.key`;

const SURROUNDINGS = `root = given.root, root_home = given.root_home,
    path = given.path || substring(x.path from given.rest_from)`;

/** The tops alone change in themselves. */
function ofTop(column: string, value: string): string {
  return `${column} = CASE WHEN x.sid = given.sid THEN ${value} ELSE x.${column} END`;
}

const REPLANT = `WITH moved AS (UPDATE sessions x SET ${SURROUNDINGS}, root_id = given.root_id, owner = given.owner,
      depth = x.depth + given.deeper, ${ofTop('parent', 'given.parent')}, ${ofTop('parent_id', 'given.parent_id')},
      ${ofTop('arrival', 'given.arrival')}, ${ofTop('version', 'x.version + 1')}, ${ofTop('number', `$${COUNT + 2}::int8`)},
      ${ofTop('clock', `$${COUNT + 3}::int8`)}, ${ofTop('updated_at', `greatest(x.updated_at, $${COUNT + 4}::int8)`)}
    FROM ${FROM_GIVEN} WHERE ${isGiven('x')} RETURNING given.root, x.home, x.last_active_at)
  SELECT root, array_agg(DISTINCT home) AS homes, max(last_active_at) AS active FROM moved GROUP BY root`;

const REPLANT_TOMBSTONES = `WITH moved AS (UPDATE tombstones x SET ${SURROUNDINGS}
    FROM ${FROM_GIVEN} WHERE ${isGiven('x')} RETURNING given.root, x.home)
  SELECT root, array_agg(DISTINCT home) AS homes FROM moved GROUP BY root`;

interface MoveRow {
  readonly home: number;
  readonly sid: number;
  readonly number: number;
  readonly clock: number;
  readonly place: number;
  readonly from_root: number;
  readonly to_root: number;
  readonly former_parent_id: string | null;
}

const INSERT_MOVES = insertRows<MoveRow>('moves', {
  home: 'int8',
  sid: 'int8',
  number: 'int8',
  clock: 'int8',
  place: 'int8',
  from_root: 'int8',
  to_root: 'int8',
  former_parent_id: 'text',
});

const SELECT_ACTIVE = `SELECT max(last_active_at) AS active FROM sessions WHERE home = ANY($1::int8[]) AND root = $2::int8`;

/** The place of a session as the child of another, behind its first `count` new children. */
export function underParent(top: SessionRow, parent: SessionRow, to: LockedTree, count = 0): SessionRow {
  const arrival = parent.next_child + count;
  return {
    ...top,
    parent: parent.sid,
    parent_id: parent.id,
    root: to.root,
    root_home: to.home,
    root_id: to.id,
    owner: to.owner,
    depth: parent.depth + 1,
    path: childPath(parent.path, arrival),
    arrival,
  };
}

/** The place of a session as a root. */
export function asRoot(top: SessionRow): SessionRow {
  return {
    ...top,
    parent: null,
    parent_id: null,
    root: top.sid,
    root_home: top.home,
    root_id: top.id,
    owner: ownerColumn(top.user_id),
    depth: 0,
    path: ROOT_PATH,
    arrival: top.sid,
  };
}

/** The tree that a session becomes. */
export function treeAt({ home, sid, id, owner }: SessionRow, number: number): LockedTree {
  return { home, root: sid, id, owner, number, at: 0, homes: [home], last_active_at: 0 };
}

/**
 * Brings sessions of one tree to other places, with all beneath them, as the mutation `number` of each of their trees; changes these trees, but
 * for `isGone`. The children of the parents are counted by the caller. Resolves with the sessions as they are then. Rejects with a
 * ConflictError if a session of a tree's owner has the key of one that comes to it.
 */
export async function replant(
  transaction: TreeTransaction,
  replantings: readonly Replanting[],
  number: number,
): Promise<SessionRow[]> {
  const { queries, clock, at } = transaction;
  const [first] = replantings;
  if (!first) return [];
  const { from } = first;
  const values = valuesOf(replantings, from.homes);
  if (replantings.some(({ top, row }) => top.owner !== row.owner)) await moveKeys(queries, values);
  const [moved, buried] = await Promise.all([
    queries.rows<{ root: number; homes: number[]; active: number }>(REPLANT, [
      ...values,
      number,
      clock,
      at.getTime(),
    ]),
    queries.rows<{ root: number; homes: number[] }>(REPLANT_TOMBSTONES, values),
  ]);
  queries.send(
    INSERT_MOVES.sql,
    INSERT_MOVES.values(
      replantings.map(({ top, to }, place) => ({
        home: top.home,
        sid: top.sid,
        number,
        clock,
        place,
        from_root: from.root,
        to_root: to.root,
        former_parent_id: top.parent_id,
      })),
    ),
  );
  const trees = new Map(replantings.map(({ to }) => [to.root, to]));
  for (const tree of [from, ...trees.values()]) tree.number = number;
  for (const { root, homes } of [...moved, ...buried])
    trees.get(root)!.homes = [...new Set([...trees.get(root)!.homes, ...homes])];
  for (const { root, active } of moved)
    trees.get(root)!.last_active_at = Math.max(trees.get(root)!.last_active_at, active);
  if (!trees.has(from.root)) await lessActive(queries, from, Math.max(...moved.map(({ active }) => active)));
  return replantings.map(({ row }) => ({
    ...row,
    version: row.version + 1,
    number,
    clock,
    updated_at: Math.max(row.updated_at, at.getTime()),
  }));
}

/** Sets when a tree was last active, once sessions that were active at `active` have left it. */
export async function lessActive(
  queries: TransactionQueries,
  tree: LockedTree,
  active: number,
): Promise<void> {
  if (active < tree.last_active_at) return;
  const [row] = await queries.rows<{ active: number | null }>(SELECT_ACTIVE, [tree.homes, tree.root]);
  tree.last_active_at = row?.active ?? 0;
}

async function moveKeys(queries: TransactionQueries, values: readonly Value[]): Promise<void> {
  await refuseClash(queries, values);
  queries.send(MOVE_KEYS, values);
}

async function refuseClash(
  queries: Pick<TransactionQueries, 'rows'>,
  values: readonly Value[],
): Promise<void> {
  const [clash] = await queries.rows<{ key: string; id: string; holder: string }>(SELECT_CLASH, values);
  if (clash) throw ConflictError.sessionKey(clash.key, clash.id, clash.holder);
}

/** Rejects as `replant` would for roots that children of a tree with these homes become. */
export async function refuseClashOfRoots(
  queries: Pick<TransactionQueries, 'rows'>,
  tops: readonly SessionRow[],
  homes: readonly number[],
): Promise<void> {
  const others = tops
    .map((top) => ({ top, row: asRoot(top) }))
    .filter(({ top, row }) => top.owner !== row.owner);
  if (others.length > 0) await refuseClash(queries, valuesOf(others, homes));
}

function valuesOf(
  replantings: readonly Pick<Replanting, 'top' | 'row'>[],
  homes: readonly number[],
): Value[] {
  const given = replantings.map(
    ({ top, row }): Given => ({
      sid: top.sid,
      former_root: top.root,
      former_path: top.path,
      former_end: endOf(top.path),
      rest_from: top.path.length + 1,
      deeper: row.depth - top.depth,
      parent: row.parent,
      parent_id: row.parent_id,
      root: row.root,
      root_home: row.root_home,
      root_id: row.root_id,
      owner: row.owner,
      path: row.path,
      arrival: row.arrival,
    }),
  );
  return [...NAMES.map((name) => given.map((row) => row[name]!)), homes as number[]];
}
