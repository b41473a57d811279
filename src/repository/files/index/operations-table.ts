import type { SQLInputValue } from 'node:sqlite';
import type { AppliedOperation } from '../session-state.ts';
import type { IndexDatabase } from './database.ts';

/** The operations that were made, by their ids. */
export class OperationsTable {
  readonly #db: IndexDatabase;

  constructor(db: IndexDatabase) {
    this.#db = db;
  }

  /** One that the session's file has. */
  add(operation: AppliedOperation): void {
    const { changes } = this.#db.behind;
    if (changes) changes.addOperation(operation);
    else this.#db.run(INTO_OPERATIONS, ...operationValues(operation));
  }

  /** One that the store's log has, not the session's file. */
  addLogged(operation: AppliedOperation): void {
    this.#db.run(INTO_OPERATIONS, ...operationValues(operation, 1));
  }

  /** Also one that waits. */
  get(id: string): AppliedOperation | undefined {
    return this.#db.behind.operation(id) ?? this.#db.getWritten<AppliedOperation>(SELECT_OPERATION, id);
  }
}

const SELECT_OPERATION = `SELECT id, fingerprint, session_id AS sessionId, seq, at, ordinal, position
  FROM operations WHERE id = ?`;

/** Columns as the schema has them. */
export const INTO_OPERATIONS = 'INSERT OR REPLACE INTO operations VALUES (?, ?, ?, ?, ?, ?, ?, ?)';

/** Those of `INTO_OPERATIONS`. */
export function operationValues(operation: AppliedOperation, logged = 0): SQLInputValue[] {
  const { id, fingerprint, sessionId, seq, at, ordinal, position } = operation;
  return [id, fingerprint, sessionId, seq, at, ordinal, position, logged];
}
