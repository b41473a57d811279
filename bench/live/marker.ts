/** The text by which subscribers know a change: its number. It is in the message that the change writes. */
const SIGN = '@';
const DIGITS = 8;
export const MARKER_LENGTH = SIGN.length + DIGITS;

const SIGN_BYTE = SIGN.charCodeAt(0);
const ZERO_BYTE = '0'.charCodeAt(0);

/** The content of the message that a change writes, as long as one of an agent. */
export function contentOf(change: number): string {
  return (
    `${SIGN}${String(change).padStart(DIGITS, '0')} The tests of the parser pass now. Next I look at the error that the second file gives, ` +
    'and then I compare both offers once more.'
  );
}

/** Calls `found` for the number of each change in a chunk. A marker that the end of the chunk cuts off is not found. */
export function findMarkers(chunk: Buffer, found: (change: number) => void): void {
  for (
    let at = chunk.indexOf(SIGN_BYTE);
    at >= 0 && at + MARKER_LENGTH <= chunk.length;
    at = chunk.indexOf(SIGN_BYTE, at + 1)
  ) {
    let change = 0;
    for (let n = 1; n <= DIGITS; n += 1) {
      const digit = chunk[at + n]! - ZERO_BYTE;
      change = digit >= 0 && digit <= 9 ? change * 10 + digit : Number.NaN;
    }
    if (!Number.isNaN(change)) found(change);
  }
}
