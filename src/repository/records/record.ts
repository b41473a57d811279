import { SESSION_ID_PATTERN } from '../../model/id.ts';
import type { Operation } from '../../model/operation.ts';
import { SESSION_STATUSES } from '../../model/session.ts';
import {
  type Accepted,
  always,
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
import { jsonObject, storedMessage } from './stored-message.ts';

/**
 * The records on lines; FORMAT.md, "Session files" and "The store's log". Members that are null or empty are
 * left out. Unknown members are ignored, so that a later version may add some.
 */

export const count = integerFrom(0);
export const ordinal = integerFrom(1);
export const sessionId = textLike(SESSION_ID_PATTERN);

/** Of an operation that was copied from another store: what the lines around it say in that store. */
const originalOperation = objectOf({
  at: time,
  ordinal: optional(count),
  position: optional(count),
  /** Runs of ordinals. */
  dropped: optional(listOf(listOf(count, 2, 2), 1)),
  deletedIds: optional(listOf(sessionId, 1)),
  changedIds: optional(listOf(sessionId, 1)),
  formerParentId: optional(sessionId),
});

/** What the answer to a retry needs beside the input; FORMAT.md, "Operations". */
const operationAnswer = objectOf({
  isNew: optional(always),
  /** Left out: 0, or, if there is an `original`, what that says. */
  removedCount: optional(count),
  messages: optional(listOf(listOf(count, 2), 0)),
  original: optional(originalOperation),
});

export const operation = {
  id: textLike(/./s),
  fingerprint: textLike(/^[0-9a-f]{32}$/),
  caller: optional(text),
  answer: optional(operationAnswer),
};

export const stamp = {
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

const replace = objectOf({
  ...mutation,
  op: oneOf('replace'),
  /** Of the message that gets another form. */
  ordinal: count,
  position: count,
  /** How many messages of the history are a user's afterwards. */
  messageCount: count,
  activeAt: optional(time),
  /** The new form, with its `createdAt`. A list, so that readers take it as they take an append. */
  messages: listOf(storedMessage, 1, 1),
});

/** An operation that changed nothing: the version is the one that the session has. */
const none = objectOf({ ...mutation, op: oneOf('none') });

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

/** Tokens, and money as a decimal. */
const paidSum = objectOf({
  /** In UTC. */
  day: textLike(/^\d{4}-\d\d-\d\d$/),
  model: optional(text),
  responses: count,
  inputTokens: count,
  outputTokens: count,
  cacheReadTokens: optional(count),
  cacheWriteTokens: optional(count),
  reasoningTokens: optional(count),
  costUsd: optional(textLike(/^\d+(\.\d+)?$/)),
  /** How many of the responses have a cost. */
  pricedCount: optional(count),
});

/** What the lines before cannot say of a session that is an exact copy of another. */
const restate = objectOf({
  ...mutation,
  op: oneOf('restate'),
  nextOrdinal: count,
  lastActiveAt: optional(time),
  updatedAt: optional(time),
  statusChangedAt: optional(time),
  /** Left out: the session is not archived. */
  archivedAt: optional(time),
  /** All that was ever paid, in the place of what the messages before say. */
  paid: optional(listOf(paidSum, 0)),
  /** Orders the session among its siblings; left out: the `seq` of the creation. */
  arrival: optional(ordinal),
  /** Ordinals of dropped messages whose usage others have taken over. */
  takenOver: optional(listOf(count, 1)),
});

/** What messages say was overwritten, in the lines that hold them. */
const redact = objectOf({
  ...mutation,
  op: oneOf('redact'),
  ordinals: listOf(count, 1),
  reason: text,
});

export type CreateRecord = Accepted<typeof create>;
export type AppendRecord = Accepted<typeof append>;
export type ReplaceRecord = Accepted<typeof replace>;
export type UpdateRecord = Accepted<typeof update>;
export type RestateRecord = Accepted<typeof restate>;
/** A record whose line holds messages. */
export type MessagesRecord = AppendRecord | ReplaceRecord;
export type SessionRecord =
  | CreateRecord
  | MessagesRecord
  | UpdateRecord
  | RestateRecord
  | Accepted<typeof none>
  | Accepted<typeof redact>
  | Accepted<typeof truncate>
  | Accepted<typeof adopt>;
/** The operation on a line. */
type OperationRecord = NonNullable<CreateRecord['operation']>;
/** What an operation's record says of its answer. */
export type OperationAnswer = Accepted<typeof operationAnswer>;

type Parsed<T> = { readonly record: T } | { readonly fault: string };

/** Makes a parser that validates a value by its `op`, for records of one kind. */
export function parserOf<T>(checks: ReadonlyMap<unknown, Check<unknown>>): (value: object) => Parsed<T> {
  const ops = [...checks.keys()].map((op) => `"${op}"`).join(', ');
  return (value) => {
    const check = checks.get((value as { op?: unknown }).op);
    const fault = check ? check(value) : `.op: expected one of ${ops}`;
    if (fault === null) return { record: value as T };
    return { fault: `the record is not of this format: ${fault.replace(/^\./, '')}` };
  };
}

/** Parses the JSON object of a line of a session file. */
export const parseSessionRecord = parserOf<SessionRecord>(
  new Map<string, Check<unknown>>([
    ['create', create],
    ['append', append],
    ['replace', replace],
    ['none', none],
    ['restate', restate],
    ['redact', redact],
    ['update', update],
    ['adopt', adopt],
    ['truncate', truncate],
  ]),
);

/** Returns the record. Throws if a later reader would reject it. */
export function readable<T extends SessionRecord>(record: T): T {
  const parsed = parseSessionRecord(record);
  if ('fault' in parsed) throw new Error(`A record that could not be read back: ${parsed.fault}`);
  return record;
}

/** The members that every record of a new mutation begins with. */
export function stampOf(
  seq: number,
  at: Date,
  op: Operation | undefined,
  answer?: OperationAnswer,
): { readonly seq: number; readonly at: string; readonly operation?: OperationRecord } {
  const stamp = { seq, at: at.toISOString() };
  return op
    ? {
        ...stamp,
        operation: { id: op.id, caller: op.caller ?? undefined, fingerprint: op.fingerprint, answer },
      }
    : stamp;
}
