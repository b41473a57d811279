import { writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';

/** Milliseconds from the first buffered line to the write of all buffered lines. */
const FLUSH_DELAY_MS = 10;
/** Milliseconds until a failed write is tried again: at first, and at most. The delay doubles as long as nothing can be written. */
const RETRY_DELAY_MS = 1;
const RETRY_DELAY_MS_MAX = 100;
/** Milliseconds that the end of the process waits for the reader. */
const PATIENCE_MS = 500;
/** Bytes of buffered lines. Further lines are dropped. */
const BUFFERED_BYTES_MAX = 1024 * 1024;
/** Bytes of the lines of some milliseconds of a busy server. */
const USUAL_BYTES = 64 * 1024;
/** Bytes that UTF-8 needs for one UTF-16 unit, at most. */
const BYTES_PER_UNIT = 3;

const NOTHING = new Int32Array(new SharedArrayBuffer(4));

export interface GatheredLinesOptions {
  /** A descriptor on which writes do not wait; see `openStandardOutput`. */
  readonly output: number;
  /** Changes each line before it is written. */
  readonly format?: ((line: string) => string) | undefined;
  /** The line, before `format`, that says how many lines were dropped. */
  readonly notice: (dropped: number) => string;
  /** Told of each attempt to write what is buffered: null, or the error for which nothing more could be written. */
  readonly outcome?: ((error: Error | null) => void) | undefined;
}

/**
 * Writes the lines of some milliseconds together: writing each by itself took a quarter of a busy server's time.
 *
 * The server never waits for its log. While a pipe has no room because nobody reads, or a write fails because the disk is full or the
 * reader has gone, lines are buffered up to a limit. Further lines are dropped and counted; a line with their number follows once the
 * buffered lines are written. When the process exits, the buffered lines are written unless the reader takes too long.
 */
export class GatheredLines implements DestinationStream {
  #output: number;
  readonly #format: (line: string) => string;
  readonly #notice: (dropped: number) => string;
  readonly #outcome: (error: Error | null) => void;
  readonly #onExit = () => this.flushSync();
  /**
   * The lines that are still to be written are its bytes from `#start` to `#end`. Lines are encoded as they come: strings that wait to
   * be encoded together cost three times as much.
   */
  #buffer = Buffer.allocUnsafeSlow(USUAL_BYTES);
  #start = 0;
  #end = 0;
  /** Lines dropped since the buffer was full. */
  #dropped = 0;
  #timer: NodeJS.Timeout | null = null;
  #retryDelay = RETRY_DELAY_MS;

  constructor({ output, format = (line) => line, notice, outcome = () => {} }: GatheredLinesOptions) {
    this.#output = output;
    this.#format = format;
    this.#notice = notice;
    this.#outcome = outcome;
    process.on('exit', this.#onExit);
  }

  /** Writes what is buffered, and goes on with another descriptor. What could not be written goes there. */
  turnTo(output: number): void {
    this.#writeAll();
    this.#output = output;
  }

  /** Writes what is buffered, and lets go of the process. Nothing may be written any more. */
  close(): void {
    this.flushSync();
    if (this.#timer) clearTimeout(this.#timer);
    process.off('exit', this.#onExit);
  }

  write(line: string): void {
    // The timer must not keep a process alive whose log nobody reads: what is buffered is written at the exit.
    this.#timer ??= setTimeout(() => this.#flush(), FLUSH_DELAY_MS).unref();
    // Once a line is dropped, so are all others until the buffer is written: the log has one long gap rather than many.
    if (this.#dropped > 0 || this.#end - this.#start > BUFFERED_BYTES_MAX) this.#dropped += 1;
    else this.#append(this.#format(line));
  }

  #append(text: string): void {
    const bytes = BYTES_PER_UNIT * text.length;
    if (this.#end + bytes > this.#buffer.length) this.#makeRoom(bytes);
    this.#end += this.#buffer.write(text, this.#end);
  }

  #makeRoom(bytes: number): void {
    const lines = this.#buffer.subarray(this.#start, this.#end);
    this.#buffer = Buffer.allocUnsafeSlow(2 * (lines.length + bytes));
    this.#start = 0;
    this.#end = lines.copy(this.#buffer);
  }

  /** As `flushSync`, for `flush` of the logger. */
  flush(done?: () => void): void {
    this.flushSync();
    done?.();
  }

  /** Writes what is buffered, and waits a little for a slow reader. pino calls it after a fatal error. */
  flushSync(): void {
    const until = performance.now() + PATIENCE_MS;
    while (this.#writeAll() === 'reader is slow' && performance.now() < until)
      Atomics.wait(NOTHING, 0, 0, RETRY_DELAY_MS);
  }

  #flush(): void {
    this.#timer = null;
    const before = this.#start;
    if (this.#writeAll() === 'done') {
      this.#retryDelay = RETRY_DELAY_MS;
      return;
    }
    this.#timer = setTimeout(() => this.#flush(), this.#retryDelay).unref();
    this.#retryDelay =
      this.#start === before ? Math.min(2 * this.#retryDelay, RETRY_DELAY_MS_MAX) : RETRY_DELAY_MS;
  }

  #writeAll(): 'done' | 'reader is slow' | 'failed' {
    for (;;) {
      if (this.#start === this.#end && !this.#next()) {
        this.#outcome(null);
        return 'done';
      }
      try {
        this.#start += writeSync(this.#output, this.#buffer, this.#start, this.#end - this.#start);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 'reader is slow';
        this.#outcome(error as Error);
        return 'failed';
      }
    }
  }

  /** All buffered lines are written: the line about dropped ones is next. False if there were none. */
  #next(): boolean {
    this.#start = 0;
    this.#end = 0;
    if (this.#buffer.length > USUAL_BYTES) this.#buffer = Buffer.allocUnsafeSlow(USUAL_BYTES);
    if (this.#dropped === 0) return false;
    this.#append(this.#format(this.#notice(this.#dropped)));
    this.#dropped = 0;
    return true;
  }
}
