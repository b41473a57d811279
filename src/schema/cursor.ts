import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { isSessionId } from '../model/id.ts';
import { MESSAGE_ROLES } from '../model/message.ts';
import { parseQuery } from '../model/search/query.ts';
import type { SessionOrder } from '../model/session.ts';
import type { ListKey, SearchKey, SearchScope } from '../repository/reads.ts';
import type { SessionReader } from '../repository/repository.ts';
import { badUserInput } from './request-error.ts';

/** Writes and reads the cursors of one connection. */
export interface CursorCodec<Key> {
  encode(key: Key): string;
  /** `argument` is the name of the argument. Throws BAD_USER_INPUT for a damaged cursor, and for one of another store or connection. */
  decode(cursor: string, argument: string): Key;
}

const CHECKSUM_BYTES = 4;
const MAX_LENGTH = 1_000;

/** The store that a cursor belongs to. */
export type StoreIdentity = Pick<SessionReader, 'storeId'>;

/**
 * A cursor is a CRC-32 and the JSON `[store, connection, ...key]` that it covers, in base64url. `store` is the tag of the store;
 * `connection` describes the list in words; `toKey` validates the key, which a client could have forged.
 */
function cursorCodec<Key>(
  store: StoreIdentity,
  connection: string,
  fromKey: (key: Key) => unknown[],
  toKey: (parts: unknown[]) => Key | undefined,
): CursorCodec<Key> {
  return {
    encode(key) {
      const json = Buffer.from(JSON.stringify([tagOf(store), connection, ...fromKey(key)]));
      const checksum = Buffer.alloc(CHECKSUM_BYTES);
      checksum.writeUInt32BE(crc32(json));
      return Buffer.concat([checksum, json]).toString('base64url');
    },
    decode(cursor, argument) {
      const { origin, parts } = openCursor(store, cursor, argument);
      if (origin !== connection) throw foreign(argument, connection, origin);
      const key = toKey(parts);
      if (key === undefined) throw damaged(argument);
      return key;
    },
  };
}

/**
 * Length of a tag, in base64url characters of 6 bits: a cursor of another store passes once in 16 million. That is enough: the tag
 * guards against mistakes, and a client that forges cursors sees nothing that it could not query.
 */
const TAG_LENGTH = 4;
const TAG = /^[\w-]{4}$/;

const tags = new WeakMap<StoreIdentity, string>();

/** The start of a hash of the store's id, because ids themselves may have a common prefix. */
function tagOf(store: StoreIdentity): string {
  let tag = tags.get(store);
  if (tag === undefined) {
    tag = createHash('sha256').update(store.storeId).digest('base64url').slice(0, TAG_LENGTH);
    tags.set(store, tag);
  }
  return tag;
}

/** Decodes a cursor of this store into its connection and its key. */
function openCursor(
  store: StoreIdentity,
  cursor: string,
  argument: string,
): { readonly origin: string; readonly parts: unknown[] } {
  const [tag, origin, ...parts] = readCursor(cursor) ?? [];
  if (typeof tag !== 'string') throw damaged(argument);
  // Cursors of earlier versions have no tag: they begin with the connection, which never looks like a tag.
  if (!TAG.test(tag)) throw earlier(argument);
  if (tag !== tagOf(store)) throw otherStore(argument);
  if (typeof origin !== 'string') throw damaged(argument);
  return { origin, parts };
}

/** The JSON of a cursor; null if the cursor is damaged. */
function readCursor(cursor: string): unknown[] | null {
  if (cursor.length > MAX_LENGTH) return null;
  const bytes = Buffer.from(cursor, 'base64url');
  // The decoder skips characters that are not base64url: a whole cursor encodes back to itself.
  if (bytes.length <= CHECKSUM_BYTES || bytes.toString('base64url') !== cursor) return null;
  const json = bytes.subarray(CHECKSUM_BYTES);
  if (crc32(json) !== bytes.readUInt32BE(0)) return null;
  try {
    const parts: unknown = JSON.parse(json.toString());
    return Array.isArray(parts) ? parts : null;
  } catch {
    // The checksum matches, but the content is not JSON: the cursor is forged.
    return null;
  }
}

function foreign(argument: string, connection: string, origin: string) {
  return badUserInput(
    `${argument}: expected a cursor of ${connection}, got one of ${origin}. Use a cursor only with the connection that gave it.`,
  );
}

function otherStore(argument: string) {
  return badUserInput(
    `${argument}: expected a cursor of this store, got one of another store. Use a cursor only with the store that gave it, or start ` +
      'again without it.',
  );
}

function earlier(argument: string) {
  return badUserInput(
    `${argument}: expected a cursor of this version, got one of an earlier version of this server. Start again without it.`,
  );
}

function damaged(argument: string) {
  return badUserInput(
    `${argument}: expected a cursor as this server gave it, got a damaged one. Pass it on unchanged, or start without it.`,
  );
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

const CHANGES = 'changes';

/** The cursors of changes: the marks of the store. */
export function changesCursor(store: StoreIdentity): {
  encode(mark: string): string;
  /** Null for a cursor of another store: its reader begins again. Throws BAD_USER_INPUT for what is no cursor of changes. */
  decode(cursor: string, argument: string): string | null;
} {
  const codec = cursorCodec<string>(
    store,
    CHANGES,
    (mark) => [mark],
    ([mark, ...rest]) => (typeof mark === 'string' && rest.length === 0 ? mark : undefined),
  );
  return {
    encode: codec.encode,
    decode(cursor, argument) {
      const [tag, origin] = readCursor(cursor) ?? [];
      return tag !== tagOf(store) && origin === CHANGES ? null : codec.decode(cursor, argument);
    },
  };
}

/**
 * Checks a cursor as far as possible before its session is read. Throws BAD_USER_INPUT for a damaged cursor, and for one of another
 * store or kind of list.
 */
export function checkKind(list: 'children' | 'descendants' | 'forks' | 'history') {
  return (
    cursor: string,
    argument: string,
    _args: unknown,
    { repository }: { readonly repository: StoreIdentity },
  ): void => {
    const { origin } = openCursor(repository, cursor, argument);
    if (!origin.startsWith(`${list} of session "`)) throw foreign(argument, `${list} of a session`, origin);
  };
}

export function childrenCursor(store: StoreIdentity, parentId: string): CursorCodec<number> {
  return countCursor(store, `children of session "${parentId}"`);
}

export function historyCursor(store: StoreIdentity, sessionId: string): CursorCodec<number> {
  return countCursor(store, `history of session "${sessionId}"`);
}

function countCursor(store: StoreIdentity, connection: string): CursorCodec<number> {
  return cursorCodec(
    store,
    connection,
    (key) => [key],
    ([key]) => (isCount(key) ? key : undefined),
  );
}

export function descendantsCursor(store: StoreIdentity, sessionId: string): CursorCodec<string> {
  return cursorCodec(
    store,
    `descendants of session "${sessionId}"`,
    (key) => [key],
    ([key]) => (isSessionId(key) ? key : undefined),
  );
}

/** The cursors of one search. They carry a fingerprint of the search, so that cursors of other searches are refused. */
export function searchCursor(store: StoreIdentity, search: SearchScope): CursorCodec<SearchKey> {
  let known: string | undefined;
  const own = () => {
    known ??= fingerprintOf(search);
    return known;
  };
  return cursorCodec(
    store,
    'a search',
    ({ ranking, place }) => [own(), ranking, place],
    ([fingerprint, ranking, place, ...rest]) => {
      if (typeof ranking !== 'string' || !isCount(place) || rest.length > 0) return undefined;
      if (fingerprint !== own()) throw otherSearch();
      return { ranking, place };
    },
  );
}

/**
 * Equal for queries with the same words. `within` and `roles` have no limit of length: a string that is no session id counts as "",
 * and repeated roles count once.
 */
function fingerprintOf({
  query,
  within,
  subtree,
  roles,
  fields,
  filter,
  includeCopies,
}: SearchScope): string {
  const named = roles ? MESSAGE_ROLES.filter((role) => roles.includes(role)).sort() : null;
  const session = within == null || isSessionId(within) ? (within ?? null) : '';
  const narrowed = [subtree ?? true, fields ?? ['CONTENT'], filter ?? null, includeCopies ?? true];
  const search = [parseQuery(query), session, named, ...narrowed];
  return createHash('sha256').update(JSON.stringify(search)).digest('base64url').slice(0, FINGERPRINT_LENGTH);
}

const FINGERPRINT_LENGTH = 16;

function otherSearch() {
  return badUserInput(
    'after: expected a cursor of this search, got one of a search with another query, another filter, or another value of another ' +
      'argument. ' +
      'Use a cursor only with the search that gave it.',
  );
}

export function forksCursor(store: StoreIdentity, sessionId: string): CursorCodec<ListKey> {
  return listCursor(store, `forks of session "${sessionId}"`);
}

export function sessionsCursor(
  store: StoreIdentity,
  { field, direction }: SessionOrder,
): CursorCodec<ListKey> {
  return listCursor(store, `sessions ordered by ${field} ${direction}`);
}

function listCursor(store: StoreIdentity, connection: string): CursorCodec<ListKey> {
  return cursorCodec(
    store,
    connection,
    ({ time, sequence }) => [time, sequence],
    ([time, sequence]) =>
      Number.isSafeInteger(time) && isCount(sequence) ? { time: time as number, sequence } : undefined,
  );
}
