import type { WriteTurn } from '../../schema/budget.ts';
import type { Meter } from '../callers/meter.ts';
import type { Admission } from './admission.ts';
import type { AnswerShare } from './answer-bytes.ts';
import type { Recipient } from './recipient.ts';
import type { Room } from './room.ts';
import type { Receiving } from './slow-bodies.ts';
import { SMALL_BYTES } from './small.ts';

/** How long a request waits for room of all kinds together, in milliseconds. Its client would not wait much longer. */
const WAIT_MS = 10_000;

/**
 * What one request uses of the server's room. In the order of the calls: `reserve` before a large body is read, `begin` before it is
 * parsed and the operation executed, `parsed`, `charge` while the answer grows, `settle` once its size is known, and, however the request ended, `finish`.
 */
export class Ticket implements AnswerShare, WriteTurn {
  readonly #admission: Admission;
  readonly #recipient: Recipient;
  readonly #meter: Meter | null;
  readonly account: string | null;
  #reserved = 0;
  #receiving: Receiving | null = null;
  /** Of a large body, once it is about to be parsed. */
  #bodyBytes = 0;
  #memory = 0;
  #turn = 0;
  #isWriting = false;
  #waitMs = WAIT_MS;
  #isCounted = false;
  #hasBegun = false;
  #isExecuting = false;
  #isFinished = false;
  #isReleased = false;
  #isSettled = false;
  /** Bytes of the answer so far. Only `AnswerBytes` changes them. */
  bytes = 0;

  /** `meter` is that of the caller; null if the caller is not bounded. */
  constructor(admission: Admission, recipient: Recipient, meter: Meter | null = null) {
    this.#admission = admission;
    this.#recipient = recipient;
    this.#meter = meter;
    this.account = meter?.account ?? null;
  }

  /** True once there is room for a body of `bytes`; false if the request must be refused. The second call for a body does nothing. */
  reserve(bytes: number): boolean | Promise<boolean> {
    if (bytes <= SMALL_BYTES || this.#reserved > 0) return true;
    const { bodies, slowBodies } = this.#admission;
    const hasRoom = this.#take(bodies, bytes, () => {
      this.#reserved = bytes;
      const { socket } = this.#recipient;
      if (socket) this.#receiving = slowBodies.add(socket);
    });
    if (hasRoom instanceof Promise) slowBodies.watch();
    return hasRoom;
  }

  /**
   * True once the operation may be executed, whose body has `bytes`, and takes `memory` once it is parsed; false if the operation must be
   * refused. The second call does nothing.
   */
  begin(bytes: number, memory = 0): boolean | Promise<boolean> {
    if (this.#hasBegun) return true;
    // Yoga may answer a request whose client has gone before it has read the parameters.
    if (this.#isFinished) return false;
    this.#count(bytes);
    if (this.#reserved > 0) this.#received(bytes);
    return bytes > SMALL_BYTES ? this.#beginLarge(bytes, memory) : this.#takePlace();
  }

  /** Counts a body, once. */
  #count(bytes: number): void {
    if (this.#isCounted) return;
    this.#isCounted = true;
    this.#meter?.spendBytes(bytes);
  }

  /** The body is here. A body without a declared size had reserved the largest. */
  #received(bytes: number): void {
    this.#stopReceiving();
    this.#reserveOnly(Math.min(bytes, this.#reserved));
  }

  #reserveOnly(bytes: number): void {
    this.#admission.bodies.give(this.#reserved - bytes, this.account);
    this.#reserved = bytes;
  }

  async #beginLarge(bytes: number, memory: number): Promise<boolean> {
    const { parsed } = this.#admission;
    const hasMemory =
      memory <= SMALL_BYTES ||
      this.#take(parsed, memory, () => {
        this.#memory = memory;
      });
    if (!(await hasMemory)) return false;
    this.#bodyBytes = bytes;
    if (!(await this.#takeTurn())) return false;
    const hasPlace = this.#takePlace();
    if (hasPlace === true) return true;
    // Mutations that have a place wait for a turn: whoever waits for a place must have none.
    this.#giveTurn();
    return (await hasPlace) && this.#takeTurn();
  }

  #takeTurn(): boolean | Promise<boolean> {
    const bytes = this.#bodyBytes;
    if (bytes === this.#turn) return true;
    return this.#take(this.#admission.turns, bytes, () => {
      this.#turn = bytes;
    });
  }

  #giveTurn(): void {
    if (this.#turn > 0) this.#admission.turns.give(this.#turn, this.account);
    this.#turn = 0;
  }

  #takePlace(): boolean | Promise<boolean> {
    return this.#take(this.#admission.operations, 1, () => {
      this.#hasBegun = true;
    });
  }

  /** True once the request has `weight` of `room`, and `taken` was called; false if it must be refused. */
  #take(room: Room, weight: number, taken: () => void): boolean | Promise<boolean> {
    if (this.#isReleased) return false;
    const hasRoom = room.take(weight, this.#recipient, this.#waitMs, this.account);
    if (typeof hasRoom === 'boolean') {
      if (hasRoom) taken();
      return hasRoom;
    }
    const startedAt = performance.now();
    return hasRoom.then((isAdmitted) => {
      this.#waitMs = Math.max(0, this.#waitMs - (performance.now() - startedAt));
      if (isAdmitted && !this.#isReleased) taken();
      else if (isAdmitted) room.give(weight, this.account);
      return isAdmitted && !this.#isReleased;
    });
  }

  /** To be called once a large body is parsed: its bytes are no longer needed. */
  parsed(): void {
    this.#reserveOnly(0);
  }

  beginWrite(): boolean | Promise<boolean> {
    this.#isWriting = true;
    return this.#takeTurn();
  }

  endWrite(): void {
    this.#isWriting = false;
    this.#giveTurn();
  }

  /**
   * Counts text that joins the answer. False if there is no room for it: the operation must end. So must reads that go on after their
   * request was answered, for example because another field failed.
   */
  readonly charge = (bytes: number): boolean =>
    !this.#isReleased && this.#admission.answers.set(this, this.bytes + bytes);

  /**
   * Counts an answer of `bytes` until it is sent, or its connection closes. False if there is no room for it: another answer must be
   * sent.
   */
  settle(bytes: number): boolean {
    const { answers } = this.#admission;
    if (!answers.set(this, bytes)) {
      answers.set(this, 0);
      return false;
    }
    this.#meter?.spendBytes(bytes);
    if (this.#recipient.closed || this.#isFinished) answers.set(this, 0);
    else if (bytes > SMALL_BYTES) this.#keepUntilSent();
    return true;
  }

  #keepUntilSent(): void {
    const { answers } = this.#admission;
    this.#isSettled = true;
    this.#recipient.once('close', () => answers.set(this, 0));
  }

  /** Undefined for a short answer; else a promise that resolves when a long one may be written as JSON. */
  answerTurn(): Promise<void> | undefined {
    return this.bytes > SMALL_BYTES ? this.ownTurn() : undefined;
  }

  /** Resolves in a turn of the event loop that no other request has. */
  ownTurn(): Promise<void> {
    return this.#admission.ownTurn();
  }

  /**
   * Runs `execute`, and awaits the turn of its answer. The request uses its room until the execution ends, even if the request has
   * finished before; but a large body leaves its turn to others once its variables are coerced and its mutation, if any, is written.
   */
  async during<Result>(execute: () => Result | Promise<Result>): Promise<Result> {
    this.#isExecuting = true;
    try {
      const executing = execute();
      if (!this.#isWriting) this.#giveTurn();
      const result = await executing;
      await this.answerTurn();
      return result;
    } finally {
      this.#isExecuting = false;
      if (this.#isFinished) this.#release();
    }
  }

  /** Gives back what the request used. */
  finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#stopReceiving();
    if (!this.#isExecuting) this.#release();
  }

  #release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    const { parsed, operations, answers } = this.#admission;
    if (this.#hasBegun) operations.give(1, this.account);
    this.#giveTurn();
    if (this.#memory > 0) parsed.give(this.#memory, this.account);
    this.#reserveOnly(0);
    if (!this.#isSettled || this.#recipient.closed) answers.set(this, 0);
  }

  #stopReceiving(): void {
    if (this.#receiving) this.#admission.slowBodies.remove(this.#receiving);
    this.#receiving = null;
  }
}
