import type { Logger } from '../../observer.ts';
import { ChangeListeners } from '../../runtime/change-listeners.ts';
import type { Database } from '../connection/database.ts';
import type { Channel } from './channel.ts';
import type { Epoch } from './epoch.ts';
import { encodeMark, markOf } from './mark.ts';
import { readNow } from './snapshot.ts';

/** Milliseconds between two polls for changes through other instances, whose notices may be lost. */
const POLL_MS = 1_000;

/** The whole message: what changed is read from the database. */
const CHANGED = 'changed';

export interface NoticesOptions {
  readonly database: Database;
  readonly epoch: Epoch;
  readonly channel: Channel;
  readonly logger: Logger;
}

/**
 * Tells listeners of changes, through whichever instance they come: those of this one at once, of others within milliseconds by a notice, and
 * within a second by polling, since notices can be lost. Neither happens before the first listener.
 */
export class Notices {
  readonly #database: Database;
  readonly #epoch: Epoch;
  readonly #logger: Logger;
  readonly #listeners = new ChangeListeners();
  readonly #channel: Channel;
  #poll: NodeJS.Timeout | undefined;
  #isClosed = false;
  /** The mark of the last poll. */
  #latest: string | null = null;

  constructor({ database, epoch, channel, logger }: NoticesOptions) {
    this.#database = database;
    this.#epoch = epoch;
    this.#logger = logger;
    this.#channel = channel;
    channel.add({
      heard: (message) => {
        if (message === CHANGED) this.#listeners.changed();
      },
      hearing: () => this.#listeners.changed(),
    });
  }

  /** As `SessionRepository.onChange`. */
  add(listener: () => void): () => void {
    this.#channel.listen();
    this.#poll ??= setTimeout(() => void this.#ask(), POLL_MS).unref();
    return this.#listeners.add(listener);
  }

  /** Call after each commit of this instance. */
  committed(): void {
    this.#listeners.changed();
    this.#channel.send(CHANGED);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#poll);
  }

  async #ask(): Promise<void> {
    try {
      if (!this.#listeners.isEmpty) await this.#compare();
    } catch (err) {
      this.#logger.debug({ err }, 'the database was not asked for changes');
    }
    if (!this.#isClosed) this.#poll = setTimeout(() => void this.#ask(), POLL_MS).unref();
  }

  async #compare(): Promise<void> {
    // Behind a promotion, readers must not wait for the first mutation.
    await this.#epoch.renew(this.#database);
    const now = encodeMark(markOf(await readNow(this.#database)));
    if (now !== this.#latest) this.#listeners.changed();
    this.#latest = now;
  }
}
