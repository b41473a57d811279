import { randomUUID } from 'node:crypto';
import type { Operation } from '../../../model/operation.ts';
import type { AppliedOperation } from '../../records/session-state.ts';
import type { Queries } from '../connection/queries.ts';
import { type Columns, insertRows } from '../rows/insert.ts';

/** A row of `operations`. */
export interface OperationRow {
  readonly caller: string;
  readonly id: string;
  readonly fingerprint: string;
  readonly home: number;
  readonly sid: number;
  readonly session_id: string;
  /** Of the mutation, in its tree. */
  readonly number: number;
  readonly at: number;
  readonly ordinal: number | null;
  readonly position: number | null;
  /** An `OperationAnswer` as JSON. */
  readonly answer: string | null;
}

/** The types of the columns of `operations`. */
export const OPERATION_COLUMNS: Columns<OperationRow> = {
  caller: 'text',
  id: 'text',
  fingerprint: 'text',
  home: 'int8',
  sid: 'int8',
  session_id: 'text',
  number: 'int8',
  at: 'int8',
  ordinal: 'int8',
  position: 'int8',
  answer: 'text',
};

/** Fails with a violation of `operations_pkey` if an operation is there already, also one whose transaction was under way. */
export const INSERT_OPERATIONS = insertRows('operations', OPERATION_COLUMNS);

/** The `caller` of operations that no client has named. */
export const UNNAMED = '!';
const UNNAMED_FINGERPRINT = '0'.repeat(32);

/** Milliseconds that an operation without a client's name is kept: longer than a mutation is tried again (`PATIENCE_MS` of trees.ts). */
export const UNNAMED_MS = 3_600_000;

/**
 * An operation of a mutation for which the client gave none: whether a mutation whose connection was lost at COMMIT took effect is seen by its
 * row. Not by the state of its transaction: after a standby is promoted, numbers of transactions are given out again.
 */
export function unnamedOperation(): Operation {
  return { id: randomUUID(), caller: UNNAMED, fingerprint: UNNAMED_FINGERPRINT };
}

/** A caller as the column has it: `UNNAMED`, empty for none, otherwise behind a "=". */
export function callerColumn({ caller }: Pick<Operation, 'caller'>): string {
  if (caller === UNNAMED) return UNNAMED;
  return caller == null ? '' : `=${caller}`;
}

const SELECT_OPERATION = 'SELECT * FROM operations WHERE caller = $1::text AND id = $2::text';

/** The recorded operation; undefined if there is none. */
export async function findOperation(
  queries: Queries,
  operation: Pick<Operation, 'id' | 'caller'>,
): Promise<AppliedOperation | undefined> {
  const [row] = await queries.rows<OperationRow>(SELECT_OPERATION, [callerColumn(operation), operation.id]);
  return row && appliedOf(row);
}

/** The operation of a row. */
export function appliedOf(row: OperationRow): AppliedOperation {
  return {
    id: row.id,
    caller: row.caller === UNNAMED ? UNNAMED : row.caller === '' ? null : row.caller.slice(1),
    fingerprint: row.fingerprint,
    sessionId: row.session_id,
    seq: row.number,
    at: row.at,
    ordinal: row.ordinal,
    position: row.position,
    answer: row.answer,
  };
}

/** The row of an operation of a session. */
export function operationRow(
  applied: AppliedOperation,
  { home, sid }: { readonly home: number; readonly sid: number },
): OperationRow {
  return {
    caller: callerColumn(applied),
    id: applied.id,
    fingerprint: applied.fingerprint,
    home,
    sid,
    session_id: applied.sessionId,
    number: applied.seq,
    at: applied.at,
    ordinal: applied.ordinal,
    position: applied.position,
    answer: applied.answer,
  };
}

/** The row of an operation of a session, with what a retry is answered; `number` is that of the mutation. */
export function answeredOperation(
  { id, caller = null, fingerprint }: Operation,
  session: { readonly home: number; readonly sid: number; readonly id: string },
  { at }: { readonly at: Date },
  number: number,
  answer: object,
): OperationRow {
  const applied = { id, caller, fingerprint, sessionId: session.id, seq: number, at: at.getTime() };
  return operationRow({ ...applied, ordinal: null, position: null, answer: JSON.stringify(answer) }, session);
}
