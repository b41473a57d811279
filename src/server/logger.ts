import { writeSync } from 'node:fs';
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
    new GatheredLines(),
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
  #lines = '';
  /** The last line that was written is not whole. */
  #isCutShort = false;

  constructor() {
    process.on('exit', () => this.flushSync());
  }

  write(line: string): void {
    if (this.#lines === '') setTimeout(() => this.flushSync(), PATIENCE);
    this.#lines += line;
  }

  /** pino calls it for what is fatal. */
  flushSync(): void {
    const bytes = Buffer.from(this.#isCutShort ? `\n${this.#lines}` : this.#lines);
    this.#lines = '';
    for (let written = 0; written < bytes.length; ) {
      try {
        written += writeSync(STANDARD_OUTPUT, bytes, written);
      } catch (error) {
        // Whoever reads the log is slower than the server. Where nobody does, or the disk that it goes to is full, the server goes on
        // without it.
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') {
          this.#isCutShort = written > 0 || this.#isCutShort;
          return;
        }
        Atomics.wait(NOTHING, 0, 0, BETWEEN_TRIES);
      }
    }
    if (bytes.length > 0) this.#isCutShort = false;
  }
}

const STANDARD_OUTPUT = 1;
/** Milliseconds. */
const BETWEEN_TRIES = 10;
const NOTHING = new Int32Array(new SharedArrayBuffer(4));
