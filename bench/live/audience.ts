import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Started, start } from '../process/start.ts';
import type { Latency } from './latency.ts';
import type { SubscribersAnswer, SubscribersRequest } from './subscribers.ts';
import type { Subscription } from './subscription.ts';
import type { Written } from './writer.ts';

/** Milliseconds between two looks whether all deliveries came. */
const LOOK = 20;

/** Subscribers in a process of their own. */
export class Audience {
  readonly #process: Started<'ready'>;
  readonly #subscription: Subscription;
  #size = 0;

  private constructor(process: Started<'ready'>, subscription: Subscription) {
    this.#process = process;
    this.#subscription = subscription;
  }

  /** Opens `size` subscribers. */
  static async open(subscription: Subscription, size: number): Promise<Audience> {
    const audience = new Audience(await start<'ready'>('live/subscribers.ts', ''), subscription);
    try {
      await audience.#ask({ type: 'open', subscription, count: size, reads: true });
    } catch (error) {
      await audience.close();
      throw error;
    }
    audience.#size = size;
    return audience;
  }

  get size(): number {
    return this.#size;
  }

  /** Opens a subscriber that never reads. */
  async openUnread(): Promise<void> {
    await this.#ask({ type: 'open', subscription: this.#subscription, count: 1, reads: false });
  }

  async closeUnread(): Promise<void> {
    await this.#ask({ type: 'closeUnread' });
  }

  /** Records the deliveries of `count` changes from `first` on. */
  async record(first: number, count: number): Promise<void> {
    await this.#ask({ type: 'record', first, count });
  }

  /** True once all subscribers have got `count` of the recorded changes, false if they have not within the time. */
  async hasDelivered(count: number, milliseconds: number): Promise<boolean> {
    const deadline = performance.now() + milliseconds;
    for (;;) {
      const { delivered = 0 } = await this.#ask({ type: 'delivered' });
      if (delivered >= count * this.#size) return true;
      if (performance.now() > deadline) return false;
      await sleep(LOOK);
    }
  }

  async latency({ dueAt, answeredAt }: Pick<Written, 'dueAt' | 'answeredAt'>): Promise<Latency> {
    return (await this.#ask({ type: 'latency', dueAt, answeredAt })).latency!;
  }

  /** Closes all subscribers. */
  close(): Promise<void> {
    return this.#process.stop();
  }

  async #ask(request: SubscribersRequest): Promise<SubscribersAnswer> {
    const { child } = this.#process;
    const answered = once(child, 'message') as Promise<[SubscribersAnswer]>;
    child.send(request);
    const [answer] = await answered;
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }
}
