import { ConflictError } from '../../../model/errors.ts';
import type { Operation } from '../../../model/operation.ts';
import type { AppliedOperation } from '../../records/session-state.ts';
import { KeyedMutex } from './keyed-mutex.ts';

/**
 * Runs each operation once. A request whose operation id is in use by a running request waits for that request. A request whose
 * operation is recorded is answered from the record. A refusal is not recorded: the next request with its id runs.
 */
export class IdempotencyRecords {
  readonly #byOperationId = new KeyedMutex();
  readonly #find: (id: string, caller: string | null) => AppliedOperation | undefined;

  constructor(find: (id: string, caller: string | null) => AppliedOperation | undefined) {
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
      const applied = this.#find(id, caller);
      if (!applied) return run();
      if (!isSame(operation, applied)) throw ConflictError.operation(operation.id);
      return replay(applied);
    });
  }
}

function isSame({ fingerprint, earlierFingerprints }: Operation, applied: AppliedOperation): boolean {
  return (
    applied.fingerprint === fingerprint || (earlierFingerprints?.().includes(applied.fingerprint) ?? false)
  );
}
