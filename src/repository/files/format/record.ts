import { SESSION_ID_PATTERN } from '../../../model/id.ts';
import type { Operation } from '../../../model/operation.ts';
import { SESSION_STATUSES } from '../../../model/session.ts';
import {
  type Accepted,
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

const count = integerFrom(0);
const ordinal = integerFrom(1);
const sessionId = textLike(SESSION_ID_PATTERN);

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
