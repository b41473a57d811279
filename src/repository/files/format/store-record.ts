import {
  type Accepted,
  type Check,
  integerFrom,
  listOf,
  objectOf,
  oneOf,
  optional,
  text,
  time,
} from '../../records/members.ts';
import { count, operation, ordinal, parserOf, sessionId, stamp } from '../../records/record.ts';

/** The records of the store's log; FORMAT.md, "The store's log". */

const store = objectOf({ op: oneOf('store'), format: count, store: text, at: time });

const tombstone = objectOf({
  id: sessionId,
  parentId: optional(sessionId),
  arrival: ordinal,
  /** The user of the root of its tree. */
  ownerId: optional(text),
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

const archival = {
  ...stamp,
  /** The topmost session. */
  id: sessionId,
  sessions: listOf(objectOf(changed), 0),
};

const archive = objectOf({
  ...archival,
  op: oneOf('archive'),
  /** Since when the sessions are archived; default: `at`. */
  archivedAt: optional(time),
});

const unarchive = objectOf({ ...archival, op: oneOf('unarchive') });

/** Says that lines from here on can be of this format. */
const format = objectOf({ ...stamp, op: oneOf('format'), format: integerFrom(2) });

/** A change of the shape of the trees. */
export type TreeRecord =
  | Accepted<typeof remove>
  | Accepted<typeof move>
  | Accepted<typeof archive>
  | Accepted<typeof unarchive>;
export type FormatRecord = Accepted<typeof format>;
type StoreRecord = Accepted<typeof store> | FormatRecord | TreeRecord;
export type Tombstone = Accepted<typeof tombstone>;

/** Parses the JSON object of a line of the store's log. */
export const parseStoreRecord = parserOf<StoreRecord>(
  new Map<string, Check<unknown>>([
    ['store', store],
    ['format', format],
    ['delete', remove],
    ['move', move],
    ['archive', archive],
    ['unarchive', unarchive],
  ]),
);
