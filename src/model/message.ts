import type { JsonObject, JsonValue } from './json.ts';

/** The authors of messages. The index stores positions in this list, so new roles must go to the end. */
export const MESSAGE_ROLES = ['SYSTEM', 'USER', 'ASSISTANT', 'TOOL'] as const;
export type MessageRole = (typeof MESSAGE_ROLES)[number];

/** The cost of a message: tokens as integers up to 2^53 - 1, money in US dollars. */
export interface TokenUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costUsd?: number | null;
}

/** A message to append. Default of `createdAt`: the time of the mutation. */
export interface NewMessage {
  readonly role: MessageRole;
  readonly content: string;
  readonly name?: string | null;
  readonly toolCallId?: string | null;
  readonly payload?: JsonValue;
  readonly usage?: TokenUsage | null;
  readonly metadata?: JsonObject | null;
  readonly createdAt?: Date | null;
}

/** The position and the role of a message: what an index knows without the text of the message. */
export interface MessageHead {
  readonly sessionId: string;
  /** Number of the message among all that the session ever had. Never reused, even after a rollback. */
  readonly ordinal: number;
  /** Position in the history: 0 for the first message. */
  readonly position: number;
  readonly role: MessageRole;
}

/** A message in a session's history. A read with `ShownParts` leaves the members that it did not ask for undefined. */
export interface Message extends MessageHead {
  readonly content: string;
  readonly name: string | null;
  readonly toolCallId: string | null;
  readonly payload: JsonValue;
  readonly usage: TokenUsage | null;
  readonly metadata: JsonObject;
  readonly createdAt: Date;
}

/** The texts (large parts) of a message, and how many times an answer shows each. A text with 0 is not read. */
export interface ShownTexts {
  readonly content: number;
  readonly payload: number;
  readonly metadata: number;
}

/** Each text once. */
export const ALL_TEXTS: ShownTexts = Object.freeze({ content: 1, payload: 1, metadata: 1 });

/**
 * The parts of messages that a read asks for. They decide which members of `Message` are defined:
 *
 * - undefined: all members;
 * - `ShownTexts`: all members, except texts with count 0;
 * - null: the members of `MessageHead` only.
 */
export type ShownParts = ShownTexts | null | undefined;

/** A part of a cache key: different for different `shown`. */
export function textsKey(shown: ShownParts): string {
  if (!shown) return shown === null ? 'NONE' : 'ALL';
  return `${shown.content}/${shown.payload}/${shown.metadata}`;
}

/** The bytes of text in an answer that shows `message`: in UTF-8, payload and metadata as JSON. */
export function textBytesOf(message: Message, shown: ShownTexts): number {
  let bytes = 0;
  if (shown.content > 0) bytes += shown.content * Buffer.byteLength(message.content);
  if (shown.payload > 0 && message.payload !== null) bytes += shown.payload * jsonBytes(message.payload);
  if (shown.metadata > 0) bytes += shown.metadata * jsonBytes(message.metadata);
  return bytes;
}

function jsonBytes(value: JsonValue): number {
  return Buffer.byteLength(JSON.stringify(value));
}
