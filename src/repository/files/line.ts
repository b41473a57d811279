import { isUtf8 } from 'node:buffer';
import { crc32 } from 'node:zlib';

/** `,"crc":"` + 8 hex digits + `"}`: how every line ends. */
const SUFFIX_LENGTH = 18;
const SUFFIX_START = ',"crc":"';
const NEWLINE = 0x0a;

/**
 * One line of a file: a JSON object whose last member, `crc`, is the CRC-32 of all the bytes before it, in eight
 * lower-case hex digits. `record` must be an object with at least one member.
 */
export function encodeLine(record: object): Buffer {
  const line = Buffer.from(`${JSON.stringify(record).slice(0, -1)}${UNSEALED}`);
  sealLine(line, 0, line.length - SEAL_BYTES);
  return line;
}

/** How a line ends before its checksum is known. */
const UNSEALED = ',"crc":"00000000"}\n';

/** Bytes that `sealLine` writes. */
export const SEAL_BYTES = UNSEALED.length;

/** Ends a line whose other members are at `start` to `end` of `bytes`, with a checksum of them and a newline. */
export function sealLine(bytes: Buffer, start: number, end: number): void {
  bytes.write(`,"crc":"${checksum(bytes.subarray(start, end))}"}\n`, end, 'latin1');
}

/** The object on a line (handed in without its newline), or why it cannot be trusted. */
export function decodeLine(line: Buffer): { record: object } | { fault: string } {
  if (line.length === 0) return { fault: 'the line is empty' };
  const bodyEnd = line.length - SUFFIX_LENGTH;
  const suffix = bodyEnd <= 0 ? '' : line.toString('latin1', bodyEnd);
  if (!suffix.startsWith(SUFFIX_START) || !suffix.endsWith('"}'))
    return { fault: 'the line does not end in a checksum' };
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

function checksum(bytes: Buffer): string {
  return crc32(bytes).toString(16).padStart(8, '0');
}

/** A line of a file, and where it stands. */
export interface RawLine {
  readonly bytes: Buffer;
  /** Of its first byte in the file. */
  readonly offset: number;
  /** Counts from 1. */
  readonly number: number;
  /** False for a last line without its newline. */
  readonly terminated: boolean;
}

/** Splits what `read` gives into lines, a chunk at a time: a file may be larger than memory, a line may not. */
export function* splitLines(read: (offset: number) => Buffer): Generator<RawLine> {
  let carried: Buffer[] = [];
  let carriedBytes = 0;
  let offset = 0;
  let number = 1;
  let chunkStart = 0;
  for (let chunk = read(0); chunk.length > 0; chunk = read(chunkStart)) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const piece = chunk.subarray(start, end);
      const bytes = carriedBytes === 0 ? piece : Buffer.concat([...carried, piece]);
      yield { bytes, offset, number, terminated: true };
      offset += bytes.length + 1;
      number += 1;
      carried = [];
      carriedBytes = 0;
      start = end + 1;
    }
    if (start < chunk.length) {
      // A copy: the reader may use its buffer again.
      carried.push(Buffer.from(chunk.subarray(start)));
      carriedBytes += chunk.length - start;
    }
    chunkStart += chunk.length;
  }
  if (carriedBytes > 0) yield { bytes: Buffer.concat(carried), offset, number, terminated: false };
}
