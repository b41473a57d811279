import type { SessionRow } from './session-row.ts';
import type { SessionsTable } from './sessions-table.ts';
import { atOnce } from './steps.ts';
import type { IndexTables } from './tables.ts';

export type Direction = 'forward' | 'backward';

/** The most children that are read at once. */
const SIBLINGS_AT_ONCE_MAX = 128;
/** The most children of one parent that are cached. */
const CACHED_SIBLINGS_MAX = 10_000;

/** All children of `parent`, in the direction of a walk. Cached if the walk reads all of them. */
export function wholeSiblings(
  tables: IndexTables,
  parent: SessionRow,
  direction: Direction,
): Iterator<SessionRow, undefined> {
  if (parent.childCount > SIBLINGS_AT_ONCE_MAX) return manySiblings(tables, parent, direction);
  const rows = atOnce(tables.sessions.children(parent));
  return (direction === 'forward' ? rows : rows.toReversed()).values();
}

/** As many as the walk asks for, one after the other: the family can be large, and the index can change meanwhile. */
function* manySiblings(
  tables: IndexTables,
  parent: SessionRow,
  direction: Direction,
): Generator<SessionRow, undefined> {
  const { connection, sessions } = tables;
  const { changes } = connection.behind;
  const seen: SessionRow[] = [];
  const cached = cachedSiblings(sessions, parent.id, direction);
  for (let next = cached.next(); ; next = cached.next()) {
    if (next.done && next.value === 'all') return;
    if (next.done) break;
    seen.push(next.value);
    yield next.value;
  }
  const siblings = new Siblings(tables, parent.sequence, direction, seen.at(-1)?.arrival);
  const isSmall = parent.childCount <= CACHED_SIBLINGS_MAX;
  for (let next = siblings.next(); !next.done; next = siblings.next()) {
    if (isSmall) seen.push(next.value);
    yield next.value;
  }
  if (isSmall && connection.behind.changes === changes)
    sessions.rememberChildren(parent, direction === 'forward' ? seen : seen.reverse());
}

/** Cached children, up to the first that is not. */
function* cachedSiblings(
  sessions: SessionsTable,
  parentId: string,
  direction: Direction,
): Generator<SessionRow, 'all' | 'some'> {
  const ids = sessions.cachedChildren(parentId);
  for (let n = 0; n < (ids?.length ?? 0); n += 1) {
    const id = ids!.at(direction === 'forward' ? n : -1 - n)!;
    // Another list, or none: children came or went.
    const row = sessions.cachedChildren(parentId) === ids ? sessions.cached(id) : undefined;
    if (!row) return 'some';
    yield row;
  }
  return ids ? 'all' : 'some';
}

/** The children of one parent in order of arrival or its reverse, fetched in batches that grow. */
export class Siblings implements Iterator<SessionRow, undefined> {
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
