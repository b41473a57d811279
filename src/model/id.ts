import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

/** What a session's id looks like: safe in a URL, a log and a file name, and free of the `:` that message ids use. */
export const SESSION_ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** Whether a client may name a session so. */
export function isSessionId(value: unknown): value is string {
  return typeof value === 'string' && SESSION_ID_PATTERN.test(value);
}

/** A new UUIDv7. Its order in time is a convenience for people: nothing here ever orders by id. */
export function newSessionId(): string {
  return v7({ random: randomBytes16() });
}

/** Got for many ids at once: to ask for it takes ten times as long as all else that makes an id. */
const random = new Uint8Array(16 * 256);
let used = random.length;

function randomBytes16(): Uint8Array {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  used += 16;
  return random.subarray(used - 16, used);
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
