import type { Limits } from '../../model/limits.ts';
import type { Logger } from '../../repository/observer.ts';
import { AnswerBytes } from './answer-bytes.ts';
import { DropLog } from './drop-log.ts';
import { createOwnTurn } from './own-turn.ts';
import { Room } from './room.ts';
import { SlowBodies } from './slow-bodies.ts';

export interface AdmissionOptions {
  readonly limits: Pick<Limits, 'bodyBytes' | 'bodiesBytes' | 'answersBytes' | 'operations' | 'connections'>;
  readonly logger: Logger;
}

/** How many large bodies may wait. Nothing of a body is read before there is room for all of it. */
const BODIES_WAITING_MAX = 1_000;
/** How many operations may wait for each that is executed. */
const WAITING_PER_OPERATION = 4;
/** The share of the connections on which requests of one account may wait: others must still be able to connect. */
const WAITING_SHARE_OF_ACCOUNT = 1 / 2;

/** Bounds what all requests of a server use together. Both paths of a request pass it, each with the request's `Ticket`. */
export class Admission {
  /** Bytes of large bodies, from the reservation before a body is read until it is parsed. */
  readonly bodies: Room;
  /** Memory that large bodies take from when they are parsed until their operations have ended, as `memoryOf` estimates it. */
  readonly parsed: Room;
  /**
   * Bytes of large bodies that are parsed, checked or written at once. Meanwhile a body takes many times its size, and all of that
   * happens in one thread: two at a time would only take twice the memory. Reads need no turn, however long they take.
   */
  readonly turns: Room;
  /** Operations that are executed at once. */
  readonly operations: Room;
  readonly answers: AnswerBytes;
  /** Awaited before a long answer is made. */
  readonly ownTurn = createOwnTurn();
  readonly slowBodies: SlowBodies;
  readonly drops: DropLog;

  constructor({ limits, logger }: AdmissionOptions) {
    const { bodyBytes, operations } = limits;
    const bodiesBytes = Math.max(limits.bodiesBytes, bodyBytes);
    const waitingOfAccount = Math.ceil(limits.connections * WAITING_SHARE_OF_ACCOUNT);
    const ofBodies = { waiting: BODIES_WAITING_MAX, waitingOfAccount };
    this.bodies = new Room(bodiesBytes, ofBodies);
    this.parsed = new Room(bodiesBytes, ofBodies);
    this.turns = new Room(bodyBytes, ofBodies);
    const waiting = operations * WAITING_PER_OPERATION;
    this.operations = new Room(operations, { waiting, waitingOfAccount });
    this.answers = new AnswerBytes(limits.answersBytes);
    this.drops = new DropLog(logger);
    this.slowBodies = new SlowBodies(() => this.bodies.isWaitedFor, this.drops);
  }
}
