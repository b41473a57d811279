import { ConflictError } from '../../../model/errors.ts';
import type { Operation } from '../../../model/operation.ts';
import type { AppliedOperation } from '../session-state.ts';

/**
 * Makes each operation happen once: a request whose id is under way waits for the first, one that is done is answered
 * from its record. A refusal is not recorded, so the next request with its id runs.
 */
export class Operations {
  readonly #underWay = new Map<string, Promise<unknown>>();
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
    for (let first = this.#underWay.get(operation.id); first; first = this.#underWay.get(operation.id)) {
      // How the first ends is its own caller's business: here it only matters what it left behind.
      await first.catch(() => {});
    }
    const applied = this.#find(operation.id);
    if (applied) {
      if (applied.fingerprint !== operation.fingerprint) throw ConflictError.operation(operation.id);
      return replay(applied);
    }
    const running = run();
    this.#underWay.set(operation.id, running);
    try {
      return await running;
    } finally {
      this.#underWay.delete(operation.id);
    }
  }
}
