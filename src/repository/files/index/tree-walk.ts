import type { IndexDatabase } from './database.ts';
import type { SessionRow } from './session-row.ts';

/** A node's place in pre-order: the arrivals on the way down to it. A node comes before what is beneath it. */
export type Place = readonly { readonly seq: number; readonly arrival: number }[];

type Direction = 'forward' | 'backward';

export interface Visit {
  readonly row: SessionRow;
  /** Where the row stands; to be asked before the walk goes on. */
  readonly place: () => Place;
}

/**
 * What is beneath `top` in pre-order, or in its reverse, from just beyond `start` on. A node's children are looked up when
 * the walk comes to them, so that a page costs its own length, however large the tree.
 */
export function* walkTree(
  db: IndexDatabase,
  top: SessionRow,
  direction: Direction,
  maxDepth: number,
  start: Place | undefined,
): Generator<Visit> {
  if (maxDepth < 1) return;
  /** The siblings at each level from the one that was last visited on, and the parent that they belong to. */
  const levels: {
    siblings: Iterator<SessionRow, undefined>;
    parent: SessionRow | null;
    at: Place[number] | null;
  }[] = [];
  const enter = (parent: number, row: SessionRow | null, at: Place[number] | null, beyond = at?.arrival) =>
    levels.push({ siblings: new Siblings(db, parent, direction, beyond), parent: row, at });
  const enterWhole = (parent: SessionRow, row: SessionRow | null) =>
    levels.push({ siblings: wholeSiblings(db, parent, direction), parent: row, at: null });
  const placeOf = () => levels.flatMap((level) => level.at ?? []);

  let parent = top.seq;
  for (const step of start?.slice(0, maxDepth) ?? []) {
    const row = levels.length === 0 ? null : (rowOf(db, parent) ?? null);
    // Where the start lies too deep to be visited, its deepest ancestor that is visited comes before it.
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
      // Backwards, a node comes after all that is beneath it.
      if (direction === 'backward' && level.parent) yield { row: level.parent, place: placeOf };
      continue;
    }
    level.at = { seq: row.seq, arrival: row.arrival };
    const descend = row.child_count > 0 && levels.length < maxDepth;
    if (descend) enterWhole(row, row);
    if (direction === 'forward' || !descend) yield { row, place: placeOf };
  }
}

function rowOf(db: IndexDatabase, seq: number): SessionRow | undefined {
  return db.get<SessionRow>('SELECT * FROM sessions WHERE seq = ?', seq);
}

/** So many children are read at once, and kept with the sessions that were last asked for. */
const FEW = 128;

/** All children of a session, in order of arrival. */
export function allChildren(db: IndexDatabase, parent: SessionRow): SessionRow[] {
  const known = db.recent.children(parent.id);
  if (known) return known;
  const sql = 'SELECT * FROM sessions WHERE parent_seq = ? ORDER BY arrival';
  return db.recent.rememberChildren(parent, db.all<SessionRow>(sql, parent.seq));
}

/** All children of `parent`, in the direction of a walk. */
function wholeSiblings(
  db: IndexDatabase,
  parent: SessionRow,
  direction: Direction,
): Iterator<SessionRow, undefined> {
  if (parent.child_count > FEW) return new Siblings(db, parent.seq, direction, undefined);
  const rows = allChildren(db, parent);
  return (direction === 'forward' ? rows : rows.reverse()).values();
}

/** The children of one parent in order of arrival or its reverse, fetched in batches that grow. */
class Siblings implements Iterator<SessionRow, undefined> {
  readonly #db: IndexDatabase;
  readonly #parent: number;
  readonly #forward: boolean;
  #from: number;
  #batch: SessionRow[] = [];
  #read = 0;
  #size = 8;
  #ended = false;

  constructor(db: IndexDatabase, parent: number, direction: Direction, from: number | undefined) {
    this.#db = db;
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
    const sql = this.#forward
      ? 'SELECT * FROM sessions WHERE parent_seq = ? AND arrival > ? ORDER BY arrival LIMIT ?'
      : 'SELECT * FROM sessions WHERE parent_seq = ? AND arrival < ? ORDER BY arrival DESC LIMIT ?';
    this.#batch = this.#db.all<SessionRow>(sql, this.#parent, this.#from, this.#size);
    this.#read = 0;
    this.#ended = this.#batch.length < this.#size;
    this.#size = Math.min(this.#size * 4, 512);
    this.#from = this.#batch.at(-1)?.arrival ?? this.#from;
  }
}

/** Below 0 where `a` comes before `b` in pre-order, above 0 where it comes after. */
export function comparePlaces(a: Place, b: Place): number {
  for (let n = 0; n < a.length && n < b.length; n += 1) {
    const difference = a[n]!.arrival - b[n]!.arrival;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** The place of `id` beneath `top`, also where it was deleted since; null where it is not (or never was) beneath it. */
export function placeBeneath(db: IndexDatabase, top: string, id: string): Place | null {
  const steps: { seq: number; arrival: number }[] = [];
  for (let next: string | null = id; next !== null && next !== top; ) {
    const step: { seq: number; parent_id: string | null; arrival: number } | undefined =
      db.get('SELECT seq, parent_id, arrival FROM sessions WHERE id = ?', next) ??
      // A deleted node has no children to go on with: -1 is nobody's parent.
      db.get('SELECT -1 AS seq, parent_id, arrival FROM tombstones WHERE id = ?', next);
    if (!step) return null;
    steps.unshift({ seq: step.seq, arrival: step.arrival });
    next = step.parent_id;
    if (next === null) return null;
  }
  return steps.length > 0 ? steps : null;
}
