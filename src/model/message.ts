import { countedBytes, type JsonObject, type JsonValue } from './json.ts';

/**
 * The authors of messages; nobody said an EVENT. The index stores positions in this list, so new roles must go to the end.
 */
export const MESSAGE_ROLES = ['SYSTEM', 'USER', 'ASSISTANT', 'TOOL', 'EVENT'] as const;
export type MessageRole = (typeof MESSAGE_ROLES)[number];

/**
 * The cost of messages: tokens as integers up to 2^53 - 1, money in US dollars. Cached tokens are parts of the input tokens, and reasoning
 * tokens are a part of the output tokens.
 */
export interface TokenUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
  readonly reasoningTokens: number;
  /** Null if unknown. */
  readonly costUsd: number | null;
}

/** The cost of a new message. A part that is left out counts as 0. */
export type NewTokenUsage = Pick<TokenUsage, 'inputTokens' | 'outputTokens'> & {
  readonly [Part in Exclude<keyof TokenUsage, 'inputTokens' | 'outputTokens'>]?: number | null;
};

/** A tool call of an ASSISTANT message. */
export interface ToolCall {
  readonly toolCallId: string;
  /** The tool's name. */
  readonly name: string;
  /** Any JSON value; null if not given. */
  readonly arguments: JsonValue;
}

export type NewToolCall = Omit<ToolCall, 'arguments'> & { readonly arguments?: JsonValue };

/**
 * What happens to a new message whose key a message of the history has. ERROR: nothing is written. IGNORE: the message that is there
 * stays. REPLACE: it gets the form of the new one, and keeps its id, its position and, unless a time is given, its time.
 */
export const KEY_CONFLICTS = ['ERROR', 'IGNORE', 'REPLACE'] as const;
export type KeyConflict = (typeof KEY_CONFLICTS)[number];

/** A message to append. Default of `createdAt`: the time of the mutation. */
export interface NewMessage {
  readonly role: MessageRole;
  readonly content: string;
  /** The client's own id for the message: unique in the session's history. */
  readonly key?: string | null;
  /** What an EVENT is. */
  readonly kind?: string | null;
  readonly reasoning?: string | null;
  readonly toolCalls?: readonly NewToolCall[] | null;
  readonly name?: string | null;
  readonly toolCallId?: string | null;
  readonly isError?: boolean | null;
  readonly model?: string | null;
  /** True if the message was paid for in another session: its usage is in no sum. */
  readonly isCopy?: boolean | null;
  readonly payload?: JsonValue;
  readonly usage?: NewTokenUsage | null;
  readonly metadata?: JsonObject | null;
  readonly createdAt?: Date | null;
}

/** The position, the role and the time of a message: what an index knows without the text of the message. */
export interface MessageHead {
  readonly sessionId: string;
  /** Number of the message among all that the session ever had. Never reused, even after a rollback. */
  readonly ordinal: number;
  /** Position in the history: 0 for the first message. */
  readonly position: number;
  readonly role: MessageRole;
  readonly createdAt: Date;
}

/** A message in a session's history. A read with `ShownParts` leaves the members that it did not ask for undefined. */
export interface Message extends MessageHead {
  readonly key: string | null;
  readonly content: string;
  /** In UTF-16 code units. */
  readonly contentLength: number;
  readonly kind: string | null;
  readonly reasoning: string | null;
  readonly toolCalls: readonly ToolCall[];
  readonly name: string | null;
  readonly toolCallId: string | null;
  readonly isError: boolean;
  readonly model: string | null;
  readonly isCopy: boolean;
  readonly payload: JsonValue;
  readonly usage: TokenUsage | null;
  readonly metadata: JsonObject;
  /** When the message last got another form; null if it never did. */
  readonly replacedAt: Date | null;
  /** When what the message said was overwritten; null if it never was. Such a message is never replaced. */
  readonly redactedAt: Date | null;
}

/** The texts (large parts) of a message, and how many times an answer shows each. A text with 0 is not read. */
export interface ShownTexts {
  /** How often the content is shown whole. */
  readonly content: number;
  /** For each time that only a beginning of the content is shown: the length of that, in UTF-16 code units. */
  readonly contentCuts: readonly number[];
  readonly reasoning: number;
  readonly toolCalls: number;
  readonly payload: number;
  readonly metadata: number;
}

/** Each text once. */
export const ALL_TEXTS: ShownTexts = Object.freeze({
  content: 1,
  contentCuts: Object.freeze([]),
  reasoning: 1,
  toolCalls: 1,
  payload: 1,
  metadata: 1,
});

/** No text at all. */
export const NO_TEXTS: ShownTexts = Object.freeze({
  content: 0,
  contentCuts: Object.freeze([]),
  reasoning: 0,
  toolCalls: 0,
  payload: 0,
  metadata: 0,
});

/** The first `maxLength` UTF-16 code units of `content`, or one less: a character is not cut in half. */
export function cutContent(content: string, maxLength: number): string {
  if (content.length <= maxLength) return content;
  const last = content.charCodeAt(maxLength - 1);
  return content.slice(0, isHighSurrogate(last) ? maxLength - 1 : maxLength);
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/**
 * The parts of messages that a read asks for. They decide which members of `Message` are defined:
 *
 * - undefined: all members;
 * - `ShownTexts`: all members, except texts with count 0;
 * - null: the members of `MessageHead` only.
 */
export type ShownParts = ShownTexts | null | undefined;

const textsKeys = new WeakMap<ShownTexts, string>();

/** A part of a cache key: different for different `shown`, which must not change. Made once: all histories of a tree ask for the same. */
export function textsKey(shown: ShownParts): string {
  if (!shown) return shown === null ? 'NONE' : 'ALL';
  const known = textsKeys.get(shown);
  if (known !== undefined) return known;
  const { content, contentCuts, reasoning, toolCalls, payload, metadata } = shown;
  const key = [content, contentCuts, reasoning, toolCalls, payload, metadata].join('/');
  textsKeys.set(shown, key);
  return key;
}

/** The bytes of text in an answer that shows `message`, in UTF-8; payload, metadata and the arguments of calls count as `countedBytes` says. */
export function textBytesOf(message: Message, shown: ShownTexts): number {
  let bytes = 0;
  if (shown.content > 0) bytes += shown.content * Buffer.byteLength(message.content);
  for (const maxLength of shown.contentCuts)
    bytes += Buffer.byteLength(cutContent(message.content, maxLength));
  if (shown.reasoning > 0 && message.reasoning !== null)
    bytes += shown.reasoning * Buffer.byteLength(message.reasoning);
  if (shown.toolCalls > 0 && message.toolCalls.length > 0)
    bytes += shown.toolCalls * toolCallBytes(message.toolCalls);
  if (shown.payload > 0 && message.payload !== null) bytes += shown.payload * jsonBytes(message.payload);
  if (shown.metadata > 0) bytes += shown.metadata * jsonBytes(message.metadata);
  return bytes;
}

function toolCallBytes(toolCalls: readonly ToolCall[]): number {
  let bytes = Buffer.byteLength(JSON.stringify(toolCalls));
  for (const { arguments: given } of toolCalls) {
    if (typeof given !== 'object' || given === null) continue;
    const text = Buffer.byteLength(JSON.stringify(given));
    bytes += countedBytes(given, text) - text;
  }
  return bytes;
}

function jsonBytes(value: JsonValue): number {
  return countedBytes(value, Buffer.byteLength(JSON.stringify(value)));
}
