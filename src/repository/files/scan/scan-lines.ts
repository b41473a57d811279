import { closeSync, readSync, type Stats } from 'node:fs';
import { openPlain } from '../disk/plain-file.ts';
import { decodeLine, decodeRawLine, isConverted, lineSteps, type RawLine } from '../format/line.ts';

/** A line that cannot be read, or that contradicts the lines before it. */
export interface LineFault {
  /** Counts from 1; null if the fault has no line. */
  readonly line: number | null;
  readonly reason: string;
}

/** The result of scanning a file's lines. */
export interface LinesScanned {
  readonly faults: readonly LineFault[];
  /** Number of lines, without the torn tail. */
  readonly count: number;
  /** Offset of the end of the file's readable part, at which the next line is written. */
  readonly end: number;
  /**
   * The file continues after `end` with a torn tail: bytes that belong to no acknowledged mutation. The tail is
   * to be copied and cut.
   */
  readonly torn: boolean;
  /** The last line lacks its newline. */
  readonly unterminated: boolean;
  /** Another byte stands in place of the last newline. */
  readonly damagedNewline: boolean;
  /**
   * Some lines are intact except for bytes that a copy in text mode adds, which shift the lines after them.
   */
  readonly converted: boolean;
}

/** Bytes of one read, and of one between two rests. */
const CHUNK_BYTES = 1024 * 1024;
const PACED_CHUNK_BYTES = 256 * 1024;
/** Reused from file to file: allocating a buffer for each would cost more than reading a small file. */
let spare: Buffer | null = null;

/**
 * Opens a file and reads it in chunks through one buffer. `read` returns at most `most` bytes from `offset` on, and
 * an empty buffer at the end of the file as of its opening. The result is valid until the next `read`. `stats` are
 * those of the opening.
 */
export function withFileChunks<T>(
  path: string,
  use: (read: (offset: number, most?: number) => Buffer, stats: Stats) => T,
): T {
  const buffer = spare ?? Buffer.allocUnsafe(CHUNK_BYTES);
  spare = null;
  try {
    const { fd, stats } = openPlain(path);
    try {
      return use(chunksOf(fd, stats.size, buffer), stats);
    } finally {
      closeSync(fd);
    }
  } finally {
    spare = buffer;
  }
}

/** As `withFileChunks`, for a reader that rests between reads. */
export async function withFileChunksAtPace<T>(
  path: string,
  use: (read: (offset: number, most?: number) => Buffer, stats: Stats) => Promise<T>,
): Promise<T> {
  const { fd, stats } = openPlain(path);
  try {
    return await use(chunksOf(fd, stats.size, Buffer.allocUnsafe(PACED_CHUNK_BYTES)), stats);
  } finally {
    closeSync(fd);
  }
}

function chunksOf(fd: number, size: number, buffer: Buffer): (offset: number, most?: number) => Buffer {
  return (offset, most = buffer.length) => {
    const length = Math.min(most, buffer.length, size - offset);
    return buffer.subarray(0, length > 0 ? readSync(fd, buffer, 0, length, offset) : 0);
  };
}

/**
 * Scans the lines of a file. `accept` is called with each record whose checksum holds. It returns null, or the
 * reason why the record contradicts earlier ones. `acknowledged` is the size up to which the index knows mutations to be
 * acknowledged, or null if unknown. A bad line below that size is damage; a bad line above it, at the end of
 * the file, is torn. If the size is unknown, only a last line without its newline is torn.
 */
export function scanLines(
  read: (offset: number) => Buffer,
  acknowledged: number | null,
  accept: (record: object, line: RawLine) => string | null,
): LinesScanned {
  const scan = new LineScan(acknowledged, accept);
  for (const line of lineSteps(read)) if (line) scan.add(line);
  return scan.end();
}

/** The most lines of a file that are reported one by one: a file of garbage may have billions. */
const FAULTS_MAX = 1_000;

/** `scanLines` for a caller that passes the lines. */
export class LineScan {
  readonly #acknowledged: number | null;
  readonly #accept: (record: object, line: RawLine) => string | null;
  readonly #faults = new Faults();
  /** Bad lines with no good line after them yet: damage if a good line follows, otherwise maybe a torn tail. */
  #undecided = new Faults();
  /** The first of them that begins past the acknowledged size. */
  #past: Place | null = null;
  /** The last of them, if it is the last line and cut short. */
  #cutShort: Place | null = null;
  /** Offsets of the ends of the last good line, and of the last bad one. */
  #end = 0;
  #badEnd = 0;
  #count = 0;
  #unterminated = false;
  #damagedNewline = false;
  #converted = false;

  constructor(acknowledged: number | null, accept: (record: object, line: RawLine) => string | null) {
    this.#acknowledged = acknowledged;
    this.#accept = accept;
  }

  add(split: RawLine): void {
    const line = split.terminated ? split : withoutDamagedNewline(split);
    this.#damagedNewline = line !== split;
    this.#unterminated = !line.terminated;
    this.#count = line.number;
    const decoded = decodeRawLine(line);
    const reason = 'fault' in decoded ? decoded.fault : this.#accept(decoded.record, line);
    if (reason !== null) {
      this.#addBad(line, reason, 'fault' in decoded);
      return;
    }
    if (this.#undecided.count > 0) {
      this.#faults.addAll(this.#undecided);
      this.#undecided = new Faults();
      this.#past = null;
    }
    this.#end = endOf(line);
  }

  #addBad(line: RawLine, reason: string, isUnreadable: boolean): void {
    // A whole line was acknowledged, even if a copy in text mode has added bytes and shifted it.
    const isWhole = isUnreadable && line.bytes !== null && isConverted(line.bytes);
    this.#converted ||= isWhole;
    const place = { offset: line.offset, before: this.#undecided.count };
    if (!isWhole && this.#acknowledged !== null && line.offset >= this.#acknowledged) this.#past ??= place;
    if (!isWhole && !line.terminated) this.#cutShort = place;
    this.#undecided.add({ line: line.number, reason });
    this.#badEnd = endOf(line);
  }

  /** The result, once all lines were added. */
  end(): LinesScanned {
    const bad = this.#undecided.count;
    const torn = this.#acknowledged === null || this.#converted ? this.#cutShort : this.#past;
    this.#faults.addAll(this.#undecided, torn?.before ?? bad);
    const faults = this.#faults.list();
    const converted = this.#converted;
    if (torn) {
      const at = { count: this.#count - (bad - torn.before), end: torn.offset };
      return { faults, ...at, torn: true, unterminated: false, damagedNewline: false, converted };
    }
    return {
      faults,
      count: this.#count,
      end: bad > 0 ? this.#badEnd : this.#end,
      torn: false,
      unterminated: this.#unterminated,
      damagedNewline: this.#damagedNewline,
      converted,
    };
  }
}

/** Where a bad line stands. */
interface Place {
  readonly offset: number;
  /** The number of undecided lines before it. */
  readonly before: number;
}

/** Faults of lines, of which the first ones are kept and the others counted. */
class Faults {
  readonly #first: LineFault[] = [];
  count = 0;

  add(fault: LineFault): void {
    this.count += 1;
    if (this.#first.length < FAULTS_MAX) this.#first.push(fault);
  }

  /** Adds the first `count` faults of `others`. */
  addAll(others: Faults, count = others.count): void {
    for (const fault of others.#first.slice(0, Math.min(count, FAULTS_MAX - this.#first.length)))
      this.#first.push(fault);
    this.count += count;
  }

  list(): readonly LineFault[] {
    const more = this.count - this.#first.length;
    if (more === 0) return this.#first;
    return [...this.#first, { line: null, reason: `${more} more lines cannot be read` }];
  }
}

/** The offset behind the newline of a line. */
export function endOf({ offset, length }: RawLine): number {
  return offset + length + 1;
}

/**
 * At the end of a file, a whole line and one more byte are not a torn write, which would be a part of a line. The
 * byte is a damaged newline. `line` has no newline.
 */
function withoutDamagedNewline(line: RawLine): RawLine {
  if (line.bytes === null || 'record' in decodeLine(line.bytes)) return line;
  const bytes = line.bytes.subarray(0, -1);
  return 'record' in decodeLine(bytes) ? { ...line, bytes, length: bytes.length } : line;
}
