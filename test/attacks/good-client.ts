import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export interface GoodClientOrders {
  readonly port: number;
  /** The number of its first write. */
  readonly firstWrite: number;
  /** Its token; null if the server asks nobody. */
  readonly token: string | null;
}

export interface GoodClientReport {
  /** Milliseconds to the head of each answer, in ascending order. */
  readonly latencies: readonly number[];
  /** Requests that were refused or not answered, by kind. */
  readonly failures: readonly string[];
  /** The numbers of the writes that were acknowledged. */
  readonly acknowledged: readonly number[];
}

export interface GoodClient {
  stop(): Promise<GoodClientReport>;
}

/** Threads without orders, kept for the next attack: most attacks take less time than the start of a thread. */
const idle: Worker[] = [];

/** Starts a good client in a thread, so that the work of the attack does not count as slowness of the server. */
export async function startGoodClient(orders: GoodClientOrders): Promise<GoodClient> {
  const thread = idle.pop() ?? (await startThread());
  thread.ref();
  const report = once(thread, 'message').then(([message]) => message as GoodClientReport);
  thread.postMessage(orders);
  return {
    async stop() {
      thread.postMessage('stop');
      const stopped = await report;
      thread.unref();
      idle.push(thread);
      return stopped;
    },
  };
}

async function startThread(): Promise<Worker> {
  const thread = new Worker(new URL('./good-client-thread.ts', import.meta.url));
  await once(thread, 'online');
  return thread;
}

/** A percentile of ascending numbers; 0 if there are none. */
export function percentile(ascending: readonly number[], share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? 0;
}
