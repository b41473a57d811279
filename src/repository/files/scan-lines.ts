import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { decodeLine, type RawLine, splitLines } from './line.ts';
import { notPlain } from './unreadable-file.ts';

/** A line that cannot be read, or not be believed. */
export interface LineFault {
  /** Counts from 1; null where the fault has no line. */
  readonly line: number | null;
  readonly reason: string;
}

/** What a file's lines came to. */
export interface LinesScanned {
  readonly faults: readonly LineFault[];
  /** How many lines there are, the torn tail left out. */
  readonly count: number;
  /** Where the file's readable part ends, and the next line goes. */
  readonly end: number;
  /** The file goes on after `end` with what no mutation acknowledged: a torn tail, to be kept aside and cut. */
  readonly torn: boolean;
  /** The last line lacks its newline. */
  readonly unterminated: boolean;
  /** There is another byte in its place. */
  readonly damagedNewline: boolean;
}

const CHUNK = 1024 * 1024;
/** Kept from file to file: a buffer for each would cost more than reading a small file does. */
let spare: Buffer | null = null;

/**
 * Opens a file to be read a chunk at a time, through one buffer: `read` gives what was there at `offset` when the file was opened,
 * some or all of it, good until it is asked again; nothing at the file's end. The file had the time `mtimeMs` and `size` bytes then.
 */
export function withFileChunks<T>(
  path: string,
  use: (read: (offset: number) => Buffer, mtimeMs: number, size: number) => T,
): T {
  const buffer = spare ?? Buffer.allocUnsafe(CHUNK);
  spare = null;
  // To open a pipe would wait for whoever writes to it.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw notPlain(path);
    const { size, mtimeMs } = stats;
    const read = (offset: number) => {
      const length = Math.min(CHUNK, size - offset);
      return buffer.subarray(0, length > 0 ? readSync(fd, buffer, 0, length, offset) : 0);
    };
    return use(read, mtimeMs, size);
  } finally {
    closeSync(fd);
    spare = buffer;
  }
}

/**
 * Goes through the lines of a file. `accept` takes each record whose checksum holds, and says why it cannot be believed,
 * if so. `acknowledged` is the size up to which the index knows mutations to be acknowledged, null where nobody knows:
 * a bad line below it is damage, one above it at the end of the file is torn. Where nobody knows, only a last line
 * without its newline is torn.
 */
export function scanLines(
  read: (offset: number) => Buffer,
  acknowledged: number | null,
  accept: (record: object, line: RawLine) => string | null,
): LinesScanned {
  const faults: LineFault[] = [];
  /** Bad lines with no good one after them yet: damage or a torn tail, as what follows will tell. */
  let undecided: { line: RawLine; reason: string }[] = [];
  let end = 0;
  let last: RawLine | undefined;
  let damagedNewline = false;

  for (const split of splitLines(read)) {
    const line = withoutDamagedNewline(split);
    damagedNewline = line !== split;
    last = line;
    const decoded = decodeLine(line.bytes);
    const reason = 'fault' in decoded ? decoded.fault : accept(decoded.record, line);
    if (reason !== null) {
      undecided.push({ line: { ...line, bytes: Buffer.alloc(0) }, reason });
      continue;
    }
    faults.push(...undecided.map(toFault));
    undecided = [];
    end = line.offset + line.bytes.length + 1;
  }

  const isTorn = ({ line }: { line: RawLine }) =>
    acknowledged === null ? !line.terminated : line.offset >= acknowledged;
  const firstTorn = undecided.findIndex(isTorn);
  const damaged = firstTorn === -1 ? undecided : undecided.slice(0, firstTorn);
  faults.push(...damaged.map(toFault));
  if (firstTorn !== -1) {
    const { number, offset } = undecided[firstTorn]!.line;
    return { faults, count: number - 1, end: offset, torn: true, unterminated: false, damagedNewline: false };
  }
  if (last && damaged.length > 0) end = last.offset + last.bytes.length + 1;
  return {
    faults,
    count: last?.number ?? 0,
    end,
    torn: false,
    unterminated: last !== undefined && !last.terminated,
    damagedNewline,
  };
}

/**
 * A whole line and one byte more, at the end of a file, is no write that was cut short, which would be a part of a line: the
 * byte is what became of its newline.
 */
function withoutDamagedNewline(line: RawLine): RawLine {
  if (line.terminated || 'record' in decodeLine(line.bytes)) return line;
  const bytes = line.bytes.subarray(0, -1);
  return 'record' in decodeLine(bytes) ? { ...line, bytes } : line;
}

function toFault({ line, reason }: { line: RawLine; reason: string }): LineFault {
  return { line: line.number, reason };
}
