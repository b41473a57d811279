import type { SessionRow } from './session-row.ts';
import { type Direction, Siblings, wholeSiblings } from './siblings.ts';
import type { Steps } from './steps.ts';
import type { IndexTables } from './tables.ts';

/** A node's place in pre-order: the arrivals on the path down to it. A node precedes its descendants. */
export type Place = readonly { readonly seq: number; readonly arrival: number }[];

export interface Visit {
  readonly row: SessionRow;
  /** The place of the row. Call before the next step of the walk. */
  readonly place: () => Place;
}

/**
 * The descendants of `top` in pre-order, or in reverse, from just beyond `start` on. A node's children are
 * fetched when the walk reaches the node, so the cost of a page does not depend on the size of the tree.
 */
export function* walkTree(
  tables: IndexTables,
  top: SessionRow,
  direction: Direction,
  maxDepth: number,
  start: Place | undefined,
): Generator<Visit> {
  if (maxDepth < 1) return;
  /** The siblings still to visit at each level, and the parent that they belong to. */
  const levels: {
    siblings: Iterator<SessionRow, undefined>;
    parent: SessionRow | null;
    at: Place[number] | null;
  }[] = [];
  const enter = (parent: number, row: SessionRow | null, at: Place[number] | null, beyond = at?.arrival) =>
    levels.push({ siblings: new Siblings(tables, parent, direction, beyond), parent: row, at });
  const enterWhole = (parent: SessionRow, row: SessionRow | null) =>
    levels.push({ siblings: wholeSiblings(tables, parent, direction), parent: row, at: null });
  const placeOf = () => levels.flatMap((level) => level.at ?? []);

  let parent = top.sequence;
  for (const step of start?.slice(0, maxDepth) ?? []) {
    const row = levels.length === 0 ? null : (tables.sessions.rowAt(parent) ?? null);
    // If the start lies deeper than the walk goes, its deepest visited ancestor comes before it.
    const included = direction === 'backward' && levels.length + 1 === maxDepth && start!.length > maxDepth;
    if (included) enter(parent, row, null, step.arrival + 1);
    else enter(parent, row, step);
    parent = step.seq;
  }
  if (!start) enterWhole(top, null);
  else if (direction === 'forward' && start.length < maxDepth) enter(parent, null, null);

  for (let level = levels.at(-1); level; level = levels.at(-1)) {
    const { value: row } = level.siblings.next();
    if (!row) {
      levels.pop();
      // Backwards, a node follows its descendants.
      if (direction === 'backward' && level.parent) yield { row: level.parent, place: placeOf };
      continue;
    }
    level.at = { seq: row.sequence, arrival: row.arrival };
    const descend = row.childCount > 0 && levels.length < maxDepth;
    if (descend) enterWhole(row, row);
    if (direction === 'forward' || !descend) yield { row, place: placeOf };
  }
}

/** Negative if `a` precedes `b` in pre-order, positive if it follows. */
export function comparePlaces(a: Place, b: Place): number {
  for (let n = 0; n < a.length && n < b.length; n += 1) {
    const difference = a[n]!.arrival - b[n]!.arrival;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/**
 * The place of the session `id` beneath `top`, even if the session was deleted since; null if the session is not
 * (or never was) beneath `top`.
 */
export function* placeBeneath(tables: IndexTables, top: string, id: string): Steps<Place | null> {
  const steps: { seq: number; arrival: number }[] = [];
  for (let next: string | null = id; next !== null && next !== top; ) {
    // A deleted node has no children to walk: no session has -1 as its parent.
    const step: { sequence?: number; parentId: string | null; arrival: number } | undefined =
      tables.sessions.row(next) ?? tables.tombstones.get(next);
    if (!step) return null;
    steps.push({ seq: step.sequence ?? -1, arrival: step.arrival });
    next = step.parentId;
    if (next === null) return null;
    yield 0;
  }
  return steps.length > 0 ? steps.reverse() : null;
}
