import { crc32 } from 'node:zlib';
import { decodeLine } from '../format/line.ts';

const NEWLINE = 0x0a;
const SUFFIX = /^,"crc":"[0-9a-f]{8}"\}$/;
const SUFFIX_LENGTH = 18;

/**
 * The line with one flipped bit repaired; null if the line has any other damage. The CRC-32 shows which bit was
 * flipped. `line` lacks its newline.
 */
export function repairLine(line: Buffer): Buffer | null {
  return repairSuffix(line) ?? repairBody(line);
}

/**
 * Restores a newline that one flipped bit has destroyed, and so made one line of two. Returns null if there is no
 * such newline in `line`.
 */
export function repairNewline(line: Buffer): Buffer | null {
  for (let at = line.indexOf('"}'); at !== -1; at = line.indexOf('"}', at + 1)) {
    const gap = at + 2;
    if (line[gap + 1] !== 0x7b || !isOneBit(line[gap]! ^ NEWLINE)) continue;
    const [first, second] = [line.subarray(0, gap), line.subarray(gap + 1)];
    if ('record' in decodeLine(first) && 'record' in decodeLine(second)) {
      return Buffer.concat([first, Buffer.of(NEWLINE), second]);
    }
  }
  return null;
}

/** Joins a line that one flipped bit has split, by making a newline. Returns null if no such bit joins the two. */
export function repairSplit(first: Buffer, second: Buffer): Buffer | null {
  for (let bit = 0; bit < 8; bit += 1) {
    const joined = Buffer.concat([first, Buffer.of(NEWLINE ^ (1 << bit)), second]);
    if ('record' in decodeLine(joined)) return joined;
  }
  return null;
}

function isOneBit(difference: number): boolean {
  return difference !== 0 && (difference & (difference - 1)) === 0;
}

/** Repairs a flipped bit in the checksum, or in the bytes around it. */
function repairSuffix(line: Buffer): Buffer | null {
  const start = line.length - SUFFIX_LENGTH;
  if (start <= 0) return null;
  for (let bit = 0; bit < SUFFIX_LENGTH * 8; bit += 1) {
    const flipped = flipBit(line, start * 8 + bit);
    if (SUFFIX.test(flipped.toString('latin1', start)) && 'record' in decodeLine(flipped)) return flipped;
  }
  return null;
}

/**
 * Repairs a flipped bit in the bytes that the checksum covers. The difference of the two checksums depends only
 * on the place of the bit.
 */
function repairBody(line: Buffer): Buffer | null {
  const end = line.length - SUFFIX_LENGTH;
  if (end <= 0 || !SUFFIX.test(line.toString('latin1', end))) return null;
  const found = Number.parseInt(line.toString('latin1', end + 8, end + 16), 16);
  const difference = (found ^ crc32(line.subarray(0, end))) >>> 0;
  const differences = lastByteDifferences();
  for (let byte = end - 1; byte >= 0; byte -= 1) {
    const bit = differences.indexOf(difference);
    if (bit !== -1) {
      const flipped = flipBit(line, byte * 8 + bit);
      if ('record' in decodeLine(flipped)) return flipped;
    }
    for (let n = 0; n < 8; n += 1) differences[n] = oneByteEarlier(differences[n]!);
  }
  return null;
}

/** How the checksum changes with bit n of the last byte. A CRC is linear: no other byte matters. */
function lastByteDifferences(): number[] {
  const zero = crc32(Buffer.of(0));
  return Array.from({ length: 8 }, (_, bit) => (crc32(Buffer.of(1 << bit)) ^ zero) >>> 0);
}

/** The same difference for a byte that one more byte follows: a step of the CRC over a zero byte. */
function oneByteEarlier(difference: number): number {
  return ((difference >>> 8) ^ TABLE[difference & 0xff]!) >>> 0;
}

/** The CRC-32 of zip and PNG, polynomial 0xEDB88320. */
const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function flipBit(line: Buffer, bit: number): Buffer {
  const flipped = Buffer.from(line);
  flipped[bit >> 3]! ^= 1 << (bit & 7);
  return flipped;
}
