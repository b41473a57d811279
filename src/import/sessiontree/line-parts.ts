import { createReadStream } from 'node:fs';

/** A part of a line of an exported file. */
export type LinePart = LineContent | LineEnd;

export interface LineContent {
  /** `"name": value`, a member other than `history`; or an element of `history`. */
  readonly type: 'member' | 'message';
  /** JSON in UTF-8. Null: longer than `PART_BYTES_MAX`. */
  readonly bytes: Buffer | null;
}

export interface LineEnd {
  readonly type: 'end';
  /** Where the line begins in the file. */
  readonly offset: number;
  /** In bytes, without the newline. */
  readonly length: number;
  /** Counts from 1, if reading began at the beginning of the file. */
  readonly number: number;
  /** Why the line is no object; null if it may be one. */
  readonly fault: string | null;
}

/** A longer part is not held in memory. */
const PART_BYTES_MAX = 256 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;
/** No longer text before a list is its name. */
const NAME_BYTES_MAX = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const NEWLINE = 0x0a;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;
const LIST = 0x5b;
const LIST_END = 0x5d;
const IS_BLANK = /^\s*$/;
const IS_HISTORY = /^\s*"history"\s*:\s*$/;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** A line that an earlier reading has found. */
export type LinePlace = Pick<LineEnd, 'offset' | 'length' | 'number'>;

/**
 * Splits the lines of a file into their parts, some at a time: a line may be longer than any string, and than memory. Whether a part is
 * JSON is for the caller to find out. With `only`, reads that line alone. Rejects with the system's error.
 */
export async function* readLineParts(path: string, only?: LinePlace): AsyncGenerator<LinePart[]> {
  const scanner = new LineScanner(only ?? { offset: 0, number: 1 });
  const range = only && { start: only.offset, end: only.offset + only.length };
  const file = createReadStream(path, { ...range, highWaterMark: CHUNK_BYTES });
  for await (const chunk of file as AsyncIterable<Buffer>) {
    const parts = scanner.push(chunk);
    if (parts.length > 0) yield parts;
  }
  const parts = scanner.end();
  if (parts.length > 0) yield parts;
}

/** Splits text that comes in chunks: see `readLineParts`. */
export class LineScanner {
  #found: LinePart[] = [];
  /** Bytes before the chunk. */
  #before: number;
  #lineAt: number;
  #number: number;
  #depth = 0;
  #inString = false;
  #isEscaped = false;
  #inHistory = false;
  #isBlank = true;
  #isClosed = false;
  #fault: string | null = null;
  /** The part that has begun, in earlier chunks. */
  #held: Buffer[] = [];
  #heldBytes = 0;

  constructor({ offset, number }: Pick<LinePlace, 'offset' | 'number'>) {
    this.#before = offset;
    this.#lineAt = offset;
    this.#number = number;
  }

  push(chunk: Buffer): LinePart[] {
    this.#found = [];
    // Where the part that is under way goes on in the chunk.
    let start = this.#before === 0 && chunk.indexOf(BYTE_ORDER_MARK) === 0 ? BYTE_ORDER_MARK.length : 0;
    let newline = chunk.indexOf(NEWLINE);
    for (let at = start; at < chunk.length; at += 1) {
      // The native search is several times as fast as a look at each byte.
      if (this.#fault !== null) at = newline === -1 ? chunk.length : newline;
      else if (this.#inString) at = this.#endOfString(chunk, at, newline === -1 ? chunk.length : newline);
      if (at === chunk.length) break;
      const byte = chunk[at]!;
      if (byte === NEWLINE) {
        this.#endLine(this.#before + at, 'the line is cut, or no JSON object');
        start = at + 1;
        newline = chunk.indexOf(NEWLINE, start);
      } else if (byte === QUOTE && this.#inString) {
        this.#inString = false;
      } else if (byte === QUOTE && this.#depth > 0) this.#inString = true;
      else if (byte === OBJECT || byte === LIST) {
        if (this.#open(byte, chunk, start, at)) start = at + 1;
      } else if (byte === OBJECT_END || byte === LIST_END) {
        if (this.#close(byte, chunk, start, at)) start = at + 1;
      } else if (byte === COMMA && this.#depth === (this.#inHistory ? 2 : 1)) {
        this.#take(this.#inHistory ? 'message' : 'member', chunk, start, at);
        start = at + 1;
      } else if (this.#depth === 0 && byte > 0x20) this.#fault = NO_OBJECT;
    }
    if (this.#depth > 0 && this.#fault === null) this.#hold(chunk.subarray(start));
    this.#before += chunk.length;
    return this.#found;
  }

  /** The index of the quote that ends a string which goes on at `from`; `end`, if that comes first. */
  #endOfString(chunk: Buffer, from: number, end: number): number {
    for (let at = from; ; ) {
      const quote = chunk.indexOf(QUOTE, at);
      const next = quote === -1 || quote > end ? end : quote;
      let backslashes = 0;
      while (next - backslashes > at && chunk[next - backslashes - 1] === BACKSLASH) backslashes += 1;
      // A backslash at the end of the chunk before may escape the first of these, or the quote itself.
      if (this.#isEscaped && next - backslashes === at) backslashes += 1;
      this.#isEscaped = next === end && backslashes % 2 === 1;
      if (next === end || backslashes % 2 === 0) return next;
      at = next + 1;
    }
  }

  end(): LinePart[] {
    this.#found = [];
    this.#endLine(this.#before, 'the file ends within the line');
    return this.#found;
  }

  /** True if what came before is no part of a part. */
  #open(byte: number, chunk: Buffer, start: number, at: number): boolean {
    if (this.#depth === 0) {
      if (byte === LIST || this.#isClosed) this.#fault = NO_OBJECT;
      else this.#depth = 1;
      this.#isBlank = false;
      return true;
    }
    this.#depth += 1;
    if (byte !== LIST || this.#depth !== 2 || this.#heldBytes + at - start > NAME_BYTES_MAX) return false;
    if (!IS_HISTORY.test(Buffer.concat([...this.#held, chunk.subarray(start, at)]).toString('latin1')))
      return false;
    this.#drop();
    this.#inHistory = true;
    return true;
  }

  /** True if a part ended. */
  #close(byte: number, chunk: Buffer, start: number, at: number): boolean {
    if (this.#depth === 0) {
      this.#fault = NO_OBJECT;
      return false;
    }
    this.#depth -= 1;
    if (this.#depth === 0) {
      if (byte === LIST_END) this.#fault = NO_OBJECT;
      this.#take('member', chunk, start, at);
      this.#isClosed = true;
      return true;
    }
    if (!this.#inHistory || this.#depth !== 1) return false;
    this.#take('message', chunk, start, at);
    this.#inHistory = false;
    return true;
  }

  #take(type: 'member' | 'message', chunk: Buffer, start: number, end: number): void {
    this.#hold(chunk.subarray(start, end));
    const bytes = this.#heldBytes > PART_BYTES_MAX ? null : Buffer.concat(this.#held);
    this.#drop();
    // Nothing stands in an empty object, in an empty list, and between `history` and what follows.
    if (bytes !== null && bytes.length < NAME_BYTES_MAX && IS_BLANK.test(bytes.toString('latin1'))) return;
    this.#found.push({ type, bytes });
  }

  #hold(bytes: Buffer): void {
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > PART_BYTES_MAX) this.#held = [];
    else this.#held.push(bytes);
  }

  #drop(): void {
    this.#held = [];
    this.#heldBytes = 0;
  }

  /** The newline is at `end`. */
  #endLine(end: number, cut: string): void {
    const fault = this.#fault ?? (this.#depth > 0 ? cut : null);
    if (!this.#isBlank || fault !== null)
      this.#found.push({
        type: 'end',
        offset: this.#lineAt,
        length: end - this.#lineAt,
        number: this.#number,
        fault,
      });
    this.#drop();
    this.#lineAt = end + 1;
    this.#number += 1;
    this.#depth = 0;
    this.#inString = false;
    this.#isEscaped = false;
    this.#inHistory = false;
    this.#isBlank = true;
    this.#isClosed = false;
    this.#fault = null;
  }
}

const NO_OBJECT = 'the line is no JSON object';
