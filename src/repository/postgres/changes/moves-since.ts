import type { ReadOptions } from '../../read-options.ts';
import type { Queries } from '../connection/queries.ts';
import { homesOf, type Place } from '../rows/places.ts';
import { isNewIn, type Snapshot, valuesOf } from './snapshot.ts';

/** A move of a session. */
export interface Move {
  readonly sid: number;
  readonly from_root: number;
  readonly to_root: number;
  readonly former_parent_id: string | null;
}

const MEMBERS = 'm.sid, m.from_root, m.to_root, m.former_parent_id';

const ALL = `SELECT ${MEMBERS} FROM moves m WHERE ${isNewIn('m.clock', 1)} ORDER BY m.number, m.place`;
const OF_SESSIONS = `SELECT ${MEMBERS} FROM moves m
  WHERE m.home = ANY($4::int8[]) AND m.sid = ANY($5::int8[]) AND ${isNewIn('m.clock', 1)} ORDER BY m.number, m.place`;

/** All moves since a snapshot, those of each session in order; with `places`, of these sessions alone. */
export async function movesSince(
  queries: Queries,
  base: Snapshot,
  places: readonly Place[] | null,
  options?: ReadOptions,
): Promise<Move[]> {
  if (!places) return await queries.rows(ALL, valuesOf(base), options);
  if (places.length === 0) return [];
  const values = [...valuesOf(base), homesOf(places), places.map(({ sid }) => sid)];
  return await queries.rows(OF_SESSIONS, values, options);
}

/** The trees that sessions of the tree of `root` can have come from, or gone to; it alone if there are none. */
export function treesAround(root: number, moves: readonly Move[]): Set<number> {
  const beside = new Map<number, number[]>();
  const join = (one: number, other: number) => {
    const trees = beside.get(one);
    if (trees) trees.push(other);
    else beside.set(one, [other]);
  };
  for (const { from_root: from, to_root: to } of moves) {
    join(from, to);
    join(to, from);
  }
  const found = new Set([root]);
  // A set goes through what is added to it meanwhile.
  for (const each of found) for (const other of beside.get(each) ?? []) found.add(other);
  return found;
}
