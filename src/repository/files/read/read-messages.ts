import { type Message, type ShownTexts, textBytesOf } from '../../../model/message.ts';
import { chargeExcess } from '../../read-options.ts';
import { isCopyOf } from '../../records/paid.ts';
import { saysNothing } from '../../records/redacted-form.ts';
import type { MessageLocation } from '../../records/session-state.ts';
import { messageOf } from '../../records/stored-message.ts';
import type { TextAllowance } from '../../text-allowance.ts';
import type { LineFault } from '../scan/scan-lines.ts';
import { type LineFiles, linesOf, readLines } from './read-lines.ts';

export interface MessagesRead {
  /** Null for a message whose line cannot be read. */
  readonly messages: (Message | null)[];
  /** Bytes of the texts that are shown. */
  readonly textBytes: number;
  readonly faults: readonly LineFault[];
}

/** The session whose messages are read. */
export interface MessagesOf {
  readonly sessionId: string;
  /** The path of its file. */
  readonly path: string;
  /** How many of its first messages a fork has copied. */
  readonly copied: number;
  /** When a message was redacted whose form does not say so. */
  readonly redactedAt: (ordinal: number) => Date | null;
}

/**
 * The messages at `locations`, all of one file, each with the texts that `shownOf`
 * selects. Rejects with a ReadTooLargeError at the first message that exceeds the allowance.
 */
export async function readMessages(
  files: LineFiles,
  { sessionId, path, copied, redactedAt }: MessagesOf,
  locations: readonly MessageLocation[],
  shownOf: (n: number) => ShownTexts,
  allowance: TextAllowance,
): Promise<MessagesRead> {
  const messages: (Message | null)[] = locations.map(() => null);
  let textBytes = 0;
  const faults = await readLines(files, path, linesOf(locations), (record, { first, end, length }) => {
    let lineBytes = 0;
    for (let n = first; n < end; n += 1) {
      const { ordinal, position } = locations[n]!;
      const stored = record.messages[ordinal - record.ordinal];
      if (!stored) continue;
      const isReplaced = record.op === 'replace';
      const at = new Date((isReplaced ? undefined : record.createdAt) ?? record.at);
      const shown = shownOf(n);
      const isCopy = isCopyOf(record, copied);
      const replacedAt = isReplaced ? new Date(record.at) : null;
      const isBare = stored.redactedAt === undefined && saysNothing(stored);
      const redacted = isBare ? redactedAt(ordinal) : null;
      const place = { sessionId, ordinal, position, at, isCopy, replacedAt, redactedAt: redacted };
      const message = messageOf(stored, place, shown);
      const bytes = textBytesOf(message, shown);
      allowance.take(bytes);
      lineBytes += bytes;
      messages[n] = message;
    }
    textBytes += lineBytes;
    // JSON in memory can take far more than the line that was charged for. Others read meanwhile: it counts before the page is whole.
    chargeExcess(files.options, lineBytes, length);
  });
  return { messages, textBytes, faults };
}

/** The message at `location` as far as the index knows it, without its texts. */
export function headOf(sessionId: string, location: MessageLocation): Message {
  const { ordinal, position, role, createdAt } = location;
  return { sessionId, ordinal, position, role, createdAt: new Date(createdAt) } as Message;
}
