import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pino } from 'pino';
import { createConfig, serveOptions } from '../../src/commands/serve-options.ts';
import { startServer } from '../../src/server/http.ts';
import { type Memory, memory } from './memory.ts';

/** Milliseconds between two measurements of the event loop. */
const RESOLUTION = 1;

/** Milliseconds by which the event loop was late. */
export interface Delay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/**
 * Serves a data directory. Sends the parent process the URL and, on request, the delays of its event loop since, its use of memory (if
 * started with --expose-gc), or how many subscriptions there are.
 */
export type ServeMessage =
  | { readonly url: string }
  | { readonly delay: Delay }
  | { readonly memory: Memory }
  | { readonly subscriptions: number };

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

const send = (message: ServeMessage) => process.send!(message);
const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - RESOLUTION);

process.on('message', (message: 'reset' | 'report' | 'memory' | 'subscriptions') => {
  if (message === 'reset') {
    // Not before: it wakes the process a thousand times a second.
    histogram.enable();
    return histogram.reset();
  }
  if (message === 'memory') return send({ memory: memory() });
  if (message === 'subscriptions') return send({ subscriptions: server.subscriptions() });
  const [p50, p99] = [histogram.percentile(50), histogram.percentile(99)];
  return send({ delay: { p50: late(p50), p99: late(p99), max: late(histogram.max) } });
});
process.once('disconnect', () => server.stop());
send({ url: server.url });
