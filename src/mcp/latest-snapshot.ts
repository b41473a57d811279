import type { Snapshot } from '../repository/files/open-snapshot.ts';
import type { Logger } from '../repository/observer.ts';

interface Held<Opened> {
  readonly snapshot: Opened;
  uses: number;
  isReplaced: boolean;
  closed?: Promise<void>;
}

/**
 * The latest snapshot of a data directory. Once another process has had the directory open, the next use opens another snapshot. The former one is
 * closed when its last use ends.
 */
export class LatestSnapshot<Opened extends Snapshot> {
  readonly #open: () => Promise<Opened>;
  readonly #logger: Logger;
  /** All that are not closed yet. */
  readonly #held = new Set<Held<Opened>>();
  #latest: Promise<Held<Opened>>;
  #isClosed = false;

  private constructor(open: () => Promise<Opened>, logger: Logger) {
    this.#open = open;
    this.#logger = logger;
    this.#latest = this.#hold();
  }

  /** Rejects as `open` does. */
  static async open<Opened extends Snapshot>(
    open: () => Promise<Opened>,
    logger: Logger,
  ): Promise<LatestSnapshot<Opened>> {
    const latest = new LatestSnapshot(open, logger);
    await latest.#latest;
    return latest;
  }

  /** The snapshot stays open until the promise of `work` settles. Rejects as `open`, `isOutdated` and `work` do. */
  async use<T>(work: (snapshot: Opened) => Promise<T>): Promise<T> {
    const held = await this.#acquire();
    try {
      return await work(held.snapshot);
    } finally {
      held.uses -= 1;
      this.#closeUnused(held);
    }
  }

  /** Closes all snapshots, used or not. */
  async close(): Promise<void> {
    this.#isClosed = true;
    // A failure to open is that of the use that waits for it.
    await this.#latest.catch(() => {});
    const results = await Promise.allSettled([...this.#held].map((held) => this.#close(held)));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  async #acquire(): Promise<Held<Opened>> {
    for (;;) {
      const before = this.#latest;
      const held = await before;
      if (this.#isClosed) throw new Error('The snapshots of the data directory are closed.');
      if (!held.snapshot.isOutdated()) {
        held.uses += 1;
        return held;
      }
      // The first of several uses opens the next snapshot for all of them.
      if (this.#latest === before) this.#replace(held);
    }
  }

  #replace(former: Held<Opened>): void {
    const before = this.#latest;
    const next = this.#hold();
    this.#latest = next;
    next.then(
      () => {
        former.isReplaced = true;
        this.#closeUnused(former);
      },
      () => {
        this.#latest = before;
      },
    );
  }

  async #hold(): Promise<Held<Opened>> {
    const held = { snapshot: await this.#open(), uses: 0, isReplaced: false };
    this.#held.add(held);
    return held;
  }

  #closeUnused(held: Held<Opened>): void {
    if (!held.isReplaced || held.uses > 0) return;
    this.#close(held).catch((err) => this.#logger.warn({ err }, 'an outdated snapshot cannot be closed'));
  }

  #close(held: Held<Opened>): Promise<void> {
    held.closed ??= held.snapshot.repository.close().finally(() => this.#held.delete(held));
    return held.closed;
  }
}
