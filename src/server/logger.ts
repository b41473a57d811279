import { type DestinationStream, type Logger, pino } from 'pino';
import type { Config } from '../config.ts';

/** JSON lines on standard output, each with its time and level in words. */
export function createLogger(level: Config['logLevel']): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: timeMember(),
      formatters: { level: (label) => ({ level: label }) },
    },
    new GatheredLines(pino.destination({ dest: 1, sync: true })),
  );
}

/** The time of a line, as ISO 8601: written once a millisecond, for it takes longer than the rest of the line. */
function timeMember(): () => string {
  let last = 0;
  let member = '';
  return () => {
    const now = Date.now();
    if (now !== last) member = `,"time":"${new Date(now).toISOString()}"`;
    last = now;
    return member;
  };
}

/** Milliseconds that a line may wait for others. */
const PATIENCE = 10;

/**
 * Hands on together what is logged within some milliseconds: for a busy server, to write each line by itself took a quarter of
 * its time. What waits when the process exits is still written.
 */
class GatheredLines implements DestinationStream {
  readonly #destination: ReturnType<typeof pino.destination>;
  #lines = '';

  constructor(destination: ReturnType<typeof pino.destination>) {
    this.#destination = destination;
    process.on('exit', () => this.flushSync());
  }

  write(line: string): void {
    if (this.#lines === '') setTimeout(() => this.#handOn(), PATIENCE);
    this.#lines += line;
  }

  /** pino calls it for what is fatal. */
  flushSync(): void {
    this.#handOn();
    this.#destination.flushSync();
  }

  #handOn(): void {
    const lines = this.#lines;
    this.#lines = '';
    if (lines !== '') this.#destination.write(lines);
  }
}
