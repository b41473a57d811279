import { setTimeout as after } from 'node:timers/promises';
import { locatedError } from 'graphql';
import type { EventMaker, Subscribed } from './event-maker.ts';
import { RETRY_MS } from './intervals.ts';
import type { Outlet } from './outlet.ts';

export interface PullOptions {
  readonly maker: EventMaker;
  readonly subscribed: Subscribed;
  readonly outlet: Outlet;
  /** True once the client has gone. */
  readonly isOver: () => boolean;
  /** Milliseconds from one event to the next: what happens meanwhile is in one event. */
  readonly pauseMs: () => number;
}

/**
 * Sends the events of one subscriber's own source, each once its client has read the ones before: the source holds no queue. Resolves once
 * the source is over, which `return` brings about. Never rejects.
 */
export async function sendPulled(
  events: AsyncIterator<object>,
  { maker, subscribed, outlet, isOver, pauseMs }: PullOptions,
): Promise<void> {
  try {
    for (;;) {
      if (!outlet.isReady) await new Promise<void>((resolve) => outlet.onceReady(resolve));
      const { done, value } = await events.next();
      if (done) break;
      let made = await maker.make(subscribed, value, () => null);
      for (; !made && !isOver(); made = await maker.make(subscribed, value, () => null))
        await after(RETRY_MS);
      if (!made) break;
      outlet.send(made.answer);
      made.answer.seal();
      if (made.isFatal) break;
      await after(pauseMs());
    }
  } catch (error) {
    outlet.send(maker.failed(locatedError(error, undefined, [subscribed.responseKey])));
  }
  await events.return?.();
  outlet.complete();
}
