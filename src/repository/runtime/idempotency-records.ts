import { ConflictError } from '../../model/errors.ts';
import type { Operation } from '../../model/operation.ts';
import type { AppliedOperation } from '../records/session-state.ts';
import { KeyedMutex } from './keyed-mutex.ts';

/**
 * Runs each operation once. A request whose operation id is in use by a running request waits for that request. A request whose
 * operation is recorded is answered from the record. A refusal is not recorded: the next request with its id runs.
 */
export class IdempotencyRecords {
  readonly #byOperationId = new KeyedMutex();
  readonly #find: FindOperation;

  constructor(find: FindOperation) {
    this.#find = find;
  }

  /**
   * Runs `run`, or `replay` if the operation is recorded. Rejects with a ConflictError if the id is recorded with another
   * fingerprint.
   */
  async once<T>(
    operation: Operation | undefined,
    run: () => Promise<T>,
    replay: (applied: AppliedOperation) => T | Promise<T>,
  ): Promise<T> {
    if (!operation) return run();
    const { id, caller = null } = operation;
    return this.#byOperationId.during(JSON.stringify([caller, id]), async () => {
      const applied = await this.#find(id, caller);
      return applied ? this.again(operation, applied, replay) : run();
    });
  }

  /** Runs `replay` for an operation that is recorded. Rejects with a ConflictError if it was recorded with another fingerprint. */
  async again<T>(
    operation: Operation,
    applied: AppliedOperation,
    replay: (applied: AppliedOperation) => T | Promise<T>,
  ): Promise<T> {
    if (!isSame(operation, applied)) throw ConflictError.operation(operation.id);
    return replay(applied);
  }
}

type Found = AppliedOperation | undefined;
type FindOperation = (id: string, caller: string | null) => Found | Promise<Found>;

function isSame({ fingerprint, earlierFingerprints }: Operation, applied: AppliedOperation): boolean {
  return (
    applied.fingerprint === fingerprint || (earlierFingerprints?.().includes(applied.fingerprint) ?? false)
  );
}
