import { isSameJson } from '../../model/json.ts';
import type { Message, NewMessage } from '../../model/message.ts';
import type { UpdateSession } from '../mutations.ts';
import { grouped, latestOf } from './group.ts';
import { changedMetadata, type MetadataLimits, type Stamp } from './mutation-records.ts';
import type { OperationAnswer, SessionRecord, UpdateRecord } from './record.ts';
import type { SessionState } from './session-state.ts';
import { paidBeforeOf, type StoredMessage, storedMessageOf } from './stored-message.ts';

/** What becomes of one of the messages that a mutation is given. */
export type MessageWrite =
  /** `before` is an earlier form of the message, which was dropped with the same mutation. */
  | { readonly kind: 'append'; readonly message: NewMessage; readonly before?: Message | undefined }
  | { readonly kind: 'replace'; readonly message: NewMessage; readonly before: Message }
  /** The message that is there stays as it is. */
  | { readonly kind: 'leave'; readonly message: Message };

/** What one mutation does to a history, and to what the session says of itself. */
export interface HistoryChange {
  /** How many messages stay. */
  readonly keep: number;
  /** True if the end of the history is dropped. A truncation is recorded even if there is nothing to drop. */
  readonly isTruncated: boolean;
  /** How many of these are a user's. */
  readonly users: number;
  readonly writes: readonly MessageWrite[];
  /** The members of an update of the session; null for none. */
  readonly described: Partial<UpdateRecord> | null;
}

/** The change that appends messages to a history. */
export function appending(
  state: Pick<SessionState, 'historyLength' | 'messageCount'>,
  messages: readonly NewMessage[],
): HistoryChange {
  return {
    keep: state.historyLength,
    isTruncated: false,
    users: state.messageCount,
    writes: messages.map((message) => ({ kind: 'append', message })),
    described: null,
  };
}

/** What a mutation of a history can change of the session itself. */
export type Described = Pick<
  UpdateSession,
  'title' | 'status' | 'statusMessage' | 'metadata' | 'setMetadata'
>;

/** A place in a history. */
export type Place = Pick<Message, 'ordinal' | 'position'>;

/** Where each message of `writes` stands afterwards. */
export function placesOf(state: Pick<SessionState, 'nextOrdinal'>, { keep, writes }: HistoryChange): Place[] {
  let { nextOrdinal } = state;
  let position = keep;
  return writes.map((write) => {
    if (write.kind === 'replace') return write.before;
    if (write.kind === 'leave') return write.message;
    const place = { ordinal: nextOrdinal, position };
    nextOrdinal += 1;
    position += 1;
    return place;
  });
}

/** What an operation's record says of the answer to a write of `places`. */
export function answerOf({ writes }: HistoryChange, places: readonly Place[]): OperationAnswer['messages'] {
  return writes.map(({ kind }, n) => {
    const { ordinal, position } = places[n]!;
    return kind === 'append' ? [ordinal, position] : [ordinal, position, kind === 'leave' ? LEFT : REPLACED];
  });
}

/** Marks a message that was there and stayed as it was, in the answer of an operation. */
export const LEFT = 1;
/** Marks a message that got another form. */
export const REPLACED = 2;

/** The records of a change, whose messages stand at `places`; none if nothing changes, unless there is an operation to record. */
export function historyRecords(
  stamp: Stamp,
  state: SessionState,
  change: HistoryChange,
  places: readonly Place[] = placesOf(state, change),
): SessionRecord[] {
  const head = { ...stamp, version: state.version + 1 };
  const records: SessionRecord[] = [];
  const { keep, isTruncated, users, writes, described } = change;
  if (isTruncated) records.push({ ...head, op: 'truncate', length: keep, messageCount: users });
  const exchange = records.length === 0 && !described ? exchangeOf(writes) : null;
  if (exchange) return [{ ...head, ...placeOfAppend(state), ...exchange }];
  records.push(...messageRecords(head, change, places));
  if (described) records.push({ ...head, op: 'update', ...described });
  if (records.length === 0 && stamp.operation) return [{ ...stamp, op: 'none', version: state.version }];
  return grouped(records);
}

function placeOfAppend({ nextOrdinal, historyLength }: SessionState) {
  return { op: 'append' as const, ordinal: nextOrdinal, position: historyLength };
}

/**
 * One line for one or two new messages: an exchange is read with one line. More messages get a line each, so that a page reads only its
 * own messages.
 */
function exchangeOf(writes: readonly MessageWrite[]) {
  const isExchange = writes.length === 1 || writes.length === 2;
  if (!isExchange || !writes.every((write) => write.kind === 'append')) return null;
  return {
    activeAt: activeAtOf(writes),
    messages: writes.map(storedFormOf),
  };
}

function messageRecords(
  head: Stamp & { readonly version: number },
  { users, writes }: HistoryChange,
  places: readonly Place[],
): SessionRecord[] {
  const records: SessionRecord[] = [];
  const activeAt = activeAtOf(writes);
  let messageCount = users;
  for (const [n, write] of writes.entries()) {
    if (write.kind === 'leave') continue;
    const { ordinal, position } = places[n]!;
    if (write.message.role === 'USER') messageCount += 1;
    const messages = [storedFormOf(write)];
    if (write.kind === 'append') {
      records.push({ ...head, op: 'append', ordinal, position, activeAt, messages });
      continue;
    }
    if (write.before.role === 'USER') messageCount -= 1;
    records.push({ ...head, op: 'replace', ordinal, position, messageCount, activeAt, messages });
  }
  return records;
}

function activeAtOf(writes: readonly MessageWrite[]): string | undefined {
  const written = writes.filter(({ kind }) => kind !== 'leave').map(({ message }) => message);
  return latestOf(written)?.toISOString();
}

/** As it is stored. A new form keeps the time of the earlier one, if it brings none. */
export function storedFormOf(write: Exclude<MessageWrite, { readonly kind: 'leave' }>): StoredMessage {
  const { message, before } = write;
  const createdAt = message.createdAt ?? (write.kind === 'replace' ? write.before.createdAt : null);
  return storedMessageOf({ ...message, createdAt }, before && paidBeforeOf(before, write.kind === 'append'));
}

/** The members of an update to what is `given`; null if that changes nothing. Throws an InvalidInputError if the metadata exceeds its limits. */
export function updateTo(
  state: SessionState,
  given: Described,
  limits: MetadataLimits,
): Partial<UpdateRecord> | null {
  const title = given.title !== undefined && given.title !== state.title ? given.title : undefined;
  const changed = changedMetadata(state, given, limits);
  const metadata = changed && !isSameJson(changed, JSON.parse(state.metadata)) ? changed : undefined;
  const status = statusOf(state, given);
  return title === undefined && metadata === undefined && !status ? null : { title, metadata, ...status };
}

function statusOf(
  state: SessionState,
  { status, statusMessage }: Described,
): Pick<UpdateRecord, 'status' | 'statusMessage'> | null {
  const after = statusMessage === undefined ? (status == null ? state.statusMessage : null) : statusMessage;
  if ((status ?? state.status) === state.status && after === state.statusMessage) return null;
  return { status: status ?? undefined, statusMessage: after };
}
