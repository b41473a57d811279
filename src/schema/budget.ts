import { GraphQLError } from 'graphql';
import type { Limits } from '../model/limits.ts';
import { DeadlineExceededError, type ReadOptions } from '../repository/read-options.ts';
import { ExecutedMutations } from './executed-mutations.ts';

type BudgetLimits = Pick<
  Limits,
  'objects' | 'textBytes' | 'readBytes' | 'answerBytes' | 'walkedRows' | 'requestMs' | 'writtenBytes'
>;

/** Most bytes that JSON needs for one UTF-16 unit of a string: `\u001b`. */
const JSON_BYTES_PER_UNIT = 6;

/** So many units of an answer are made before they are counted for the whole process. */
const UNITS_A_STEP = 64 * 1024;

/** Milliseconds in which the payload of a mutation may be read that ended after the deadline, or just before. */
const PAYLOAD_MS = 1_000;

/**
 * Controllers whose signals were never aborted. A request that creates one takes a twelfth longer, if it is small: the rate of small reads
 * was 13,100/s with new controllers, and 14,100/s without any.
 */
const idle: AbortController[] = [];
const MAX_IDLE = 100;

const OVERLOADED =
  'The server holds too many answers that clients have not read yet, and has no room for this one (the limit answersBytes). ' +
  'Ask again after a second, or for smaller pages.';

/** Awaited for each mutation of a request with a large body: such requests write one after the other. */
export interface WriteTurn {
  /** True once the mutation may be written; false if the server has no room for it. `endWrite` must follow in both cases. */
  beginWrite(): boolean | Promise<boolean>;
  endWrite(): void;
}

const TOO_MANY_WRITES =
  'Other large requests have been writing for longer than this one may wait. Send what was not executed again after a second.';

/**
 * Limits what one request may use: time, sessions and messages in its answer, bytes of their text (both counted each time one appears),
 * bytes of the answer, bytes read from session files, rows that the store walks, and bytes that it writes. Once a limit is exceeded, or
 * the client has gone, the request is over: every further charge throws the same error.
 */
export class Budget {
  readonly #limits: BudgetLimits;
  readonly #hold: (bytes: number) => boolean;
  readonly #writeTurn: WriteTurn | undefined;
  readonly #deadline: number;
  /** Later than `#deadline` for the payload of a mutation. */
  #readsEnd: number;
  #objects = 0;
  #textBytes = 0;
  #readBytes = 0;
  #heldBytes = 0;
  #walkedRows = 0;
  /** UTF-16 units of the answer, without JSON values, which `#textBytes` counts. */
  #answerUnits = 0;
  /** Above this, `#answerUnits` are compared with the limit, and counted for the whole process. */
  #nextUnits: number;
  readonly #executed = new ExecutedMutations();
  #isWriting = false;
  #writtenBytes = 0;
  /** Counts the bytes of the latest mutation. Called only if another follows. */
  #written: () => number = NOTHING;
  #controller: AbortController | undefined;
  #over: GraphQLError | undefined;

  /**
   * `startedAt` is when the head of the request came, on the clock of `performance.now()`. `hold` counts bytes of the answer for the
   * whole process; false if there is no room for them. `writeTurn` is awaited before each mutation.
   */
  constructor(
    limits: BudgetLimits,
    startedAt = performance.now(),
    hold: (bytes: number) => boolean = () => true,
    writeTurn?: WriteTurn,
  ) {
    this.#limits = limits;
    this.#hold = hold;
    this.#writeTurn = writeTurn;
    this.#nextUnits = Math.min(UNITS_A_STEP, limits.answerBytes);
    this.#deadline = startedAt + limits.requestMs;
    this.#readsEnd = this.#deadline;
  }

  get objectsLeft(): number {
    return this.#limits.objects - this.#objects;
  }

  get textLeft(): number {
    return this.#limits.textBytes - this.#textBytes;
  }

  /** At least the bytes of the answer as JSON, which can be a sixth of that. Unknown, and infinite, unless a plan made the answer. */
  get answerBytesMax(): number {
    if (this.#answerUnits === 0) return Number.POSITIVE_INFINITY;
    return JSON_BYTES_PER_UNIT * this.#answerUnits + this.#textBytes;
  }

  /** Charges for `count` sessions or messages that appear in the answer. A negative count refunds a charge made in advance. */
  chargeObjects(count: number): void {
    this.#throwIfOver();
    if (count > this.objectsLeft) this.exceedObjects();
    this.#objects += count;
  }

  chargeText(bytes: number): void {
    this.#throwIfOver();
    if (bytes > this.textLeft) this.exceedText();
    this.#textBytes += bytes;
    this.#holdMore();
  }

  /** Charges for UTF-16 units of the answer: those of its strings and names. */
  chargeAnswer(units: number): void {
    this.#answerUnits += units;
    if (this.#answerUnits > this.#nextUnits) this.#answerGrew();
  }

  /** Called in coarse steps: each scalar of an answer is charged for. */
  #answerGrew(): void {
    this.#throwIfOver();
    if (this.#answerUnits > this.#limits.answerBytes) this.exceedAnswer();
    this.#holdMore();
    this.#nextUnits = Math.min(this.#answerUnits + UNITS_A_STEP, this.#limits.answerBytes);
  }

  /** Charges for bytes of files that are about to be read, shown or not. */
  readonly chargeRead = (bytes: number): void => {
    this.#throwIfOver();
    this.#readBytes += bytes;
    if (this.#readBytes > this.#limits.readBytes) this.#exceedRead();
    this.#holdMore();
  };

  #exceedRead(): never {
    return this.#exceed(
      `More than ${this.#limits.readBytes} bytes of sessions' files would be read for the answer (the limit readBytes). ` +
        'Ask for smaller pages, and page on with "after".',
    );
  }

  /** Charges for rows that the store walks, whether they are in the answer or not. */
  readonly chargeWalk = (rows: number): void => {
    this.#throwIfOver();
    this.#walkedRows += rows;
    if (this.#walkedRows <= this.#limits.walkedRows) return;
    this.#exceed(
      `More than ${this.#limits.walkedRows} sessions, messages and entries of the index would be walked for the answer (the limit ` +
        'walkedRows). Ask for fewer counts, sums and searches, or for those of smaller trees.',
    );
  };

  exceedObjects(): never {
    return this.#exceed(
      `The answer would hold more than ${this.#limits.objects} sessions and messages, counted each time one appears (the limit objects). ` +
        'Ask for smaller pages or fewer levels, and page on with "after".',
    );
  }

  exceedText(): never {
    return this.#exceed(
      `The answer would hold more than ${this.#limits.textBytes} bytes of text, counted each time one appears (the limit textBytes). ` +
        'Ask for smaller pages, and page on with "after".',
    );
  }

  exceedAnswer(): never {
    return this.#exceed(
      `The answer would have more than ${this.#limits.answerBytes} bytes as JSON (the limit answerBytes). ` +
        'Ask for smaller pages or fewer fields, and page on with "after".',
    );
  }

  /** What was read is in memory until the answer is; a text that a cache had, names and ids are in the answer. */
  #holdMore(): void {
    const bytes = Math.max(this.#textBytes, this.#readBytes, this.#answerUnits);
    const more = bytes - this.#heldBytes;
    if (more <= 0) return;
    this.#heldBytes = bytes;
    if (!this.#hold(more))
      this.#end(`${this.#executed.withoutPayloads()}${OVERLOADED}`, { code: 'OVERLOADED' });
  }

  /** Throws if the request is over. A mutation that runs is finished all the same. */
  check(): void {
    this.#throwIfOver();
    if (!this.#isWriting && performance.now() > this.#readsEnd)
      this.#exceedTime(this.#executed.withoutPayloads());
  }

  /**
   * Reads for the request, as its `options` allow: within its time, and only while its client waits. A mutation that runs reads what it
   * needs to finish.
   */
  async read<T>(read: (options: ReadOptions) => Promise<T>): Promise<T> {
    this.check();
    try {
      return await read(this.#options());
    } catch (error) {
      if (error instanceof DeadlineExceededError) this.#exceedTime(this.#executed.withoutPayloads());
      throw error;
    }
  }

  #options(): ReadOptions {
    const { chargeRead: onRead, chargeWalk: onWalk } = this;
    if (this.#isWriting) return { onRead, onWalk };
    this.#controller ??= idle.pop() ?? new AbortController();
    return { signal: this.#controller.signal, deadline: this.#readsEnd, onRead, onWalk };
  }

  /** Runs a mutation, unless the request is over, or its earlier mutations have written too much. `written` counts what it wrote. */
  write<T>(write: (options: ReadOptions) => Promise<T>, written: () => number): Promise<T> {
    return this.#writeTurn ? this.#writeInTurn(this.#writeTurn, write, written) : this.#write(write, written);
  }

  async #writeInTurn<T>(
    turn: WriteTurn,
    write: (options: ReadOptions) => Promise<T>,
    written: () => number,
  ): Promise<T> {
    try {
      const hasTurn = turn.beginWrite();
      if (hasTurn !== true && !(await hasTurn))
        this.#end(`${this.#executed.beforeNext()} ${TOO_MANY_WRITES}`, { code: 'OVERLOADED' });
      return await this.#write(write, written);
    } finally {
      turn.endWrite();
    }
  }

  async #write<T>(write: (options: ReadOptions) => Promise<T>, written: () => number): Promise<T> {
    this.#begin();
    this.#isWriting = true;
    try {
      const payload = await this.#executed.count(() => write(this.#options()));
      this.#written = written;
      return payload;
    } finally {
      this.#isWriting = false;
      this.#readsEnd = Math.max(this.#deadline, performance.now() + PAYLOAD_MS);
    }
  }

  #begin(): void {
    this.#throwIfOver();
    const executed = this.#executed.beforeNext();
    if (performance.now() > this.#deadline) this.#exceedTime(`${executed} `);
    this.#writtenBytes += this.#written();
    this.#written = NOTHING;
    if (this.#writtenBytes <= this.#limits.writtenBytes) return;
    this.#end(
      `The mutations of this request have written more than ${this.#limits.writtenBytes} bytes (the limit writtenBytes). ${executed} ` +
        'Send fewer in one request.',
      { code: 'BUDGET_EXCEEDED' },
    );
  }

  /** Call it when the request is answered and none of its reads is under way. Its controller then serves another request. */
  release(): void {
    if (this.#over || !this.#controller) return;
    if (idle.length < MAX_IDLE) idle.push(this.#controller);
    this.#controller = undefined;
  }

  /** Ends the request, because its client has gone. */
  leave(): void {
    this.#over ??= new GraphQLError('The client closed the connection before its answer.', {
      extensions: { code: 'CLIENT_CLOSED_REQUEST' },
    });
    this.#controller?.abort(this.#over);
  }

  #throwIfOver(): void {
    if (this.#over) throw this.#over;
  }

  #exceedTime(executed: string): never {
    return this.#end(
      `Expected a request that takes at most ${this.#limits.requestMs} milliseconds (the limit requestMs), got one that takes longer. ` +
        `${executed}Ask for less at a time.`,
      { code: 'DEADLINE_EXCEEDED' },
    );
  }

  #exceed(message: string): never {
    return this.#end(`${this.#executed.withoutPayloads()}${message}`, { code: 'BUDGET_EXCEEDED' });
  }

  #end(message: string, extensions: { readonly code: string }): never {
    this.#over ??= new GraphQLError(message, { extensions });
    // Reads that are under way stop, too.
    this.#controller?.abort(this.#over);
    throw this.#over;
  }
}

const NOTHING = () => 0;
