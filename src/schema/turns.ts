import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Page } from '../repository/repository.ts';

/** Objects that are put into an answer in one go: some tens of milliseconds of work. */
const OBJECTS_A_TURN = 2_000;

/**
 * Lets other requests have a turn while one puts a large answer together. Only lists from which nothing is loaded a level
 * at a time take turns: what is loaded for the nodes of one level must be asked for in one go to be one batch.
 */
export class Turns {
  #objects = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** `page`, when it is this page's turn to be put into the answer. */
  wait<Node>(page: Promise<Page<Node>>): Promise<Page<Node>> {
    return page.then((read) => {
      this.#objects += read.items.length;
      if (this.#objects < OBJECTS_A_TURN) return read;
      this.#objects = 0;
      // One after the other: all that wait for the same turn would be done in it.
      this.#last = this.#last.then(() => nextTurn());
      return this.#last.then(() => read);
    });
  }
}
