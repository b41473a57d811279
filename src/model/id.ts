import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

/** What a session's id looks like: safe in a URL, a log and a file name, and free of the `:` that message ids use. */
export const SESSION_ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** Whether a client may name a session so. */
export function isSessionId(value: unknown): value is string {
  return typeof value === 'string' && SESSION_ID_PATTERN.test(value);
}

let latestTime = 0;
let count = 0;

/**
 * A new UUIDv7. Those of one process come in the order of their making, also within a millisecond and where the clock steps back.
 * Answers are never in the order of ids; a new index is made in it, parents first, which spares it a walk through all places.
 */
export function newSessionId(): string {
  const random = nextRandomBytes();
  const now = Date.now();
  if (now > latestTime) {
    latestTime = now;
    // In the lower half of its range: it has to go up within the millisecond.
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
/** Random bytes for 256 ids: to ask the system for them is most of what an id costs. */
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

/** Where a message is: its session, and its ordinal, which that session never uses again. */
export interface MessageRef {
  readonly sessionId: string;
  readonly ordinal: number;
}

/** `<session id>:<ordinal>`: what the API calls a message. */
export function messageId(ref: MessageRef): string {
  return `${ref.sessionId}:${ref.ordinal}`;
}

/** Reads `<session id>:<ordinal>`; null where `id` is not of that form. */
export function parseMessageId(id: string): MessageRef | null {
  const match = /^([^:]+):(0|[1-9][0-9]{0,15})$/.exec(id);
  if (!match || !isSessionId(match[1])) return null;
  const ordinal = Number(match[2]);
  return Number.isSafeInteger(ordinal) ? { sessionId: match[1]!, ordinal } : null;
}
