import type { IndexConnection } from './connection.ts';
import type { PendingRows } from './pending-rows.ts';
import { RowInsertion } from './row-insertion.ts';
import { ownerColumn } from './session-keys-table.ts';
import type { Statements } from './statements.ts';

const INTO_GUESTS = new RowInsertion('guests', 2);

/** Rows of new sessions. None of them was removed: a removal first writes all pending rows. */
class PendingGuests implements PendingRows {
  readonly #values: (string | number)[] = [];
  readonly text = 0;

  get rows(): number {
    return this.#values.length / 2;
  }

  insert(sequence: number, owner: string): void {
    this.#values.push(sequence, owner);
  }

  add(later: this): void {
    for (const value of later.#values) this.#values.push(value);
  }

  write(statements: Pick<Statements, 'run'>): void {
    INTO_GUESTS.insert(statements, this.#values);
  }
}

/**
 * The sessions whose user is not the owner of their tree. All other sessions of an owner are found by their user: these tables of
 * users and times are the only ones that lists of an owner's sessions need, and guests are few.
 */
export class GuestsTable {
  readonly #db: IndexConnection;

  constructor(db: IndexConnection) {
    this.#db = db;
  }

  /** Adds a new session if it is a guest. */
  add(sequence: number, userId: string | null, ownerId: string | null): void {
    if (userId === ownerId) return;
    const pending = this.#db.behind.taking(PendingGuests);
    if (pending) pending.insert(sequence, ownerColumn(ownerId));
    else INTO_GUESTS.insert(this.#db, [sequence, ownerColumn(ownerId)]);
  }

  remove(sequence: number): void {
    this.#db.run('DELETE FROM guests WHERE seq = ?', sequence);
  }

  /** The tree of the session came to another owner. */
  setOwner(sequence: number, userId: string | null, ownerId: string | null): void {
    this.remove(sequence);
    if (userId !== ownerId) this.#db.run('INSERT INTO guests VALUES (?, ?)', sequence, ownerColumn(ownerId));
  }

  isEmpty(): boolean {
    return this.#db.flushed().get('SELECT 1 FROM guests LIMIT 1') === undefined;
  }
}
