import { LRUCache } from 'lru-cache';
import type { Session } from '../../../model/session.ts';
import type { SessionRow } from './session-row.ts';

/** What a row takes in memory beside its metadata, with the session that is made of it: an estimate, in bytes. */
const ROW_BYTES = 1_200;

const ID_BYTES = 64;

interface Entry {
  readonly row: SessionRow;
  /** The ids of all its children, in order of arrival; undefined while nobody has asked for all. */
  children?: readonly string[] | undefined;
  /** What was made of the row. */
  session?: Session;
}

/**
 * The sessions that were last asked for: a tree that is looked at again and again is not read each time. It holds what the
 * table does: the `IndexWriter` says what it changes, and what changes the shape of a tree empties it. A row is replaced, never
 * changed: what is worked out from one holds as long as it is there.
 */
export class RecentRows {
  readonly #entries: LRUCache<string, Entry> | null;
  /** The ids of its rows by their sequence numbers, by which lists go. */
  readonly #ids = new Map<number, string>();

  /** Of some `bytes` of memory; 0 keeps nothing. */
  constructor(bytes: number) {
    this.#entries =
      bytes === 0
        ? null
        : new LRUCache({
            maxSize: bytes,
            sizeCalculation: ({ row, children = [] }) =>
              ROW_BYTES + 3 * row.metadata.length + ID_BYTES * children.length,
            disposeAfter: ({ row }, id, reason) => {
              if (reason !== 'set' && this.#ids.get(row.seq) === id) this.#ids.delete(row.seq);
            },
          });
  }

  get(id: string): SessionRow | undefined {
    return this.#entries?.get(id)?.row;
  }

  /** The row with this sequence number. */
  getBySequence(seq: number): SessionRow | undefined {
    const id = this.#ids.get(seq);
    const row = id === undefined ? undefined : this.get(id);
    return row?.seq === seq ? row : undefined;
  }

  /** What `make` makes of the row: made once, as long as the row is here. */
  session(row: SessionRow, make: (row: SessionRow) => Session): Session {
    const entry = this.#entries?.peek(row.id);
    if (entry?.row !== row) return make(row);
    entry.session ??= make(row);
    return entry.session;
  }

  remember(row: SessionRow): void {
    if (!this.#entries) return;
    this.#entries.set(row.id, { row });
    this.#ids.set(row.seq, row.id);
  }

  /** All children of the session `id`; undefined where one of them is not here. */
  children(id: string): SessionRow[] | undefined {
    const ids = this.#entries?.get(id)?.children;
    if (!ids) return undefined;
    const rows: SessionRow[] = [];
    for (const child of ids) {
      const row = this.get(child);
      if (!row) return undefined;
      rows.push(row);
    }
    return rows;
  }

  /** Gives the rows that it keeps: those that were here already, where they were. */
  rememberChildren(parent: SessionRow, children: readonly SessionRow[]): SessionRow[] {
    const entries = this.#entries;
    if (!entries) return [...children];
    const kept = children.map((row) => {
      const known = this.get(row.id);
      if (known) return known;
      this.remember(row);
      return row;
    });
    // `parent` itself may be older than what the table has: whoever walks a tree holds it for a while.
    const entry = entries.get(parent.id);
    if (entry) entries.set(parent.id, { ...entry, children: children.map(({ id }) => id) });
    return kept;
  }

  /** Of the session `id`, these columns have changed. */
  change(id: string, columns: Partial<SessionRow>): void {
    const entry = this.#entries?.get(id);
    if (entry) this.#entries?.set(id, { row: { ...entry.row, ...columns }, children: entry.children });
  }

  /** The session `id` has one more child. */
  addChild(id: string): void {
    const row = this.get(id);
    if (row) this.#entries?.set(id, { row: { ...row, child_count: row.child_count + 1 } });
  }

  clear(): void {
    this.#entries?.clear();
  }
}
