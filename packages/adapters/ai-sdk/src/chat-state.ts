import type { Sessiontree } from '@sessiontree/client';
import type { UIMessage } from 'ai';
import { readContents, readHistory } from './read-history.ts';
import { isForeign, uiMessageOf } from './ui-messages.ts';

/** What tells a message from others. */
export interface MessageFingerprint {
  /** The id of the `UIMessage`; empty if its stream was given none. */
  readonly id: string;
  readonly role: UIMessage['role'];
  /** What the message says: equal for equal messages. */
  readonly fingerprint: string;
}

/** A message that is stored. */
export interface KnownMessage extends MessageFingerprint {
  /** The place in the history, which can have messages of other programs in between. */
  readonly position: number;
}

/** A chat as it was read or written last. */
export interface ChatState {
  /** The version of the session; 0 if there is none. */
  readonly version: number;
  /** The number of messages of the history, those of other programs included. */
  readonly historyLength: number;
  readonly messages: readonly KnownMessage[];
}

/** The state of a chat that is not there. */
export const NO_CHAT: ChatState = { version: 0, historyLength: 0, messages: [] };

/**
 * A chat with its messages: one request for a thousand messages or 64 MiB, and another one where some are by other programs, for their text.
 * Rejects with a `SessionNotFoundError` if there is no such chat.
 */
export async function readState(
  client: Sessiontree,
  chatId: string,
): Promise<{ readonly state: ChatState; readonly messages: UIMessage[] }> {
  const { version, historyLength, messages: stored } = await readHistory(client, chatId);
  const contents = await readContents(client, stored.filter(isForeign));
  const found = stored.flatMap((one) => {
    const message = uiMessageOf(one, contents.get(one.id) ?? '');
    return message ? [{ message, known: { ...messageFingerprint(message), position: one.position } }] : [];
  });
  return {
    state: { version, historyLength, messages: found.map(({ known }) => known) },
    messages: found.map(({ message }) => message),
  };
}

/** What tells a message from others. */
export function messageFingerprint(message: UIMessage): MessageFingerprint {
  const { id, role } = message;
  return { id, role, fingerprint: fingerprintOf(JSON.stringify(message)) };
}

/** A name for what a chat says, which changes with each of its messages, and with nothing else. */
export function revisionOf({ messages }: ChatState): string {
  return fingerprintOf(messages.map(({ fingerprint }) => fingerprint).join());
}

/**
 * A fingerprint of a text: two 32-bit xor-multiply hashes of the UTF-16 units, and the length. Not by `crypto.subtle`, which is a promise for each
 * message of a chat.
 */
function fingerprintOf(text: string): string {
  let high = 0x9e3779b9;
  let low = 0x85ebca6b;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    high = Math.imul(high ^ unit, 0x9e3779b1);
    low = Math.imul(low ^ unit, 0x5f356495);
    high ^= high >>> 15;
    low ^= low >>> 13;
  }
  return `${text.length.toString(36)}.${(high >>> 0).toString(36)}.${(low >>> 0).toString(36)}`;
}
