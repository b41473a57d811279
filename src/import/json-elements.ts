import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';

/** An element of the list that a file holds. */
export interface JsonElement {
  /** Where the element begins in the file. */
  readonly offset: number;
  readonly length: number;
  /** The text of the element, as UTF-8. Null: the element is longer than the limit, or the file ends within it. */
  readonly bytes: Buffer | null;
}

/** A larger conversation is not held in memory. */
export const ELEMENT_BYTES_MAX = 256 * 1024 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);
const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);
/** A file may begin with a byte order mark. */
const MARK = new Set([0xef, 0xbb, 0xbf]);

/** The objects in the list that the file at `path` holds, one after the other: the file may be larger than memory. Throws a SyntaxError if there is no list. */
export async function* jsonElements(path: string): AsyncGenerator<JsonElement> {
  let position = 0;
  let depth = 0;
  let inString = false;
  let isEscaped = false;
  let start: number | null = null;
  let held: Buffer[] = [];
  const element = (end: number): JsonElement => {
    const length = end - start!;
    const bytes = length > ELEMENT_BYTES_MAX ? null : Buffer.concat(held);
    const found = { offset: start!, length, bytes };
    held = [];
    start = null;
    return found;
  };
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at]!;
      if (inString) {
        if (isEscaped) isEscaped = false;
        else if (byte === BACKSLASH) isEscaped = true;
        else if (byte === QUOTE) inString = false;
      } else if (byte === QUOTE) inString = true;
      else if (OPENING.has(byte)) {
        if (depth === 0 && byte !== 0x5b) throw new SyntaxError('expected a list');
        depth += 1;
        if (depth === 2) {
          start = position + at;
          from = at;
        }
      } else if (CLOSING.has(byte)) {
        depth -= 1;
        if (depth === 1 && start !== null) {
          held.push(chunk.subarray(from, at + 1));
          yield element(position + at + 1);
        }
      } else if (depth === 0 && !SPACE.has(byte) && !MARK.has(byte) && byte !== COMMA) {
        throw new SyntaxError('expected a list');
      }
    }
    if (start !== null && position + chunk.length - start <= ELEMENT_BYTES_MAX)
      held.push(chunk.subarray(Math.max(from, start - position)));
    position += chunk.length;
  }
  if (start !== null) yield { offset: start, length: position - start, bytes: null };
  else if (position === 0) throw new SyntaxError('the file is empty');
}

/** The text of an element that `jsonElements` found. */
export async function readElement(
  path: string,
  { offset, length }: Omit<JsonElement, 'bytes'>,
): Promise<string> {
  await using file = await open(path);
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, offset);
  return bytes.toString('utf8', 0, bytesRead);
}
