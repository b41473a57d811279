import { z } from 'zod';
import { SESSION_ID_PATTERN } from '../../model/id.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.ts';
import { MESSAGE_ROLES, type Message, type NewMessage } from '../../model/message.ts';
import type { Operation } from '../../model/operation.ts';

/**
 * The records that lines hold; FORMAT.md, "Session files" and "The store's log". Members that are null or empty are left
 * out. Unknown members are passed over, so that a later version may add some.
 */

const count = z.int().min(0);
const time = z.iso.datetime().transform((text) => Date.parse(text));
const sessionId = z.string().regex(SESSION_ID_PATTERN);
const jsonObject = z.custom<JsonObject>(isJsonObject);

const operation = z.object({ id: z.string().min(1), fingerprint: z.string().regex(/^[0-9a-f]{32}$/) });

const stamp = {
  /** Store-wide: the order of commits. */
  seq: z.int().min(1),
  at: time,
  operation: operation.optional(),
};

const mutation = {
  ...stamp,
  /** Of the session, after this mutation. */
  version: z.int().min(1),
  /** Where a mutation takes several lines: this is number `part`, from 1, of `parts`. */
  part: z.int().min(1).optional(),
  parts: z.int().min(2).optional(),
};

const storedMessage = z.object({
  role: z.enum(MESSAGE_ROLES),
  content: z.string(),
  name: z.string().optional(),
  toolCallId: z.string().optional(),
  payload: z.custom<JsonValue>().optional(),
  usage: z
    .object({ inputTokens: count, outputTokens: count, costUsd: z.number().min(0).optional() })
    .optional(),
  metadata: jsonObject.optional(),
  createdAt: z.iso.datetime().optional(),
});

const create = z.object({
  ...mutation,
  op: z.literal('create'),
  store: z.string(),
  id: sessionId,
  parentId: sessionId.optional(),
  userId: z.string().optional(),
  title: z.string().optional(),
  metadata: jsonObject.optional(),
  createdAt: time.optional(),
  lastActiveAt: time.optional(),
  /** Where its messages of version 1 were copied from. */
  forkedFrom: z.object({ sessionId, messageId: z.string().optional(), historyLength: count }).optional(),
});

const append = z.object({
  ...mutation,
  op: z.literal('append'),
  /** Of the line's first message: how many messages the session ever had before it. */
  ordinal: count,
  /** Of the line's first message: its place in the history. */
  position: count,
  /** Of those messages that name no time of their own; `at` when left out. */
  createdAt: time.optional(),
  messages: z.array(storedMessage).min(1),
});

const truncate = z.object({
  ...mutation,
  op: z.literal('truncate'),
  /** How many messages stay. */
  length: count,
  /** How many of them are a user's. */
  messageCount: count,
});

const update = z.object({
  ...mutation,
  op: z.literal('update'),
  /** What it is from here on; null: none. Left out: unchanged. */
  title: z.string().nullable().optional(),
  /** All of it, not the patch: so that one lost line does not spoil what follows. */
  metadata: jsonObject.optional(),
});

const adopt = z.object({
  ...mutation,
  op: z.literal('adopt'),
  /** The store that the session belongs to from here on. Its sequence number gives the session its place there. */
  store: z.string(),
});

const store = z.object({ op: z.literal('store'), format: z.int(), store: z.string(), at: time });

const tombstone = z.object({
  id: sessionId,
  parentId: sessionId.optional(),
  arrival: z.int().min(1),
  /** Only where the session had operations: what answers a late retry of one. */
  last: z
    .object({
      sequence: z.int(),
      rootId: z.string(),
      depth: count,
      userId: z.string().optional(),
      createdAt: time,
      lastActiveAt: time,
      messageCount: count,
      historyLength: count,
      version: z.int(),
    })
    .optional(),
  operations: z
    .array(
      z.object({
        ...operation.shape,
        seq: z.int(),
        at: time,
        ordinal: count.optional(),
        position: count.optional(),
      }),
    )
    .optional(),
});

/** A session that a record of the log changes, and its version after it. */
const changed = { id: sessionId, version: z.int().min(1) };

const remove = z.object({
  ...stamp,
  op: z.literal('delete'),
  sessions: z.array(tombstone).min(1),
  /** Children that go to the parent of the first of `sessions`. */
  reparented: z.array(z.object({ ...changed, arrival: z.int().min(1) })).optional(),
});

const move = z.object({ ...stamp, op: z.literal('move'), ...changed, parentId: sessionId.optional() });

const archive = z.object({
  ...stamp,
  op: z.enum(['archive', 'unarchive']),
  /** The topmost. */
  id: sessionId,
  sessions: z.array(z.object(changed)),
});

const sessionRecord = z.discriminatedUnion('op', [create, append, update, adopt, truncate]);
const storeRecord = z.discriminatedUnion('op', [store, remove, move, archive]);

export type SessionRecord = z.output<typeof sessionRecord>;
export type CreateRecord = z.output<typeof create>;
export type AppendRecord = z.output<typeof append>;
/** An append as its line has it. */
export type StoredAppend = z.input<typeof append>;
export type StoreRecord = z.output<typeof storeRecord>;
export type DeleteRecord = z.output<typeof remove>;
export type MoveRecord = z.output<typeof move>;
export type ArchiveRecord = z.output<typeof archive>;
/** A change of the shape of the trees. */
export type ShapeRecord = DeleteRecord | MoveRecord | ArchiveRecord;
export type Tombstone = z.output<typeof tombstone>;
export type StoredMessage = z.output<typeof storedMessage>;

function parse<Record>(schema: z.ZodType<Record>, value: object): { record: Record } | { fault: string } {
  const result = schema.safeParse(value);
  if (result.success) return { record: result.data };
  const issue = result.error.issues[0]!;
  return { fault: `the record is not of this format: ${issue.path.join('.') || 'op'}: ${issue.message}` };
}

export const parseSessionRecord = (value: object) => parse(sessionRecord, value);
export const parseStoreRecord = (value: object) => parse(storeRecord, value);

/** Throws where a reader could not make sense of it. */
export const parseTombstone = (value: object): Tombstone => tombstone.parse(value);

/** What every record of a new mutation begins with. */
export function stampOf(seq: number, at: Date, op: Operation | undefined) {
  return { seq, at: at.toISOString(), ...(op && { operation: op }) };
}

function isEmpty(value: JsonObject): boolean {
  return Object.keys(value).length === 0;
}

/** Metadata as records hold it: left out where there is none. */
export function storedMetadata(metadata: JsonObject | null | undefined): JsonObject | undefined {
  return metadata && !isEmpty(metadata) ? metadata : undefined;
}

export function storedMessageOf(message: NewMessage): StoredMessage {
  const { usage } = message;
  return {
    role: message.role,
    content: message.content,
    name: message.name ?? undefined,
    toolCallId: message.toolCallId ?? undefined,
    payload: message.payload ?? undefined,
    usage: usage
      ? {
          inputTokens: usage.inputTokens,
          outputTokens: usage.outputTokens,
          costUsd: usage.costUsd ?? undefined,
        }
      : undefined,
    metadata: storedMetadata(message.metadata),
    createdAt: message.createdAt?.toISOString(),
  };
}

/** Where a message stands, and what its record leaves to its line. */
export interface MessagePlace {
  readonly sessionId: string;
  readonly ordinal: number;
  readonly position: number;
  /** The line's time. */
  readonly at: Date;
  readonly bytes: number;
}

export function messageOf(stored: StoredMessage, place: MessagePlace): Message {
  return {
    sessionId: place.sessionId,
    ordinal: place.ordinal,
    position: place.position,
    role: stored.role,
    content: stored.content,
    name: stored.name ?? null,
    toolCallId: stored.toolCallId ?? null,
    payload: stored.payload ?? null,
    usage: stored.usage ?? null,
    metadata: stored.metadata ?? {},
    createdAt: stored.createdAt === undefined ? place.at : new Date(stored.createdAt),
    bytes: place.bytes,
  };
}
