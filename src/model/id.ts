import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

/** The form of a session id: safe in URLs, logs and file names, and without the `:` of message ids. */
export const SESSION_ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** True for a valid session id. */
export function isSessionId(value: unknown): value is string {
  return typeof value === 'string' && SESSION_ID_PATTERN.test(value);
}

let latestTime = 0;
let count = 0;

/**
 * A new UUIDv7 for the time `now`, in milliseconds since 1970. The ids of one process are in the order of their creation, even within a
 * millisecond, and even if the clock steps back. No answer is ordered by ids: the order only speeds up a rebuild of the index, because
 * a rebuild inserts sessions in the order of their ids.
 */
export function newSessionId(now = Date.now()): string {
  const random = nextRandomBytes();
  if (now > latestTime) {
    latestTime = now;
    // Starts in the lower half of its range, to leave room for more ids within the millisecond.
    count = new DataView(random.buffer, random.byteOffset).getUint32(6) >>> 1;
  } else if (count < 0xffff_ffff) {
    count += 1;
  } else {
    latestTime += 1;
    count = 0;
  }
  return v7({ random, msecs: latestTime, seq: count });
}

const ID_BYTES = 16;
/** Random bytes for 256 ids. Asking the system for random bytes is most of the cost of an id. */
const pool = new Uint8Array(256 * ID_BYTES);
let taken = pool.length;

function nextRandomBytes(): Uint8Array {
  if (taken === pool.length) {
    randomFillSync(pool);
    taken = 0;
  }
  taken += ID_BYTES;
  return pool.subarray(taken - ID_BYTES, taken);
}

/** Identifies a message: by its session, and by its ordinal, which the session never reuses. */
export interface MessageRef {
  readonly sessionId: string;
  readonly ordinal: number;
}

/** The id of a message in the API: `<session id>:<ordinal>`. */
export function messageId(ref: MessageRef): string {
  return `${ref.sessionId}:${ref.ordinal}`;
}

/** Parses `<session id>:<ordinal>`; null if `id` has another form. */
export function parseMessageId(id: string): MessageRef | null {
  const match = /^([^:]+):(0|[1-9][0-9]{0,15})$/.exec(id);
  if (!match || !isSessionId(match[1])) return null;
  const ordinal = Number(match[2]);
  return Number.isSafeInteger(ordinal) ? { sessionId: match[1]!, ordinal } : null;
}
