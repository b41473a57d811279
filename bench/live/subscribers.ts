import { Deliveries } from './deliveries.ts';
import type { Latency } from './latency.ts';
import { subscribeOverSocket } from './socket-subscriber.ts';
import { type OnChange, type Subscriber, subscribeToStream } from './sse-subscriber.ts';
import type { Subscription } from './subscription.ts';

/** Connections that are opened at once. */
const OPENED_AT_ONCE = 100;

/** What the parent process asks of this one. Each request gets one answer, in order. */
export type SubscribersRequest =
  /** Opens further subscribers. Those that read nothing are not counted in deliveries. */
  | {
      readonly type: 'open';
      readonly subscription: Subscription;
      readonly count: number;
      readonly reads: boolean;
    }
  /** Records the deliveries of changes from now on. */
  | { readonly type: 'record'; readonly first: number; readonly count: number }
  | { readonly type: 'delivered' }
  | { readonly type: 'latency'; readonly dueAt: readonly number[]; readonly answeredAt: readonly number[] }
  | { readonly type: 'closeUnread' };

export interface SubscribersAnswer {
  readonly error?: string;
  readonly delivered?: number;
  readonly latency?: Latency;
}

/** Holds the subscribers of a measurement, apart from the process that writes and from the server. */
const deliveries = new Deliveries();
const readers: Subscriber[] = [];
const unread: Subscriber[] = [];

function open(subscription: Subscription, onChange: OnChange, reads: boolean): Promise<Subscriber> {
  return subscription.transport === 'sse'
    ? subscribeToStream(subscription, onChange, reads)
    : subscribeOverSocket(subscription, onChange, reads);
}

async function openAll({ subscription, count, reads }: Extract<SubscribersRequest, { type: 'open' }>) {
  const into = reads ? readers : unread;
  for (let done = 0; done < count; done += OPENED_AT_ONCE) {
    const opened = Array.from({ length: Math.min(OPENED_AT_ONCE, count - done) }, (_, n) => {
      const number = into.length + n;
      const onChange: OnChange = reads ? (change, time) => deliveries.record(number, change, time) : () => {};
      return open(subscription, onChange, reads);
    });
    into.push(...(await Promise.all(opened)));
  }
}

async function answer(request: SubscribersRequest): Promise<SubscribersAnswer> {
  switch (request.type) {
    case 'open':
      await openAll(request);
      return {};
    case 'record':
      deliveries.reset(request.first, request.count, readers.length);
      return {};
    case 'delivered':
      return { delivered: deliveries.delivered };
    case 'latency':
      return { latency: deliveries.latency(request.dueAt, request.answeredAt) };
    case 'closeUnread':
      for (const subscriber of unread.splice(0)) subscriber.close();
      return {};
  }
}

process.on('message', async (request: SubscribersRequest) => {
  const answered = await answer(request).catch((error: Error) => ({ error: error.message }));
  process.send!(answered satisfies SubscribersAnswer);
});
process.once('disconnect', () => process.exit(0));
process.send!('ready');
