import { FairQueue } from '../../repository/files/runtime/fair-queue.ts';
import type { Recipient } from './recipient.ts';
import { Shares } from './shares.ts';

export interface RoomOptions {
  /** How many requests may wait; further ones are refused at once. */
  readonly waiting: number;
  /** How many of them may be those of one account. Default: all. */
  readonly waitingOfAccount?: number;
}

/**
 * Requests that are admitted in one turn of the event loop. Hundreds of mutations end together, with the sync of the journal that they
 * share: to begin as many others in the same turn would double its length.
 */
const ADMITTED_A_TURN_MAX = 32;

interface Waiting {
  readonly weight: number;
  readonly account: string | null;
  readonly settle: (isAdmitted: boolean) => void;
}

/**
 * A bounded amount of something that requests use while they last: bytes, or places. Requests for which there is no room wait: those of
 * one account in the order in which they came, and the accounts take turns. Without accounts, each connection has one request under way,
 * so that the order is fair between connections.
 */
export class Room {
  readonly #capacity: number;
  readonly #options: RoomOptions;
  readonly #shares: Shares;
  #free: number;
  readonly #waiting = new FairQueue<Waiting>();
  #isScheduled = false;

  constructor(capacity: number, options: RoomOptions) {
    this.#capacity = capacity;
    this.#free = capacity;
    this.#shares = new Shares(capacity);
    this.#options = options;
  }

  get isWaitedFor(): boolean {
    return !this.#waiting.isEmpty;
  }

  /**
   * True once the request of `recipient` has `weight`, of which the whole capacity is the most. False if it has waited for
   * `milliseconds`, if too many others wait, or if its client has left. What was taken must be given back. `account` is whose request it
   * is; null if nobody is asked for a name.
   */
  take(
    weight: number,
    recipient: Recipient,
    milliseconds: number,
    account: string | null = null,
  ): boolean | Promise<boolean> {
    const taken = this.#bounded(weight);
    if (taken <= this.#free && this.#waiting.isEmpty && this.#shares.allows(account, taken)) {
      this.#admitOne(taken, account);
      return true;
    }
    if (recipient.closed || !this.#makePlace(account)) return false;
    return new Promise((resolve) => {
      const leave = () => {
        this.#waiting.remove(account, waiting);
        waiting.settle(false);
        this.#schedule();
      };
      const timer = setTimeout(leave, milliseconds);
      const waiting = {
        weight: taken,
        account,
        settle: (isAdmitted: boolean) => {
          clearTimeout(timer);
          recipient.off('close', leave);
          resolve(isAdmitted);
        },
      };
      recipient.once('close', leave);
      this.#waiting.add(account, waiting);
      // Those before it may wait for the share of their own account.
      if (account !== null) this.#schedule();
    });
  }

  /** False if one more may not wait. An account with more that waits than others gives way to them. */
  #makePlace(account: string | null): boolean {
    const { waiting, waitingOfAccount = waiting } = this.#options;
    if (account !== null && this.#waiting.sizeOf(account) >= waitingOfAccount) return false;
    if (this.#waiting.size < waiting) return true;
    const last = this.#waiting.lastOfLongest(account);
    if (!last) return false;
    this.#waiting.remove(last.account, last);
    last.settle(false);
    return true;
  }

  give(weight: number, account: string | null = null): void {
    const given = this.#bounded(weight);
    this.#free += given;
    this.#shares.add(account, -given);
    this.#schedule();
  }

  #admitOne(weight: number, account: string | null): void {
    this.#free -= weight;
    this.#shares.add(account, weight);
  }

  #bounded(weight: number): number {
    return Math.min(weight, this.#capacity);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.isEmpty) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#admit();
    });
  }

  #admit(): void {
    for (let count = 0; count < ADMITTED_A_TURN_MAX; count += 1) {
      const next = this.#next();
      if (!next) return;
      this.#admitOne(next.weight, next.account);
      next.settle(true);
    }
    this.#schedule();
  }

  /** The next request, if there is room for it: a smaller one must not overtake a larger one again and again. */
  #next(): Waiting | undefined {
    let hasRoom = true;
    return this.#waiting.take(({ weight, account }) => {
      if (!hasRoom || !this.#shares.allows(account, weight)) return false;
      hasRoom = weight <= this.#free;
      return hasRoom;
    });
  }
}
