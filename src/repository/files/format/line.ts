import { isUtf8 } from 'node:buffer';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { StorageError } from '../../../model/errors.ts';

/** `,"crc":"` + 8 hex digits + `"}`: how every line ends. */
const SUFFIX_LENGTH = 18;
const SUFFIX_START = ',"crc":"';
const NEWLINE = 0x0a;

/**
 * Bytes of the longest line. No earlier version wrote a longer one: V8 makes no longer text. A longer line is damage,
 * and is never held in memory.
 */
export const LINE_BYTES_MAX = 512 * 1024 * 1024;

/**
 * One line of a file: a JSON object whose last member, `crc`, is the CRC-32 of all the bytes before it, in
 * eight lower-case hex digits. `record` must be an object with at least one member. Throws a StorageError if the line would
 * be too long.
 */
export function encodeLine(record: object): Buffer {
  const line = Buffer.from(`${textOf(record).slice(0, -1)}${UNSEALED}`);
  if (line.length > LINE_BYTES_MAX) throw tooLong();
  sealLine(line, 0, line.length - SEAL_BYTES);
  return line;
}

/** Elements of an array that are encoded in one step: a millisecond of work. */
const ELEMENTS_AT_ONCE = 1_000;

/** As `encodeLine`, for a record with long arrays: yields to other requests while these are encoded. */
export async function encodeLongLine(record: object): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let crc = 0;
  const add = (text: string) => {
    const piece = Buffer.from(text);
    crc = crc32(piece, crc);
    pieces.push(piece);
  };
  let before = '{';
  for (const [name, value] of Object.entries(record) as [string, unknown][]) {
    if (value === undefined) continue;
    add(`${before}${JSON.stringify(name)}:`);
    before = ',';
    if (!Array.isArray(value) || value.length <= ELEMENTS_AT_ONCE) {
      add(JSON.stringify(value));
      continue;
    }
    for (let from = 0; from < value.length; from += ELEMENTS_AT_ONCE) {
      const some = JSON.stringify(value.slice(from, from + ELEMENTS_AT_ONCE));
      add(`${from === 0 ? '[' : ','}${some.slice(1, -1)}`);
      await nextTurn();
    }
    add(']');
  }
  pieces.push(Buffer.from(`,"crc":"${hex(crc)}"}\n`));
  if (pieces.reduce((sum, { length }) => sum + length, 0) > LINE_BYTES_MAX) throw tooLong();
  return Buffer.concat(pieces);
}

function textOf(record: object): string {
  try {
    return JSON.stringify(record);
  } catch (error) {
    if (error instanceof RangeError && error.message === 'Invalid string length') throw tooLong();
    throw error;
  }
}

function tooLong(): StorageError {
  return new StorageError(
    `Expected a change of at most ${LINE_BYTES_MAX} bytes, got a larger one: nothing was recorded. Make it in parts.`,
    false,
  );
}

/** The end of a line before its checksum is known. */
const UNSEALED = ',"crc":"00000000"}\n';

/** Bytes that `sealLine` writes. */
export const SEAL_BYTES = UNSEALED.length;

/**
 * Completes a line whose other members are at `start` to `end` of `bytes`: adds their checksum and a newline.
 */
export function sealLine(bytes: Buffer, start: number, end: number): void {
  bytes.write(`,"crc":"${checksum(bytes.subarray(start, end))}"}\n`, end, 'latin1');
}

/** The object on a line (given without its newline), or why it cannot be trusted. */
export function decodeLine(line: Buffer): { record: object } | { fault: string } {
  const decoded = decode(line);
  // Traces of a conversion are looked for only once something is wrong: good lines must not pay for that.
  if ('record' in decoded || !isConverted(line)) return decoded;
  return {
    fault: `${conversionOf(line)}, as after a copy in text mode; "sessiontree check --repair" repairs it`,
  };
}

const NO_CHECKSUM = 'the line does not end in a checksum';

function decode(line: Buffer): { record: object } | { fault: string } {
  if (line.length === 0) return { fault: 'the line is empty' };
  const bodyEnd = line.length - SUFFIX_LENGTH;
  const suffix = bodyEnd <= 0 ? '' : line.toString('latin1', bodyEnd);
  if (!suffix.startsWith(SUFFIX_START) || !suffix.endsWith('"}')) return { fault: NO_CHECKSUM };
  const found = suffix.slice(SUFFIX_START.length, -2);
  const expected = checksum(line.subarray(0, bodyEnd));
  if (found !== expected)
    return { fault: `the checksum is ${JSON.stringify(found)}, the line's bytes give ${expected}` };
  if (!isUtf8(line)) return { fault: 'the line is not UTF-8, though its checksum holds' };
  try {
    const record: unknown = JSON.parse(line.toString('utf8'));
    if (typeof record === 'object' && record !== null) return { record };
    return { fault: 'the line holds no JSON object' };
  } catch {
    return { fault: 'the line is not JSON, though its checksum holds' };
  }
}

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const CARRIAGE_RETURN = 0x0d;

/**
 * A line without the bytes that a copy in text mode adds: a byte order mark before it, carriage returns after
 * it. No line that was written here has either.
 */
export function unconverted(line: Buffer): Buffer {
  const start = line.indexOf(BYTE_ORDER_MARK) === 0 ? BYTE_ORDER_MARK.length : 0;
  let end = line.length;
  while (end > start && line[end - 1] === CARRIAGE_RETURN) end -= 1;
  return line.subarray(start, end);
}

/** True if a line is intact except for such bytes. */
export function isConverted(line: Buffer): boolean {
  const plain = unconverted(line);
  return plain.length < line.length && 'record' in decode(plain);
}

function conversionOf(line: Buffer): string {
  const mark = 'a byte order mark stands before the line';
  if (line.at(-1) !== CARRIAGE_RETURN) return mark;
  const ending = 'the line ends in CR LF';
  return line.indexOf(BYTE_ORDER_MARK) === 0 ? `${mark}, which ends in CR LF` : ending;
}

function checksum(bytes: Buffer): string {
  return hex(crc32(bytes));
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, '0');
}

/** A line of a file, and where it stands. */
export interface RawLine {
  /**
   * The line without its newline, valid until the next line is read. Null if the line was not held in memory, because no
   * record can be on it: see `decodeRawLine`.
   */
  readonly bytes: Buffer | null;
  /** Bytes of the line, without its newline. */
  readonly length: number;
  /** Offset of its first byte in the file. */
  readonly offset: number;
  /** Counts from 1. */
  readonly number: number;
  /** False for a last line without its newline. */
  readonly terminated: boolean;
}

/** As `decodeLine`, for a line of a file. */
export function decodeRawLine({ bytes, length }: RawLine): ReturnType<typeof decodeLine> {
  if (bytes !== null) return decodeLine(bytes);
  return { fault: length > LINE_BYTES_MAX ? TOO_LONG : NO_CHECKSUM };
}

const TOO_LONG = `the line is longer than ${LINE_BYTES_MAX} bytes`;

/** Says of a line longer than one read, from its length and its last bytes, whether to hold it in memory. */
export type Holding = (length: number, ending: Buffer) => boolean;

/** Enough for the checksum, and for what a copy in text mode, or a damaged newline, puts behind it. */
const ENDING_BYTES = 64;
const CHECKSUM_AT_END = /,"crc":"[0-9a-f]{8}"\}(?:\r*|.)$/s;

/** Bytes of a line that is held whatever its end. */
const SHORT_BYTES = 1024 * 1024;

/** Holds long lines only if they end in a checksum: a tail of zeros, or of other bytes, then takes no memory. */
const holdRecords: Holding = (length, ending) =>
  length <= SHORT_BYTES || (length <= LINE_BYTES_MAX && CHECKSUM_AT_END.test(ending.toString('latin1')));

/**
 * Splits a file into lines. `read` returns bytes from an offset on, as many as fit into one read, and none at the end of the
 * file. Yields null between two reads of a long line: a caller that shares its thread may rest then. Neither the file nor a
 * line that holds no record is ever in memory as a whole.
 */
export function* lineSteps(
  read: (offset: number) => Buffer,
  hold: Holding = holdRecords,
): Generator<RawLine | null, void> {
  let offset = 0;
  for (let number = 1; ; ) {
    const chunk = read(offset);
    if (chunk.length === 0) return;
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const bytes = chunk.subarray(start, end);
      yield { bytes, length: bytes.length, offset: offset + start, number, terminated: true };
      number += 1;
      start = end + 1;
    }
    offset += start;
    // What is left of the chunk is read again with what follows, so that it need not be copied.
    if (start > 0) continue;
    const { length, ending, terminated } = yield* endOfLine(read, offset, chunk);
    const bytes = hold(length, ending) ? yield* readLine(read, offset, length) : null;
    yield { bytes, length, offset, number, terminated };
    number += 1;
    offset += length + 1;
  }
}

/** As `lineSteps`, without the pauses. */
export function* splitLines(read: (offset: number) => Buffer, hold?: Holding): Generator<RawLine, void> {
  for (const line of lineSteps(read, hold)) if (line) yield line;
}

interface EndOfLine {
  readonly length: number;
  /** The last bytes of the line. */
  readonly ending: Buffer;
  readonly terminated: boolean;
}

/** Finds the end of a line that begins at `offset` with `first`, in which there is no newline. */
function* endOfLine(
  read: (offset: number) => Buffer,
  offset: number,
  first: Buffer,
): Generator<null, EndOfLine> {
  let ending = lastBytes(Buffer.alloc(0), first);
  let { length } = first;
  for (;;) {
    const chunk = read(offset + length);
    if (chunk.length === 0) return { length, ending, terminated: false };
    const end = chunk.indexOf(NEWLINE);
    ending = lastBytes(ending, end === -1 ? chunk : chunk.subarray(0, end));
    length += end === -1 ? chunk.length : end;
    if (end !== -1) return { length, ending, terminated: true };
    yield null;
  }
}

function lastBytes(before: Buffer, more: Buffer): Buffer {
  return Buffer.concat([before, more.subarray(-ENDING_BYTES)]).subarray(-ENDING_BYTES);
}

/** Null if the file has become shorter meanwhile. */
function* readLine(
  read: (offset: number) => Buffer,
  offset: number,
  length: number,
): Generator<null, Buffer | null> {
  const bytes = Buffer.allocUnsafe(length);
  for (let filled = 0; filled < length; yield null) {
    const chunk = read(offset + filled);
    if (chunk.length === 0) return null;
    filled += chunk.copy(bytes, filled);
  }
  return bytes;
}
