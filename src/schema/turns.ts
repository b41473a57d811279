import { setImmediate as nextTurn } from 'node:timers/promises';
import { andThen, type MaybePromise } from './maybe-promise.ts';

/** Objects that are put into answers per turn of the event loop: some tens of milliseconds of work. */
const OBJECTS_A_TURN = 2_000;

/** Bytes of JSON that are parsed per turn of the event loop: a millisecond of work, unless it has very many values. */
const PARSED_BYTES_A_TURN = 128 * 1024;

/** Milliseconds that a request may go on before it lets others have a turn. */
const WORK_MS = 10;

/**
 * Yields to other requests while a large answer is built. `children` and `ancestors` take no turns before their page: the nodes of one
 * level have to be resolved in the same turn to share a batch. Only very many, with many fields each, share several.
 */
export class Turns {
  #objects = 0;
  /** The last turn that was taken; null before the first. */
  #last: Promise<void> | null = null;
  /** When the request last began to work, on the clock of `performance.now()`. */
  #since: number;
  #objectsAtOnce = Number.POSITIVE_INFINITY;
  #inTurn = 0;
  /** The turn of the next object of a list; null for this one. */
  #turn: Promise<void> | null = null;
  /** The last of these turns that has come. */
  #past: Promise<void> | null = null;

  #parsedBytes = 0;
  /** The turn of the next text that is parsed; null for this one. */
  #parseTurn: Promise<void> | null = null;

  /** `startedAt` is on the clock of `performance.now()`. */
  constructor(startedAt = performance.now()) {
    this.#since = startedAt;
  }

  /** Resolves when it is the turn of so many more objects. */
  take(objects: number): MaybePromise<void> {
    this.#objects += objects;
    if (this.#objects < OBJECTS_A_TURN) return undefined;
    this.#objects = 0;
    return this.#next();
  }

  /** In a chain: objects that waited for the same turn would all be handled in it. */
  #next(): Promise<void> {
    this.#last = this.#last ? this.#last.then(() => nextTurn()) : nextTurn();
    return this.#last;
  }

  /** Objects of lists that are put into the answer at once, in any case. The executor decides, by the time that it takes for one. */
  setPace(objectsAtOnce: number): void {
    this.#objectsAtOnce = objectsAtOnce;
  }

  /** The `items` of a list, each when it is its turn to be put into the answer. */
  paced<Item>(items: readonly Item[]): readonly MaybePromise<Item>[] {
    this.#inTurn += items.length;
    if (this.#inTurn <= this.#objectsAtOnce && !this.#turn) return items;
    this.#inTurn -= items.length;
    return items.map((item) => andThen(this.turnOf(1), () => item));
  }

  /**
   * Resolves when it is the turn of so many more objects to be put into the answer together. For objects that one batch has read for
   * many places of the answer, where all would otherwise be put in the turn in which the batch ends.
   */
  turnOf(objects: number): MaybePromise<void> {
    this.#inTurn += objects;
    if (this.#inTurn > this.#objectsAtOnce) {
      this.#inTurn = objects;
      this.#turn = this.#next();
    }
    return this.#turn ?? undefined;
  }

  /**
   * Calls `dispatch` once all objects of lists have had their turns: what these ask for shares a batch. Where none waits for its turn, as a
   * DataLoader does by default, behind all that follows from what has been read.
   */
  whenListed(dispatch: () => void): void {
    Promise.resolve().then(() => {
      process.nextTick(() => {
        const turn = this.#turn;
        if (turn === this.#past) dispatch();
        else
          turn!.then(() => {
            this.#past = turn;
            this.whenListed(dispatch);
          });
      });
    });
  }

  /** Resolves in another turn of the event loop if this request has worked for long. Between the parts of one batch. */
  rest(): MaybePromise<void> {
    if (performance.now() - this.#since < WORK_MS) return undefined;
    return nextTurn().then(() => {
      this.#since = performance.now();
    });
  }

  /** Resolves when it is the turn of a text of so many bytes to be parsed. */
  toParse(bytes: number): MaybePromise<void> {
    this.#parsedBytes += bytes;
    if (this.#parsedBytes > PARSED_BYTES_A_TURN) {
      this.#parsedBytes = bytes;
      this.#parseTurn = this.#next();
    }
    return this.#parseTurn ?? undefined;
  }
}
