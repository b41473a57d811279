import { ConflictError } from '../../../model/errors.ts';
import type { Operation } from '../../../model/operation.ts';
import type { AppliedOperation } from '../session-state.ts';
import { Claims } from './claims.ts';

/**
 * Makes each operation happen once: a request whose id is under way waits for the first, one that is done is answered
 * from its record. A refusal is not recorded, so the next request with its id runs.
 */
export class Operations {
  readonly #claims = new Claims();
  readonly #find: (id: string) => AppliedOperation | undefined;

  constructor(find: (id: string) => AppliedOperation | undefined) {
    this.#find = find;
  }

  async once<T>(
    operation: Operation | undefined,
    run: () => Promise<T>,
    replay: (applied: AppliedOperation) => T | Promise<T>,
  ): Promise<T> {
    if (!operation) return run();
    return this.#claims.during(operation.id, async () => {
      const applied = this.#find(operation.id);
      if (!applied) return run();
      if (applied.fingerprint !== operation.fingerprint) throw ConflictError.operation(operation.id);
      return replay(applied);
    });
  }
}
