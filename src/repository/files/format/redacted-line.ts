import { StorageError } from '../../../model/errors.ts';
import type { MessagesRecord } from '../../records/record.ts';
import { isPurged, purgedForm, redactedForm, saysNothing } from '../../records/redacted-form.ts';
import type { StoredMessage } from '../../records/stored-message.ts';
import { SEAL_BYTES, sealLine } from './line.ts';

/** Fills the place of what is gone from a line. */
const SPACE = 0x20;

/** What becomes of messages, by their ordinals. */
export interface Overwriting {
  readonly ordinals: ReadonlySet<number>;
  /** The time of the redaction. */
  readonly at: string;
  /** True for messages that were dropped for good. */
  readonly isPurge: boolean;
}

/**
 * The members of a line (given with its `length`, without its newline), as JSON without its end, after forms of messages were overwritten;
 * null if that changes nothing. Throws a StorageError if they need more room than the line has.
 */
export function redactedMembers(
  { crc: _, ...record }: MessagesRecord & { readonly crc?: unknown },
  length: number,
  { ordinals, at, isPurge }: Overwriting,
): string | null {
  const isMeant = (n: number) => ordinals.has(record.ordinal + n);
  const formOf = isPurge ? purgedForm : redactedForm;
  const isDone = (message: StoredMessage) => (isPurge ? isPurged(message) : saysNothing(message));
  if (record.messages.every((message, n) => !isMeant(n) || isDone(message))) return null;
  const room = length - (SEAL_BYTES - 1);
  // A short message leaves no room for the time, which the redact line has, too.
  for (const time of [at, undefined]) {
    const messages = record.messages.map((message, n) => (isMeant(n) ? formOf(message, time) : message));
    const members = JSON.stringify({ ...record, messages }).slice(0, -1);
    if (Buffer.byteLength(members) <= room) return members;
  }
  throw new StorageError(
    `A line of ${length} bytes has no room for what stays of its messages: another program wrote it. Nothing was redacted.`,
    false,
  );
}

/** The bytes that take the place of a line of `length` bytes: its `members`, or null for a line that cannot be read. */
export function overwritingBytes(members: string | null, length: number): Buffer {
  const line = Buffer.alloc(length + 1, SPACE);
  line[length] = 0x0a;
  if (members === null) return line;
  line.write(members);
  sealLine(line, 0, length + 1 - SEAL_BYTES);
  return line;
}
