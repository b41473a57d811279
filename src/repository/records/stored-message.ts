import type { JsonObject, JsonValue } from '../../model/json.ts';
import {
  ALL_TEXTS,
  MESSAGE_ROLES,
  type Message,
  type NewMessage,
  type NewTokenUsage,
  type NewToolCall,
  type ShownTexts,
  type TokenUsage,
  type ToolCall,
} from '../../model/message.ts';
import {
  type Accepted,
  always,
  amount,
  anything,
  type Check,
  integerFrom,
  listOf,
  objectOf,
  oneOf,
  optional,
  text,
  time,
} from './members.ts';

/** How messages are stored on lines; FORMAT.md, "A message". */

const count = integerFrom(0);
const jsonValue = anything as Check<JsonValue>;
export const jsonObject: Check<JsonObject> = objectOf({}) as Check<JsonObject>;

const storedUsage = objectOf({
  inputTokens: count,
  outputTokens: count,
  cacheReadTokens: optional(count),
  cacheWriteTokens: optional(count),
  reasoningTokens: optional(count),
  costUsd: optional(amount),
});

const toolCall = objectOf({ toolCallId: text, name: text, arguments: optional(jsonValue) });

/** What was paid for an earlier form of a message, and leaves the sums once the message counts. */
const paidBefore = objectOf({
  /** Only of a message that was dropped. */
  ordinal: optional(count),
  model: optional(text),
  createdAt: time,
  usage: storedUsage,
});

export const storedMessage = objectOf({
  role: oneOf(...MESSAGE_ROLES),
  content: text,
  key: optional(text),
  kind: optional(text),
  reasoning: optional(text),
  toolCalls: optional(listOf(toolCall, 1)),
  name: optional(text),
  toolCallId: optional(text),
  isError: optional(always),
  model: optional(text),
  isCopy: optional(always),
  payload: optional(jsonValue),
  usage: optional(storedUsage),
  metadata: optional(jsonObject),
  createdAt: optional(time),
  paidBefore: optional(paidBefore),
  /** What the message said was overwritten at this time. */
  redactedAt: optional(time),
  /** Only in an exact copy of a session: when the message last got another form. */
  replacedAt: optional(time),
});

export type StoredUsage = Accepted<typeof storedUsage>;
export type StoredMessage = Accepted<typeof storedMessage>;

function isEmpty(value: JsonObject): boolean {
  return Object.keys(value).length === 0;
}

/** Metadata as stored in records: left out if empty. */
export function storedMetadata(metadata: JsonObject | null | undefined): JsonObject | undefined {
  return metadata && !isEmpty(metadata) ? metadata : undefined;
}

/** Parts of the usage that are 0 are left out, except the two totals. */
function storedUsageOf(usage: NewTokenUsage): StoredUsage {
  return {
    inputTokens: usage.inputTokens,
    outputTokens: usage.outputTokens,
    cacheReadTokens: usage.cacheReadTokens || undefined,
    cacheWriteTokens: usage.cacheWriteTokens || undefined,
    reasoningTokens: usage.reasoningTokens || undefined,
    costUsd: usage.costUsd ?? undefined,
  };
}

function usageOf(stored: StoredUsage): TokenUsage {
  return {
    inputTokens: stored.inputTokens,
    outputTokens: stored.outputTokens,
    cacheReadTokens: stored.cacheReadTokens ?? 0,
    cacheWriteTokens: stored.cacheWriteTokens ?? 0,
    reasoningTokens: stored.reasoningTokens ?? 0,
    costUsd: stored.costUsd ?? null,
  };
}

function storedToolCallOf({ toolCallId, name, arguments: given }: NewToolCall): Accepted<typeof toolCall> {
  return { toolCallId, name, arguments: given ?? undefined };
}

/** `paidBefore` is what `paidBeforeOf` says of an earlier form of the message. */
export function storedMessageOf(message: NewMessage, before?: StoredMessage['paidBefore']): StoredMessage {
  const { usage } = message;
  return {
    role: message.role,
    content: message.content,
    key: message.key ?? undefined,
    kind: message.kind ?? undefined,
    reasoning: message.reasoning ?? undefined,
    toolCalls: message.toolCalls?.length ? message.toolCalls.map(storedToolCallOf) : undefined,
    name: message.name ?? undefined,
    toolCallId: message.toolCallId ?? undefined,
    isError: message.isError || undefined,
    model: message.model ?? undefined,
    isCopy: message.isCopy || undefined,
    payload: message.payload ?? undefined,
    usage: usage ? storedUsageOf(usage) : undefined,
    metadata: storedMetadata(message.metadata),
    createdAt: message.createdAt?.toISOString(),
    paidBefore: before,
  };
}

/** What a new form of a message takes out of the sums; undefined if the message was never paid for. `isDropped`: it left the history. */
export function paidBeforeOf(
  { ordinal, usage, isCopy, model, createdAt }: Message,
  isDropped: boolean,
): StoredMessage['paidBefore'] {
  if (!usage || isCopy) return undefined;
  return {
    ordinal: isDropped ? ordinal : undefined,
    model: model ?? undefined,
    createdAt: createdAt.toISOString(),
    usage: storedUsageOf(usage),
  };
}

function toolCallOf({ toolCallId, name, arguments: given = null }: Accepted<typeof toolCall>): ToolCall {
  return { toolCallId, name, arguments: given };
}

/** A message's place, and the values that its record leaves to its line. */
export interface MessagePlace {
  readonly sessionId: string;
  readonly ordinal: number;
  readonly position: number;
  /** The line's time. */
  readonly at: Date;
  /** True if the line is a fork's copy. */
  readonly isCopy?: boolean;
  /** When the message was replaced by the line. */
  readonly replacedAt?: Date | null;
  /** When the message was redacted, if its form has no room for that. */
  readonly redactedAt?: Date | null;
}

/** The message with only those of its texts that are `shown`. */
export function messageOf(
  stored: StoredMessage,
  place: MessagePlace,
  shown: ShownTexts = ALL_TEXTS,
): Message {
  const message: Partial<Message> = {
    sessionId: place.sessionId,
    ordinal: place.ordinal,
    position: place.position,
    role: stored.role,
    key: stored.key ?? null,
    content: shown.content > 0 || shown.contentCuts.length > 0 ? stored.content : undefined,
    contentLength: stored.content.length,
    kind: stored.kind ?? null,
    reasoning: shown.reasoning > 0 ? (stored.reasoning ?? null) : undefined,
    toolCalls: shown.toolCalls > 0 ? (stored.toolCalls?.map(toolCallOf) ?? []) : undefined,
    name: stored.name ?? null,
    toolCallId: stored.toolCallId ?? null,
    isError: stored.isError ?? false,
    model: stored.model ?? null,
    isCopy: stored.isCopy ?? place.isCopy ?? false,
    payload: shown.payload > 0 ? (stored.payload ?? null) : undefined,
    usage: stored.usage ? usageOf(stored.usage) : null,
    metadata: shown.metadata > 0 ? (stored.metadata ?? {}) : undefined,
    createdAt: stored.createdAt === undefined ? place.at : new Date(stored.createdAt),
    replacedAt: stored.replacedAt === undefined ? (place.replacedAt ?? null) : new Date(stored.replacedAt),
    redactedAt: stored.redactedAt === undefined ? (place.redactedAt ?? null) : new Date(stored.redactedAt),
  };
  return message as Message;
}
