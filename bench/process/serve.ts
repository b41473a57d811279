import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pino } from 'pino';
import { createConfig, serveOptions } from '../../src/commands/serve-options.ts';
import { startServer } from '../../src/server/http.ts';

/** Milliseconds between two measurements of the event loop. */
const RESOLUTION = 1;

/** Milliseconds by which the event loop was late. */
export interface Delay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Bytes in use. */
export interface Memory {
  /** After a garbage collection. */
  readonly heap: number;
  readonly resident: number;
}

/**
 * Serves a data directory. Sends the parent process the URL and, on request, the delays of its event loop since, or
 * its use of memory (if started with --expose-gc).
 */
export type ServeMessage = { readonly url: string } | { readonly delay: Delay } | { readonly memory: Memory };

const defaults = Object.fromEntries(
  serveOptions().map((option) => [option.attributeName(), option.defaultValue]),
);
const config = createConfig({
  ...(defaults as Parameters<typeof createConfig>[0]),
  port: 0,
  data: process.argv[2]!,
});
const server = await startServer(config, { logger: pino({ level: 'silent' }) });
const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
histogram.enable();

const send = (message: ServeMessage) => process.send!(message);
const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - RESOLUTION);

function memory(): Memory {
  // Twice: the second collection frees what the first one finalized.
  for (let n = 0; n < 2; n += 1) globalThis.gc!();
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed, resident: rss };
}

process.on('message', (message: 'reset' | 'report' | 'memory') => {
  if (message === 'reset') return histogram.reset();
  if (message === 'memory') return send({ memory: memory() });
  const [p50, p99] = [histogram.percentile(50), histogram.percentile(99)];
  return send({ delay: { p50: late(p50), p99: late(p99), max: late(histogram.max) } });
});
process.once('disconnect', () => server.stop());
send({ url: server.url });
