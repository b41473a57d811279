import { openRegularFile } from './regular-file.ts';

/** An element of the list that a file holds. */
export interface JsonElement {
  /** Where the element begins in the file. */
  readonly offset: number;
  readonly length: number;
  /** The text of the element, as UTF-8. Null: the element is longer than `ELEMENT_BYTES_MAX`, or the file ends within it. */
  readonly bytes: Buffer | null;
}

/** A larger conversation is not held in memory. */
export const ELEMENT_BYTES_MAX = 256 * 1024 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const LIST = 0x5b;
const OPENING = new Set([LIST, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);
const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);
/** The bytes of a byte order mark, with which a file may begin. */
const MARK = new Set([0xef, 0xbb, 0xbf]);

/**
 * The elements of the list that the file at `path` holds, one after the other: the file may be larger than memory. Ends with a SyntaxError if
 * there is no list, or if the file ends between two elements.
 */
export async function* jsonElements(path: string): AsyncGenerator<JsonElement> {
  let position = 0;
  /** Of open brackets: 1 between the elements. */
  let depth = 0;
  let isList = false;
  let inString = false;
  let isEscaped = false;
  let start: number | null = null;
  let held: Buffer[] = [];
  const element = (end: number, isWhole: boolean): JsonElement => {
    const length = end - start!;
    const bytes = isWhole && length <= ELEMENT_BYTES_MAX ? Buffer.concat(held) : null;
    const found = { offset: start!, length, bytes };
    held = [];
    start = null;
    return found;
  };
  await using file = await openRegularFile(path);
  for await (const chunk of file.createReadStream({ highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at]!;
      if (inString) {
        if (isEscaped) isEscaped = false;
        else if (byte === BACKSLASH) isEscaped = true;
        else if (byte === QUOTE) inString = false;
        continue;
      }
      if (SPACE.has(byte)) continue;
      if (depth === 0) {
        if (isList || byte !== LIST) {
          if (!isList && MARK.has(byte)) continue;
          throw new SyntaxError(isList ? 'expected nothing behind the list' : 'expected a list');
        }
        isList = true;
        depth = 1;
        continue;
      }
      const isEnd = depth === 1 && (byte === COMMA || CLOSING.has(byte));
      if (isEnd && start !== null) {
        held.push(chunk.subarray(from, at));
        yield element(position + at, true);
      } else if (!isEnd && start === null) {
        start = position + at;
        from = at;
      }
      if (byte === QUOTE) inString = true;
      else if (OPENING.has(byte)) depth += 1;
      else if (CLOSING.has(byte)) depth -= 1;
    }
    if (start !== null && position + chunk.length - start <= ELEMENT_BYTES_MAX)
      held.push(chunk.subarray(from));
    position += chunk.length;
  }
  if (!isList) throw new SyntaxError('expected a list');
  const isCut = depth > 1 || inString;
  if (start !== null) yield element(position, !isCut);
  if (depth === 1 && !isCut) throw new SyntaxError('expected the end of the list, got that of the file');
}

/** The text of an element that `jsonElements` found. */
export async function readElement(
  path: string,
  { offset, length }: Omit<JsonElement, 'bytes'>,
): Promise<Buffer> {
  await using file = await openRegularFile(path);
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, offset);
  return bytes.subarray(0, bytesRead);
}
