import { StorageError } from '../model/errors.ts';
import type { Logger } from '../repository/observer.ts';
import type { SessionRepository } from '../repository/repository.ts';

/** Milliseconds from the start of a check to the start of the next one. Probes in between share the result. */
const CHECK_INTERVAL_MS = 1_000;
/** Milliseconds that a check may take. A network file system may not answer at all. */
const CHECK_MS_MAX = 5_000;

/** Read to see whether the store can be read: whether there is such a session does not matter. */
const PROBED_ID = 'ready';

const NO_ANSWER = 'the store does not answer';

/** Whether the store can be read and written. Logs only when that changes. */
export class Readiness {
  readonly #repository: Pick<SessionRepository, 'findMany' | 'checkWritable'>;
  readonly #logger: Logger;
  #isChecking = false;
  #startedAt = Number.NEGATIVE_INFINITY;
  #latest: Promise<string | null> = Promise.resolve(null);
  /** The reason that was logged last; null if the store was ready then. */
  #logged: string | null = null;

  constructor(repository: Pick<SessionRepository, 'findMany' | 'checkWritable'>, logger: Logger) {
    this.#repository = repository;
    this.#logger = logger;
  }

  /** Resolves with null if the store is ready, else with the reason, which a client may see. */
  check(): Promise<string | null> {
    const now = performance.now();
    // A check that takes too long is not repeated meanwhile: each would hold a thread of Node.js.
    if (!this.#isChecking && now - this.#startedAt >= CHECK_INTERVAL_MS) {
      this.#startedAt = now;
      this.#latest = this.#check();
    }
    return this.#latest;
  }

  async #check(): Promise<string | null> {
    this.#isChecking = true;
    const checked = this.#reason().finally(() => {
      this.#isChecking = false;
    });
    const overdue = Promise.withResolvers<Outcome>();
    const timer = setTimeout(() => overdue.resolve({ reason: NO_ANSWER }), CHECK_MS_MAX);
    const outcome = await Promise.race([checked, overdue.promise]);
    clearTimeout(timer);
    this.#log(outcome);
    return outcome.reason;
  }

  async #reason(): Promise<Outcome> {
    try {
      await this.#repository.findMany([PROBED_ID]);
      await this.#repository.checkWritable();
      return { reason: null };
    } catch (err) {
      if (!(err instanceof StorageError)) return { reason: NO_ANSWER, err };
      return { reason: err.message, err: err.cause ?? err };
    }
  }

  #log({ reason, err }: Outcome): void {
    if (reason === this.#logged) return;
    this.#logged = reason;
    if (reason === null) this.#logger.info({}, 'ready again');
    else this.#logger.error(err === undefined ? {} : { err }, `not ready: ${reason}`);
  }
}

interface Outcome {
  readonly reason: string | null;
  readonly err?: unknown;
}
