import { ConflictError, SessionNotFoundError } from '../../../model/errors.ts';
import type { Operation } from '../../../model/operation.ts';
import type { Session } from '../../../model/session.ts';
import type { Stamp } from '../../records/mutation-records.ts';
import type { SessionRecord } from '../../records/record.ts';
import type { SessionState } from '../../records/session-state.ts';
import type { TransactionQueries } from '../connection/queries.ts';
import type { Place, Places } from '../rows/places.ts';
import { type SessionRow, stateOf } from '../rows/session-row.ts';
import { locate } from './locate.ts';
import type { TreeLanes } from './tree-lanes.ts';
import type { TreeKey } from './tree-rows.ts';
import type { Trees } from './trees.ts';

/** A mutation of one session that is there. */
export interface SessionMutation<T> {
  readonly expectedVersion: number | null | undefined;
  readonly operation: Operation;
  /** As in `TreeMutation`. */
  readonly isAlone: boolean;
  /** Reads what the mutation depends on, behind the lock of the tree. Only if `isAlone`. */
  readonly prepare?: ((row: SessionRow, queries: TransactionQueries) => Promise<void>) | undefined;
  /** The records to apply to a session in `state`, or none. Throws a ClientError to refuse the mutation. */
  readonly records: (stamp: Stamp, state: SessionState) => SessionRecord[];
  readonly answer: (session: Session, at: Date) => T;
  /** As in `TreeMutation`. */
  readonly atOnce?: ((place: Place, tree: TreeKey) => Promise<{ readonly result: T } | null>) | undefined;
}

export interface SessionMutationsParts {
  readonly places: Places;
  readonly trees: Trees;
  readonly lanes: TreeLanes;
}

/** Runs mutations of one session each: in order within a tree, concurrently across trees. */
export class SessionMutations {
  readonly #parts: SessionMutationsParts;

  constructor(parts: SessionMutationsParts) {
    this.#parts = parts;
  }

  /** Rejects with a SessionNotFoundError, a ConflictError, or with what `mutation` throws. */
  async run<T>(id: string, mutation: SessionMutation<T>): Promise<T> {
    const located = locate(this.#parts, id);
    const { place, key } = located instanceof Promise ? await located : located;
    const { operation, isAlone, expectedVersion, atOnce } = mutation;
    return await this.#parts.lanes.run(key, {
      places: [place],
      operation,
      isAlone,
      atOnce: atOnce && (() => atOnce(place, key)),
      run: async (work) => {
        const row = work.row(place);
        if (!row) throw new SessionNotFoundError(id);
        if (expectedVersion != null && expectedVersion !== row.version)
          throw ConflictError.version(id, expectedVersion, row.version);
        await mutation.prepare?.(row, work.transaction.queries);
        const locked = work.transaction.treeOf(row);
        const before = locked.number;
        try {
          const changed = work.write(row, mutation.records(work.stamp(locked, operation), stateOf(row)));
          if (changed === row) locked.number = before;
          return mutation.answer(work.session(changed), work.transaction.at);
        } catch (error) {
          locked.number = before;
          throw error;
        }
      },
    });
  }
}
