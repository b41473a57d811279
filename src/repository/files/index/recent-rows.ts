import { LRUCache } from 'lru-cache';
import type { Session } from '../../../model/session.ts';
import { heldMetadata, type SessionRow } from './session-row.ts';

/** Estimated bytes of memory of a row and of the session made of it, without metadata. */
const ROW_BYTES = 1_200;

const ID_BYTES = 64;

/** The share of the cache that the children of one session may take. */
const FAMILY_SHARE = 2 / 3;

const bytesOf = (row: SessionRow) => ROW_BYTES + 3 * heldMetadata(row);

interface Entry {
  readonly row: SessionRow;
  /** The ids of all children, in order of arrival; undefined until all have been read. */
  children?: readonly string[] | undefined;
  /** The session made of the row. */
  session?: Session;
}

/**
 * An LRU cache of sessions: a tree that is read again and again is not queried each time. Private to
 * `SessionsTable`, which reports each change of a row, and clears the cache when the trees' shape changes. A
 * row is replaced, never changed, so a session made of a row stays valid as long as the row is cached.
 */
export class RecentRows {
  readonly #bytes: number;
  #entries: LRUCache<string, Entry> | null;
  /** The ids of cached rows by their sequence numbers, by which lists refer to sessions. */
  #ids = new Map<number, string>();

  /** Holds about `bytes` of memory; 0 caches nothing. */
  constructor(bytes: number) {
    this.#bytes = bytes;
    this.#entries = bytes === 0 ? null : this.#create();
  }

  #create(): LRUCache<string, Entry> {
    const ids = this.#ids;
    return new LRUCache({
      maxSize: this.#bytes,
      sizeCalculation: ({ row, children = [] }) => bytesOf(row) + ID_BYTES * children.length,
      disposeAfter: ({ row }, id, reason) => {
        if (reason !== 'set' && ids.get(row.sequence) === id) ids.delete(row.sequence);
      },
    });
  }

  get(id: string): SessionRow | undefined {
    return this.#entries?.get(id)?.row;
  }

  /** The cached row with this sequence number. */
  getBySequence(seq: number): SessionRow | undefined {
    const id = this.#ids.get(seq);
    const row = id === undefined ? undefined : this.get(id);
    return row?.sequence === seq ? row : undefined;
  }

  /** The session that `make` makes of the row: made once while the row is cached. */
  session(row: SessionRow, make: (row: SessionRow) => Session): Session {
    const entry = this.#entries?.peek(row.id);
    if (entry?.row !== row) return make(row);
    entry.session ??= make(row);
    return entry.session;
  }

  remember(row: SessionRow): void {
    if (!this.#entries) return;
    this.#entries.set(row.id, { row });
    this.#ids.set(row.sequence, row.id);
  }

  /** The ids of all children of the session `id`, once they were cached. Some may have had to make room. */
  childIds(id: string): readonly string[] | undefined {
    return this.#entries?.get(id)?.children;
  }

  /** All children of the session `id`; undefined if any of them is not cached. */
  children(id: string): SessionRow[] | undefined {
    const ids = this.childIds(id);
    if (!ids) return undefined;
    const rows: SessionRow[] = [];
    for (const child of ids) {
      const row = this.get(child);
      if (!row) return undefined;
      rows.push(row);
    }
    return rows;
  }

  /** Caches the children, if there is room for them, and returns the cached rows: rows that were cached already are kept. */
  rememberChildren(parent: SessionRow, children: readonly SessionRow[]): SessionRow[] {
    const entries = this.#entries;
    const bytes = children.reduce((sum, row) => sum + bytesOf(row), 0);
    if (!entries || bytes > FAMILY_SHARE * this.#bytes) return [...children];
    const kept = children.map((row) => {
      const known = this.get(row.id);
      if (known) return known;
      this.remember(row);
      return row;
    });
    // Not `parent` itself: a tree walk keeps its rows for a while, so `parent` may be older than the cached row.
    const entry = entries.get(parent.id);
    if (entry) entries.set(parent.id, { ...entry, children: children.map(({ id }) => id) });
    return kept;
  }

  /** These columns of the session `id` have changed. */
  change(id: string, columns: Partial<SessionRow>): void {
    const entry = this.#entries?.get(id);
    if (entry) this.#entries?.set(id, { row: { ...entry.row, ...columns }, children: entry.children });
  }

  /** The session `id` has one more child. */
  addChild(id: string): void {
    const row = this.get(id);
    if (row) this.#entries?.set(id, { row: { ...row, childCount: row.childCount + 1 } });
  }

  clear(): void {
    if (!this.#entries || this.#entries.size === 0) return;
    // Removing the entries one by one would take tens of milliseconds.
    this.#ids = new Map();
    this.#entries = this.#create();
  }
}
