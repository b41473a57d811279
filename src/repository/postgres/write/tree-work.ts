import type { Operation } from '../../../model/operation.ts';
import type { Session } from '../../../model/session.ts';
import { applyRecord } from '../../records/apply-record.ts';
import { copiedOf, isCopyOf } from '../../records/paid.ts';
import { type OperationAnswer, readable, type SessionRecord, stampOf } from '../../records/record.ts';
import type { SessionState } from '../../records/session-state.ts';
import type { Place } from '../rows/places.ts';
import { changedMembers, type SessionRow, sessionOf, stateOf } from '../rows/session-row.ts';
import { RowChanges } from './row-changes.ts';
import type { LockedTree } from './tree-rows.ts';
import type { TreeTransaction } from './trees.ts';

/** The place of a new session. */
export type Surroundings = Pick<
  SessionRow,
  | 'home'
  | 'sid'
  | 'parent'
  | 'parent_id'
  | 'root'
  | 'root_home'
  | 'root_id'
  | 'owner'
  | 'depth'
  | 'path'
  | 'arrival'
>;

/**
 * What mutations of one transaction do to sessions: the rows as the earlier ones of the transaction leave them, and what is to be written once
 * all are done.
 */
export class TreeWork {
  readonly transaction: TreeTransaction;
  readonly changes: RowChanges;
  /** Rows by `sid`; null for sessions that are not there. */
  readonly #rows: Map<number, SessionRow | null>;

  constructor(transaction: TreeTransaction) {
    this.transaction = transaction;
    this.changes = new RowChanges(transaction.texts);
    this.#rows = new Map(transaction.rows);
  }

  /**
   * The row of a session for whose sake its tree was locked; null if there is no such session. Throws a
   * TreesMovedError if its tree is not locked.
   */
  row({ sid }: Place): SessionRow | null {
    const row = this.#rows.get(sid) ?? null;
    if (row) this.transaction.treeOf(row);
    return row;
  }

  /** The first members of the records of a mutation of this tree, which it counts. */
  stamp(tree: LockedTree, operation: Operation | undefined, answer?: OperationAnswer) {
    tree.number += 1;
    return stampOf(tree.number, this.transaction.at, operation, answer);
  }

  /** Applies the records of one mutation to a session that is there. Without records, nothing changes. */
  write(row: SessionRow, records: readonly SessionRecord[]): SessionRow {
    if (records.length === 0) return row;
    const state = this.#apply(row, stateOf(row), records);
    return this.replace(row, {
      ...changedMembers(state),
      clock: this.transaction.clock,
      updated_clock: state.updatedSeq === state.lastSeq ? this.transaction.clock : row.updated_clock,
    });
  }

  /** Changes members of a row. Only columns of `COUNTED` and `DESCRIBED` in row-changes.ts are written; the caller writes all others. */
  replace(row: SessionRow, members: Partial<SessionRow>): SessionRow {
    const changed = { ...row, ...members };
    this.#rows.set(row.sid, changed);
    this.changes.update(changed, row);
    this.#isActive(changed);
    return changed;
  }

  /** The session has got a child with the number `next_child`. */
  addChild(row: SessionRow): void {
    const parent = { ...row, next_child: row.next_child + 1, child_count: row.child_count + 1 };
    this.#rows.set(row.sid, parent);
    this.changes.addChild(parent);
  }

  /** Makes a session of the records of its creation. */
  create(surroundings: Surroundings, records: readonly SessionRecord[]): SessionRow {
    const [create, ...more] = records;
    const { clock } = this.transaction;
    const first = applyRecord(null, readable(create!));
    const state = this.#apply(surroundings, { ...first.state, sequence: surroundings.sid }, more);
    this.changes.effects(surroundings, create!, first, { clock, number: create!.seq, isForkCopy: false });
    return this.add(surroundings, state);
  }

  /** Adds a new session in this state; its messages and its operation are the caller's. */
  add(surroundings: Surroundings, state: SessionState): SessionRow {
    const { clock } = this.transaction;
    const row: SessionRow = {
      ...surroundings,
      ...changedMembers(state),
      id: state.id,
      next_child: 1,
      child_count: 0,
      user_id: state.userId,
      forked_from: state.forkedFrom,
      created_at: state.createdAt,
      clock,
      created_clock: clock,
      updated_clock: clock,
    };
    this.#rows.set(row.sid, row);
    this.changes.create(row);
    this.#isActive(row);
    return row;
  }

  /** The session as it will be read once the transaction is committed. */
  session(row: SessionRow): Session {
    const tree = this.transaction.treeOf(row);
    return sessionOf({ ...row, tree_last_active_at: row.depth === 0 ? tree.last_active_at : null });
  }

  #apply(place: Place, before: SessionState, records: readonly SessionRecord[]): SessionState {
    const { clock } = this.transaction;
    const copied = copiedOf(before.forkedFrom);
    let state = before;
    for (const record of records) {
      const applied = applyRecord(state, readable(record));
      const isForkCopy = (record.op === 'append' || record.op === 'replace') && isCopyOf(record, copied);
      this.changes.effects(place, record, applied, { clock, number: record.seq, isForkCopy });
      state = applied.state;
    }
    return state;
  }

  #isActive(row: SessionRow): void {
    const tree = this.transaction.treeOf(row);
    tree.last_active_at = Math.max(tree.last_active_at, row.last_active_at);
  }
}
