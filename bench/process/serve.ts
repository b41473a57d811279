import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pino } from 'pino';
import { createConfig, serveOptions } from '../../src/config.ts';
import { startServer } from '../../src/server/http.ts';

/** Milliseconds between two looks at the event loop. */
const RESOLUTION = 1;

/** Milliseconds by which the event loop came late. */
export interface Delay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Bytes in use. */
export interface Memory {
  /** After a collection: what is really held. */
  readonly heap: number;
  readonly resident: number;
}

/**
 * Serves the data directory it is given. Tells its parent the URL, and then, when asked, how its event loop did since, or
 * what memory it holds (started with --expose-gc).
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
  // Twice: what the first collection finalizes, the second frees.
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
