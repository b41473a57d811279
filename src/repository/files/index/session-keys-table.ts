import type { IndexConnection } from './connection.ts';
import type { PendingRows } from './pending-rows.ts';
import { RowInsertion } from './row-insertion.ts';
import { RowQueue } from './row-queue.ts';
import type { Statements } from './statements.ts';

const INTO_KEYS = new RowInsertion('session_keys', 3);

/** A row of `session_keys`. */
type Row = readonly [key: string, owner: string, sequence: number];

/** Keys of new sessions, and new keys. None of them was removed: a removal first writes all pending rows. */
class PendingSessionKeys implements PendingRows {
  /** By owner and key. */
  readonly #rows = new Map<string, Row[]>();
  #count = 0;
  readonly text = 0;

  get rows(): number {
    return this.#count;
  }

  get(key: string, owner: string): readonly Row[] | undefined {
    return this.#rows.get(placeOf(key, owner));
  }

  insert(row: Row): void {
    const place = placeOf(row[0], row[1]);
    const others = this.#rows.get(place);
    if (others) others.push(row);
    else this.#rows.set(place, [row]);
    this.#count += 1;
  }

  add(later: this): void {
    for (const rows of later.#rows.values()) for (const row of rows) this.insert(row);
  }

  write(statements: Pick<Statements, 'run'>): void {
    INTO_KEYS.insert(statements, [...this.#rows.values()].flat(2));
  }
}

/** NUL is in no key and in no user's id. */
function placeOf(key: string, owner: string): string {
  return `${key}\0${owner}`;
}

/** The value of the column `owner` for a user, or for nobody. */
export function ownerColumn(userId: string | null): string {
  return userId === null ? '' : `=${userId}`;
}

/** Two sessions of one owner with the same key, which only files from elsewhere can bring into a store. */
export interface KeyClash {
  readonly id: string;
  /** The session that has the key: it came into the store before. */
  readonly holder: string;
}

/** Which session has which key. Only sessions with keys have rows, so others cost nothing. */
export class SessionKeysTable {
  readonly #db: IndexConnection;
  readonly #rows: RowQueue;

  constructor(db: IndexConnection) {
    this.#db = db;
    this.#rows = new RowQueue(db, INTO_KEYS);
  }

  add(sequence: number, key: string, ownerId: string | null): void {
    const row: Row = [key, ownerColumn(ownerId), sequence];
    const pending = this.#db.behind.taking(PendingSessionKeys);
    if (pending) pending.insert(row);
    else this.#rows.add(row);
  }

  remove(sequence: number): void {
    this.#db.run('DELETE FROM session_keys WHERE seq = ?', sequence);
  }

  /** The tree of the session came to another owner. */
  setOwner(sequence: number, ownerId: string | null): void {
    this.#db.run('UPDATE session_keys SET owner = ? WHERE seq = ?', ownerColumn(ownerId), sequence);
  }

  /** The sequence number of the session that has the key; undefined if none has. Of several, the lowest. */
  holder(key: string, ownerId: string | null): number | undefined {
    const owner = ownerColumn(ownerId);
    let lowest = this.#db.written.get<{ seq: number }>(SELECT_HOLDER, key, owner)?.seq;
    this.#db.behind.pending(PendingSessionKeys, (rows) => {
      for (const [, , seq] of rows.get(key, owner) ?? [])
        if (lowest === undefined || seq < lowest) lowest = seq;
      return undefined;
    });
    return lowest;
  }

  /** True if no session has a key. */
  isEmpty(): boolean {
    return this.#db.flushed().get('SELECT 1 FROM session_keys LIMIT 1') === undefined;
  }

  clashes(): KeyClash[] {
    return this.#db.flushed().all(SELECT_CLASHES);
  }

  /** Writes rows that are queued while the index is being filled. */
  flush(): void {
    this.#rows.flush();
  }
}

const SELECT_HOLDER = 'SELECT seq FROM session_keys WHERE key = ? AND owner = ? ORDER BY seq LIMIT 1';

const SELECT_CLASHES = `SELECT s.id AS id, h.id AS holder FROM (
    SELECT key, owner, min(seq) AS seq FROM session_keys GROUP BY key, owner HAVING count(*) > 1
  ) first JOIN session_keys k ON k.key = first.key AND k.owner = first.owner AND k.seq > first.seq
  JOIN sessions s ON s.seq = k.seq JOIN sessions h ON h.seq = first.seq ORDER BY s.id`;
