import { crc32 } from 'node:zlib';
import { isSessionId } from '../model/id.ts';
import type { SessionOrder } from '../model/session.ts';
import type { ListKey } from '../repository/repository.ts';
import { badUserInput } from './request-error.ts';

/** Writes and reads the cursors of one connection. */
export interface CursorCodec<Key> {
  encode(key: Key): string;
  /** `argument` names where it came in. A cursor that is damaged or of another connection is BAD_USER_INPUT. */
  decode(cursor: string, argument: string): Key;
}

const CHECKSUM_BYTES = 4;
const MAX_LENGTH = 1_000;

/**
 * A cursor is a CRC-32 and the JSON `[connection, ...key]` it covers, in base64url. `connection` says in words which list
 * the key belongs to; `toKey` checks what a client could have forged.
 */
function cursorCodec<Key>(
  connection: string,
  fromKey: (key: Key) => unknown[],
  toKey: (parts: unknown[]) => Key | undefined,
): CursorCodec<Key> {
  return {
    encode(key) {
      const json = Buffer.from(JSON.stringify([connection, ...fromKey(key)]));
      const checksum = Buffer.alloc(CHECKSUM_BYTES);
      checksum.writeUInt32BE(crc32(json));
      return Buffer.concat([checksum, json]).toString('base64url');
    },
    decode(cursor, argument) {
      const [origin, ...parts] = readCursor(cursor) ?? [];
      if (typeof origin !== 'string') throw damaged(argument);
      if (origin !== connection) {
        throw badUserInput(
          `${argument}: expected a cursor of ${connection}, got one of ${origin}. Use a cursor only with the connection that gave it.`,
        );
      }
      const key = toKey(parts);
      if (key === undefined) throw damaged(argument);
      return key;
    },
  };
}

/** What a cursor holds; null where it is not whole. */
function readCursor(cursor: string): unknown[] | null {
  if (cursor.length > MAX_LENGTH) return null;
  const bytes = Buffer.from(cursor, 'base64url');
  // Decoding skips what is not base64url: only a cursor that encodes back to itself is whole.
  if (bytes.length <= CHECKSUM_BYTES || bytes.toString('base64url') !== cursor) return null;
  const json = bytes.subarray(CHECKSUM_BYTES);
  if (crc32(json) !== bytes.readUInt32BE(0)) return null;
  try {
    const parts: unknown = JSON.parse(json.toString());
    return Array.isArray(parts) ? parts : null;
  } catch {
    // Its checksum is right and it is no JSON: someone made it up.
    return null;
  }
}

function damaged(argument: string) {
  return badUserInput(
    `${argument}: expected a cursor as this server gave it, got a damaged one. Pass it on unchanged, or start without it.`,
  );
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

export function childrenCursor(parentId: string): CursorCodec<number> {
  return countCursor(`children of session "${parentId}"`);
}

export function historyCursor(sessionId: string): CursorCodec<number> {
  return countCursor(`history of session "${sessionId}"`);
}

function countCursor(connection: string): CursorCodec<number> {
  return cursorCodec(
    connection,
    (key) => [key],
    ([key]) => (isCount(key) ? key : undefined),
  );
}

export function descendantsCursor(sessionId: string): CursorCodec<string> {
  return cursorCodec(
    `descendants of session "${sessionId}"`,
    (key) => [key],
    ([key]) => (isSessionId(key) ? key : undefined),
  );
}

/** Place in the results of a search, and which messages it goes through: see `SearchPage`. */
export interface SearchKey {
  readonly offset: number;
  readonly through: number;
}

export function searchCursor(): CursorCodec<SearchKey> {
  return cursorCodec(
    'a search',
    ({ offset, through }) => [offset, through],
    ([offset, through]) => (isCount(offset) && isCount(through) ? { offset, through } : undefined),
  );
}

export function sessionsCursor({ field, direction }: SessionOrder): CursorCodec<ListKey> {
  return cursorCodec(
    `sessions ordered by ${field} ${direction}`,
    ({ time, sequence }) => [time, sequence],
    ([time, sequence]) =>
      Number.isSafeInteger(time) && isCount(sequence) ? { time: time as number, sequence } : undefined,
  );
}
