import type { SessionRow } from './session-row.ts';
import { atOnce, type Steps } from './steps.ts';
import type { IndexTables } from './tables.ts';

/** A node's place in pre-order: the arrivals on the path down to it. A node precedes its descendants. */
export type Place = readonly { readonly seq: number; readonly arrival: number }[];

type Direction = 'forward' | 'backward';

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

/** The most children that are read at once. */
const SIBLINGS_AT_ONCE_MAX = 128;
/** The most children of one parent that are cached once a walk has read all of them: a third of the cache. */
const CACHED_SIBLINGS_MAX = 10_000;

/** All children of `parent`, in the direction of a walk. */
function wholeSiblings(
  tables: IndexTables,
  parent: SessionRow,
  direction: Direction,
): Iterator<SessionRow, undefined> {
  const { sessions } = tables;
  const known = sessions.knownChildren(parent.id);
  if (!known && parent.childCount > SIBLINGS_AT_ONCE_MAX) return manySiblings(tables, parent, direction);
  const rows = known ?? atOnce(sessions.children(parent));
  return (direction === 'forward' ? rows : rows.toReversed()).values();
}

function* manySiblings(
  tables: IndexTables,
  parent: SessionRow,
  direction: Direction,
): Generator<SessionRow, undefined> {
  const siblings = new Siblings(tables, parent.sequence, direction, undefined);
  const read: SessionRow[] = [];
  for (let next = siblings.next(); !next.done; next = siblings.next()) {
    if (read.length <= CACHED_SIBLINGS_MAX) read.push(next.value);
    yield next.value;
  }
  if (read.length > CACHED_SIBLINGS_MAX) return;
  tables.sessions.rememberChildren(parent, direction === 'forward' ? read : read.reverse());
}

/** The children of one parent in order of arrival or its reverse, fetched in batches that grow. */
class Siblings implements Iterator<SessionRow, undefined> {
  readonly #tables: IndexTables;
  readonly #parent: number;
  readonly #forward: boolean;
  #from: number;
  #batch: SessionRow[] = [];
  #read = 0;
  #size = 8;
  #ended = false;

  constructor(tables: IndexTables, parent: number, direction: Direction, from: number | undefined) {
    this.#tables = tables;
    this.#parent = parent;
    this.#forward = direction === 'forward';
    this.#from = from ?? (this.#forward ? -1 : Number.MAX_SAFE_INTEGER);
  }

  next(): IteratorResult<SessionRow, undefined> {
    if (this.#read === this.#batch.length && !this.#ended) this.#fetch();
    const value = this.#batch[this.#read];
    this.#read += 1;
    return value ? { value, done: false } : { value: undefined, done: true };
  }

  #fetch(): void {
    this.#batch = this.#tables.sessions.childrenBetween(this.#parent, {
      from: this.#forward ? 'start' : 'end',
      [this.#forward ? 'after' : 'before']: this.#from,
      limit: this.#size,
    });
    this.#read = 0;
    this.#ended = this.#batch.length < this.#size;
    this.#size = Math.min(this.#size * 4, SIBLINGS_AT_ONCE_MAX);
    this.#from = this.#batch.at(-1)?.arrival ?? this.#from;
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
