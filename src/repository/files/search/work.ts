import type { FairTurns } from './fair-turns.ts';

/** Milliseconds of work in one turn, after which others have theirs. */
const TURN_MS = 10;

/** Thrown where the work of a request is when nobody waits for its answer any more. */
export class CancelledError extends Error {
  override readonly name = 'CancelledError';

  constructor() {
    super('The request was cancelled.');
  }
}

/** What a request has used since its last report. */
export interface Used {
  /** Entries of an index that were walked. */
  readonly rows: number;
  /** Bytes of session files that were read. */
  readonly bytes: number;
}

/** The work of one request: its turns, its end, and what it walks. */
export class Work {
  readonly #turns: FairTurns;
  readonly #onUse: (used: Used) => void;
  readonly #cancelled = Promise.withResolvers<never>();
  #end: number;
  #used = 0;
  /** When the current turn began; null before the first. */
  #began: number | null = null;
  #rows = 0;
  #bytes = 0;
  #isCancelled = false;

  /**
   * `end`: when the request is to be answered with what it has by then, on the clock of `performance.now()`.
   * `onUse` is called at the end of a turn with what was used in it.
   */
  constructor(turns: FairTurns, end: number, onUse: (used: Used) => void) {
    this.#turns = turns;
    this.#end = end;
    this.#onUse = onUse;
    // Most works are never cancelled, and nobody waits for it then.
    this.#cancelled.promise.catch(() => {});
  }

  /** True if the turn is over: the work then calls `rest`, as soon as it can. */
  get isDue(): boolean {
    return this.#isCancelled || this.#began === null || performance.now() - this.#began > TURN_MS;
  }

  /** True if the rest of the work is to be left out. */
  get isOutOfTime(): boolean {
    return performance.now() > this.#end;
  }

  /** Milliseconds of work in earlier turns. */
  get used(): number {
    return this.#used;
  }

  get end(): number {
    return this.#end;
  }

  endBy(time: number): void {
    this.#end = Math.min(this.#end, time);
  }

  extendTo(time: number): void {
    this.#end = Math.max(this.#end, time);
  }

  walk(rows: number): void {
    this.#rows += rows;
  }

  read(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Ends the turn, and waits for the next one. Rejects with a CancelledError once the request is cancelled. */
  async rest(): Promise<void> {
    if (this.#began !== null) this.#used += performance.now() - this.#began;
    this.report();
    this.throwIfCancelled();
    await this.#turns.wait(this.#used);
    this.throwIfCancelled();
    this.#began = performance.now();
  }

  /** Continues the turn of a work that this one waited for. */
  joinTurn(): void {
    this.#began ??= performance.now();
  }

  /** Reports what was used since the last report. */
  report(): void {
    const used = { rows: this.#rows, bytes: this.#bytes };
    this.#rows = 0;
    this.#bytes = 0;
    if (used.rows > 0 || used.bytes > 0) this.#onUse(used);
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#cancelled.reject(new CancelledError());
  }

  /** The result of `other`, which goes on without this work. Rejects at once if this work is cancelled. */
  unlessCancelled<T>(other: Promise<T>): Promise<T> {
    return Promise.race([other, this.#cancelled.promise]);
  }

  throwIfCancelled(): void {
    if (this.#isCancelled) throw new CancelledError();
  }
}
