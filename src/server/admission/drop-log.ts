import type { Logger } from '../../repository/observer.ts';

/** Milliseconds between two lines about the same reason. */
const PAUSE_MS = 1_000;

/** Logs why connections are closed: the first at once, later ones counted, so that a flood does not fill the log. */
export class DropLog {
  readonly #logger: Logger;
  /** How many connections were closed since the last line, by reason. */
  readonly #counts = new Map<string, number>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** `reason` is one of a few texts of the server's own. */
  report(reason: string): void {
    const count = this.#counts.get(reason);
    this.#counts.set(reason, (count ?? 0) + 1);
    if (count === undefined) this.#write(reason);
  }

  #write(reason: string): void {
    const connections = this.#counts.get(reason);
    if (!connections) {
      this.#counts.delete(reason);
      return;
    }
    this.#counts.set(reason, 0);
    this.#logger.warn(
      { connections },
      `closed ${connections === 1 ? 'a connection' : 'connections'}: ${reason}`,
    );
    setTimeout(() => this.#write(reason), PAUSE_MS).unref();
  }
}
