import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/*
 * Loaded into the server's process by `node --import`, beside the program, which does not know of it: tells the delay of the event
 * loop, and the memory after a garbage collection, to the process that started the server.
 */

/** Milliseconds between two measurements. */
const RESOLUTION = 10;

export type Told = {
  /** Milliseconds by which the event loop was late, at the 99th percentile and at most. */
  readonly delay: { readonly p99: number; readonly max: number };
  /** Megabytes that are resident after a collection. */
  readonly residentMb: number;
};

if (isMainThread && process.send) {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
  histogram.enable();
  const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - RESOLUTION);
  process.on('message', (message) => {
    const delay = { p99: late(histogram.percentile(99)), max: late(histogram.max) };
    // Twice: the second collection frees what the first one finalized.
    for (let n = 0; n < 2; n += 1) globalThis.gc!();
    const tell = () => {
      if (message === 'reset') histogram.reset();
      process.send!({ delay, residentMb: process.memoryUsage.rss() / 1024 ** 2 } satisfies Told);
    };
    // The delay of the collection itself must be counted before the reset.
    setTimeout(tell, 5 * RESOLUTION);
  });
  // Whoever started the server has been killed: nobody else would end it.
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  // The channel must not keep the server running.
  process.channel!.unref();
}
