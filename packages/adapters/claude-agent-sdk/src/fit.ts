import { createHash } from 'node:crypto';

/** Makes what an entry says fit the limits of the server, as they are by default. The entry itself is stored whole, as the payload. */

const NAME_LENGTH = 256;
const CONTENT_BYTES = 1024 * 1024;

/** The key of a message. Different uuids have different keys, however long they are. */
export function fittedKey(uuid: string): string {
  if (uuid.length <= NAME_LENGTH && uuid === storable(uuid)) return uuid;
  return createHash('sha256').update(uuid, 'utf16le').digest('hex');
}

/** Names of tools and models, kinds, and ids of calls. */
export function fittedName(text: string | null): string | null {
  return text === null ? null : cut(storable(text), NAME_LENGTH);
}

/** Content and reasoning: the beginning of a text that is too long. */
export function fittedContent(text: string): string {
  const fine = storable(text);
  // No text has more bytes than three times its length.
  if (fine.length * 3 <= CONTENT_BYTES || Buffer.byteLength(fine) <= CONTENT_BYTES) return fine;
  const bytes = Buffer.from(fine);
  let end = CONTENT_BYTES;
  // A byte 10xxxxxx goes on with a character.
  while ((bytes[end]! & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}

/** At most `length` UTF-16 code units, without half a character at the end. */
export function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const beginning = text.slice(0, length);
  return beginning.isWellFormed() ? beginning : beginning.slice(0, -1);
}

/** Texts of the store are well-formed and have no NUL. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}
