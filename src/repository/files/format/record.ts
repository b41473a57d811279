import { SESSION_ID_PATTERN } from '../../../model/id.ts';
import type { JsonObject, JsonValue } from '../../../model/json.ts';
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
} from '../../../model/message.ts';
import type { Operation } from '../../../model/operation.ts';
import { SESSION_STATUSES } from '../../../model/session.ts';
import {
  type Accepted,
  always,
  amount,
  anything,
  type Check,
  integerFrom,
  listOf,
  nullable,
  objectOf,
  oneOf,
  optional,
  text,
  textLike,
  time,
} from './members.ts';

/**
 * The records on lines; FORMAT.md, "Session files" and "The store's log". Members that are null or empty are
 * left out. Unknown members are ignored, so that a later version may add some.
 */

const count = integerFrom(0);
const ordinal = integerFrom(1);
const sessionId = textLike(SESSION_ID_PATTERN);
const jsonObject: Check<JsonObject> = objectOf({}) as Check<JsonObject>;
const jsonValue = anything as Check<JsonValue>;

const operation = { id: textLike(/./s), fingerprint: textLike(/^[0-9a-f]{32}$/) };

const stamp = {
  /** Store-wide: the order of commits. */
  seq: ordinal,
  at: time,
  operation: optional(objectOf(operation)),
};

const mutation = {
  ...stamp,
  /** Of the session, after this mutation. */
  version: ordinal,
  /** For a mutation of several lines: this is number `part`, from 1, of `parts`. */
  part: optional(ordinal),
  parts: optional(integerFrom(2)),
};

const storedUsage = objectOf({
  inputTokens: count,
  outputTokens: count,
  cacheReadTokens: optional(count),
  cacheWriteTokens: optional(count),
  reasoningTokens: optional(count),
  costUsd: optional(amount),
});

const toolCall = objectOf({ toolCallId: text, name: text, arguments: optional(jsonValue) });

const storedMessage = objectOf({
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
});

/** What a session says of itself, and an update can change. */
const described = {
  key: text,
  agentName: text,
  project: text,
  status: oneOf(...SESSION_STATUSES),
  statusMessage: text,
};

const spawnOrigin = objectOf({ sessionId, messageId: optional(text), toolCallId: optional(text) });

const create = objectOf({
  ...mutation,
  op: oneOf('create'),
  store: text,
  id: sessionId,
  parentId: optional(sessionId),
  userId: optional(text),
  key: optional(described.key),
  title: optional(text),
  agentName: optional(described.agentName),
  project: optional(described.project),
  /** Default: IDLE. */
  status: optional(described.status),
  statusMessage: optional(described.statusMessage),
  spawnedBy: optional(spawnOrigin),
  metadata: optional(jsonObject),
  createdAt: optional(time),
  lastActiveAt: optional(time),
  /** The point in another session up to which the messages of version 1 were copied. */
  forkedFrom: optional(objectOf({ sessionId, messageId: optional(text), historyLength: count })),
});

const append = objectOf({
  ...mutation,
  op: oneOf('append'),
  /** Of the line's first message: how many messages the session ever had before it. */
  ordinal: count,
  /** Of the line's first message: its position in the history. */
  position: count,
  /** Of messages that name no time of their own; default: `at`. */
  createdAt: optional(time),
  /** When the session was active; default: `at`. */
  activeAt: optional(time),
  messages: listOf(storedMessage, 1),
});

const truncate = objectOf({
  ...mutation,
  op: oneOf('truncate'),
  /** How many messages stay. */
  length: count,
  /** How many of them are a user's. */
  messageCount: count,
});

const update = objectOf({
  ...mutation,
  op: oneOf('update'),
  /** The title from here on; null: none. If left out, the title is unchanged. */
  title: optional(nullable(text)),
  /** As `title`, and so are `agentName` and `project`. */
  key: optional(nullable(described.key)),
  agentName: optional(nullable(described.agentName)),
  project: optional(nullable(described.project)),
  status: optional(described.status),
  /** A line with `status` and without `statusMessage` removes the message. */
  statusMessage: optional(nullable(described.statusMessage)),
  spawnedBy: optional(spawnOrigin),
  /** The whole metadata, not the patch: a lost line must not spoil later ones. */
  metadata: optional(jsonObject),
});

const adopt = objectOf({
  ...mutation,
  op: oneOf('adopt'),
  /**
   * The store that the session belongs to from here on. The record's sequence number gives the session its
   * place there.
   */
  store: text,
});

const store = objectOf({ op: oneOf('store'), format: count, store: text, at: time });

const tombstone = objectOf({
  id: sessionId,
  parentId: optional(sessionId),
  arrival: ordinal,
  /** Only if the session had operations: the answer to a late retry of one. */
  last: optional(
    objectOf({
      sequence: count,
      rootId: text,
      depth: count,
      userId: optional(text),
      createdAt: time,
      lastActiveAt: time,
      messageCount: count,
      historyLength: count,
      version: count,
    }),
  ),
  operations: optional(
    listOf(
      objectOf({ ...operation, seq: count, at: time, ordinal: optional(count), position: optional(count) }),
      0,
    ),
  ),
});

/** A session that a record of the log changes, and its version afterwards. */
const changed = { id: sessionId, version: ordinal };

const remove = objectOf({
  ...stamp,
  op: oneOf('delete'),
  sessions: listOf(tombstone, 1),
  /** Children that move to the parent of the first of `sessions`. */
  reparented: optional(listOf(objectOf({ ...changed, arrival: ordinal }), 0)),
});

const move = objectOf({
  ...stamp,
  op: oneOf('move'),
  ...changed,
  parentId: optional(sessionId),
  /** For the answer to a retry. */
  formerParentId: optional(sessionId),
});

const archive = objectOf({
  ...stamp,
  op: oneOf('archive', 'unarchive'),
  /** The topmost session. */
  id: sessionId,
  sessions: listOf(objectOf(changed), 0),
});

export type CreateRecord = Accepted<typeof create>;
export type AppendRecord = Accepted<typeof append>;
export type UpdateRecord = Accepted<typeof update>;
export type SessionRecord =
  | CreateRecord
  | AppendRecord
  | UpdateRecord
  | Accepted<typeof truncate>
  | Accepted<typeof adopt>;
/** A change of the shape of the trees. */
export type TreeRecord = Accepted<typeof remove> | Accepted<typeof move> | Accepted<typeof archive>;
type StoreRecord = Accepted<typeof store> | TreeRecord;
export type Tombstone = Accepted<typeof tombstone>;
type StoredMessage = Accepted<typeof storedMessage>;

type Parsed<T> = { readonly record: T } | { readonly fault: string };

/** Makes a parser that validates a value by its `op`, for records of one kind. */
function parserOf<T>(checks: ReadonlyMap<unknown, Check<unknown>>): (value: object) => Parsed<T> {
  const ops = [...checks.keys()].map((op) => `"${op}"`).join(', ');
  return (value) => {
    const check = checks.get((value as { op?: unknown }).op);
    const fault = check ? check(value) : `.op: expected one of ${ops}`;
    if (fault === null) return { record: value as T };
    return { fault: `the record is not of this format: ${fault.replace(/^\./, '')}` };
  };
}

export const parseSessionRecord = parserOf<SessionRecord>(
  new Map<string, Check<unknown>>([
    ['create', create],
    ['append', append],
    ['update', update],
    ['adopt', adopt],
    ['truncate', truncate],
  ]),
);

export const parseStoreRecord = parserOf<StoreRecord>(
  new Map<string, Check<unknown>>([
    ['store', store],
    ['delete', remove],
    ['move', move],
    ['archive', archive],
    ['unarchive', archive],
  ]),
);

/** Returns the record. Throws if a later reader would reject it. */
export function readable<T extends SessionRecord>(record: T): T {
  const parsed = parseSessionRecord(record);
  if ('fault' in parsed) throw new Error(`A record that could not be read back: ${parsed.fault}`);
  return record;
}

/** The members that every record of a new mutation begins with. */
export function stampOf(seq: number, at: Date, op: Operation | undefined) {
  return {
    seq,
    at: at.toISOString(),
    ...(op && { operation: { id: op.id, fingerprint: op.fingerprint } }),
  };
}

function isEmpty(value: JsonObject): boolean {
  return Object.keys(value).length === 0;
}

/** Metadata as stored in records: left out if empty. */
export function storedMetadata(metadata: JsonObject | null | undefined): JsonObject | undefined {
  return metadata && !isEmpty(metadata) ? metadata : undefined;
}

/** Parts of the usage that are 0 are left out, except the two totals. */
function storedUsageOf(usage: NewTokenUsage): Accepted<typeof storedUsage> {
  return {
    inputTokens: usage.inputTokens,
    outputTokens: usage.outputTokens,
    cacheReadTokens: usage.cacheReadTokens || undefined,
    cacheWriteTokens: usage.cacheWriteTokens || undefined,
    reasoningTokens: usage.reasoningTokens || undefined,
    costUsd: usage.costUsd ?? undefined,
  };
}

function usageOf(stored: Accepted<typeof storedUsage>): TokenUsage {
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

export function storedMessageOf(message: NewMessage): StoredMessage {
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
  };
  return message as Message;
}
