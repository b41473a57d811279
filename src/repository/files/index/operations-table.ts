import type { SQLInputValue } from 'node:sqlite';
import type { AppliedOperation } from '../../records/session-state.ts';
import type { IndexConnection } from './connection.ts';
import type { PendingRows } from './pending-rows.ts';
import type { Statements } from './statements.ts';

/** The operations that were applied, by their ids. */
export class OperationsTable {
  readonly #db: IndexConnection;

  constructor(db: IndexConnection) {
    this.#db = db;
  }

  /** Adds an operation that is recorded in the session's file. */
  add(operation: AppliedOperation): void {
    const pending = this.#db.behind.taking(PendingOperations);
    if (pending) pending.set(operation);
    else this.#db.run(INSERT, ...valuesOf(operation));
  }

  /** Adds an operation that is recorded in the store's log rather than in the session's file. */
  addLogged(operation: AppliedOperation): void {
    const row = valuesOf(operation, 1);
    // A start applies the whole log again.
    if (this.#db.filling || this.#db.written.get(SELECT_SAME, ...row) === undefined)
      this.#db.run(INSERT, ...row);
  }

  /** Finds pending operations too. */
  get(id: string, caller: string | null): AppliedOperation | undefined {
    const pending = this.#db.behind.pending(PendingOperations, (operations) => operations.get(id, caller));
    return pending ?? this.#db.written.get<AppliedOperation>(SELECT_OPERATION, id, caller ?? '');
  }
}

/** The columns of an `AppliedOperation`. */
export const OPERATION_COLUMNS =
  "id, nullif(caller, '') AS caller, fingerprint, session_id AS sessionId, seq, at, ordinal, position, answer";

const SELECT_OPERATION = `SELECT ${OPERATION_COLUMNS} FROM operations WHERE id = ? AND caller = ?`;

const SELECT_SAME = `SELECT 1 FROM operations WHERE id = ? AND caller = ? AND fingerprint = ? AND session_id = ? AND seq = ? AND at = ?
  AND ordinal IS ? AND position IS ? AND answer IS ? AND logged = ?`;

const INSERT = 'INSERT OR REPLACE INTO operations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)';

function valuesOf(operation: AppliedOperation, logged = 0): SQLInputValue[] {
  const { id, caller, fingerprint, sessionId, seq, at, ordinal, position, answer } = operation;
  return [id, caller ?? '', fingerprint, sessionId, seq, at, ordinal, position, answer, logged];
}

class PendingOperations implements PendingRows {
  /** By caller and id. */
  readonly #rows = new Map<string, AppliedOperation>();
  readonly text = 0;

  get rows(): number {
    return this.#rows.size;
  }

  get(id: string, caller: string | null): AppliedOperation | undefined {
    return this.#rows.get(placeOf(id, caller));
  }

  set(operation: AppliedOperation): void {
    this.#rows.set(placeOf(operation.id, operation.caller), operation);
  }

  add(later: this): void {
    for (const operation of later.#rows.values()) this.set(operation);
  }

  write(statements: Pick<Statements, 'run'>): void {
    for (const operation of this.#rows.values()) statements.run(INSERT, ...valuesOf(operation));
  }
}

/** No caller is the empty text, and none has NUL in it. */
function placeOf(id: string, caller: string | null): string {
  return `${caller ?? ''}\0${id}`;
}
