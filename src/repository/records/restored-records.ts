import { InvalidInputError } from '../../model/errors.ts';
import type { DumpedMessage, DumpedSession } from '../dump.ts';
import type { RestoredMessage, RestoreSession } from '../mutations.ts';
import { applyRecord } from './apply-record.ts';
import type { Stamp } from './mutation-records.ts';
import { MessageNames } from './named-messages.ts';
import { type Paid, restatedPaidOf } from './paid.ts';
import { type CreateRecord, type RestateRecord, readable, type SessionRecord, stampOf } from './record.ts';
import type { Applied, LinePlace, MessageLocation } from './session-state.ts';
import { storedMessageOf, storedMetadata } from './stored-message.ts';

/** Without what only a dump has, the messages are the history, and the session comes after all others. */
export interface SessionToRestore
  extends Omit<RestoreSession, 'messages'>,
    Partial<Pick<DumpedSession, 'arrival' | 'droppedCount'>> {
  readonly messages: () => AsyncIterable<MessageToRestore>;
}

type MessageToRestore = RestoredMessage &
  Partial<Pick<DumpedMessage, 'position' | 'isDropped' | 'isTakenOver'>>;

export interface RestorationParts {
  /** The id of the store that the session is written for. */
  readonly store: string;
  readonly input: SessionToRestore;
  readonly seq: number;
  readonly at: Date;
}

/**
 * The records of an exact copy of a session, one after the other: one group, so that it counts whole or not at all. Throws an
 * InvalidInputError if the messages are not as the input says.
 */
export async function* restoredRecords({
  store,
  input,
  seq,
  at,
}: RestorationParts): AsyncGenerator<SessionRecord, void> {
  const { historyLength, droppedCount = 0 } = input;
  const count = historyLength + droppedCount;
  // Each record says how many there are.
  const parts = count + 2 + (droppedCount > 0 ? await truncationsOf(input) : 0);
  const stamp = stampOf(seq, at, undefined);
  let part = 0;
  const head = (version = 1): Head => {
    part += 1;
    return { ...stamp, version, part, parts };
  };
  yield readable(createRecord(head(), store, input));
  const history = new BuiltHistory();
  const keys = new Set<string>();
  const takenOver: number[] = [];
  let given = 0;
  for await (const message of input.messages()) {
    const { key, ordinal, position = given, isDropped = false, isTakenOver = false } = message;
    if (given === count) throw misfit(`${count} messages`, 'more');
    if (position > history.length)
      throw misfit(`a message at position ${history.length}`, `one at ${position}`);
    if (key != null && !isDropped && keys.has(key))
      throw misfit('messages with different keys', `two with "${key}"`);
    if (key != null && !isDropped) keys.add(key);
    if (isTakenOver) takenOver.push(ordinal);
    if (position < history.length) yield readable({ ...head(), op: 'truncate', ...history.cut(position) });
    yield readable({ ...head(), op: 'append', ordinal, position, messages: [storedFormOf(message)] });
    history.add(message.role === 'USER');
    given += 1;
  }
  if (given !== count) throw misfit(`${count} messages`, `${given}`);
  if (history.length > historyLength)
    yield readable({ ...head(), op: 'truncate', ...history.cut(historyLength) });
  if (history.length !== historyLength)
    throw misfit(`a history of ${historyLength} messages`, `${history.length}`);
  yield readable(restateRecord(head(input.version), input, seq, takenOver));
}

/** How often a message takes the place of an earlier one, and whether the last ones leave the history. */
async function truncationsOf({ messages, historyLength }: SessionToRestore): Promise<number> {
  let truncations = 0;
  let length = 0;
  for await (const { position = length } of messages()) {
    if (position < length) truncations += 1;
    length = position + 1;
  }
  return length > historyLength ? truncations + 1 : truncations;
}

/** A history, message by message. */
class BuiltHistory {
  /** Of each message, how many of those before it are a user's. */
  readonly #usersBefore: number[] = [];
  #users = 0;

  get length(): number {
    return this.#usersBefore.length;
  }

  add(isUsers: boolean): void {
    this.#usersBefore.push(this.#users);
    if (isUsers) this.#users += 1;
  }

  /** Drops all messages from a position on. Returns what a truncation says of the rest. */
  cut(length: number): { readonly length: number; readonly messageCount: number } {
    this.#users = this.#usersBefore[length]!;
    this.#usersBefore.length = length;
    return { length, messageCount: this.#users };
  }
}

/** The members that each record begins with. */
type Head = Stamp & Required<Pick<CreateRecord, 'version' | 'part' | 'parts'>>;

function createRecord(
  head: Head,
  store: string,
  { id, forkedFrom, spawnedBy, ...input }: SessionToRestore,
): CreateRecord {
  return {
    ...head,
    op: 'create',
    store,
    id,
    parentId: input.parentId ?? undefined,
    userId: input.userId ?? undefined,
    key: input.key ?? undefined,
    title: input.title ?? undefined,
    agentName: input.agentName ?? undefined,
    project: input.project ?? undefined,
    status: input.status === 'IDLE' ? undefined : input.status,
    statusMessage: input.statusMessage ?? undefined,
    spawnedBy: spawnedBy
      ? {
          sessionId: spawnedBy.sessionId,
          messageId: spawnedBy.messageId ?? undefined,
          toolCallId: spawnedBy.toolCallId ?? undefined,
        }
      : undefined,
    metadata: storedMetadata(input.metadata),
    createdAt: input.createdAt.toISOString(),
    lastActiveAt: input.lastActiveAt.toISOString(),
    forkedFrom: forkedFrom
      ? {
          sessionId: forkedFrom.sessionId,
          messageId: forkedFrom.messageId ?? undefined,
          historyLength: forkedFrom.historyLength,
        }
      : undefined,
  };
}

function storedFormOf(message: RestoredMessage) {
  const { replacedAt, redactedAt } = message;
  return {
    ...storedMessageOf(message),
    redactedAt: redactedAt?.toISOString(),
    replacedAt: replacedAt?.toISOString(),
  };
}

function restateRecord(
  head: Head,
  { nextOrdinal, paid, arrival, ...input }: SessionToRestore,
  sequence: number,
  takenOver: readonly number[],
): RestateRecord {
  return {
    ...head,
    op: 'restate',
    nextOrdinal,
    updatedAt: input.updatedAt.toISOString(),
    statusChangedAt: input.statusChangedAt.toISOString(),
    archivedAt: input.archivedAt?.toISOString(),
    paid: paid ? restatedPaidOf(paid) : undefined,
    arrival: arrival === sequence ? undefined : arrival,
    takenOver: takenOver.length > 0 ? takenOver : undefined,
  };
}

/** A truncation of the history that the records build up. */
export interface Drop {
  /** How many messages come before it. */
  readonly after: number;
  /** Messages from this position on leave the history. */
  readonly from: number;
}

/** What the records of a restored session did so far, in their order. */
export class RestoredSession {
  readonly messages: MessageLocation[] = [];
  readonly drops: Drop[] = [];
  readonly names = new MessageNames();
  /** What the records say that was paid. */
  #paid: Paid[] = [];
  #last: Applied | null = null;

  /** Applies the next record. A store without lines leaves `place` out. */
  add(record: SessionRecord, place?: LinePlace): Applied {
    this.#last = applyRecord(this.#last?.state ?? null, record, place);
    const { truncatedTo, messages, keys, toolResults, paid, isPaidAnew } = this.#last.effects;
    if (truncatedTo !== null) this.drops.push({ after: this.messages.length, from: truncatedTo });
    for (const message of messages) this.messages.push(message);
    this.names.add({ keys, toolResults });
    if (isPaidAnew) this.#paid = [];
    for (const each of paid) this.#paid.push(each);
    return this.#last;
  }

  /** The session after the last record, without the effects of its messages; all that was paid is among its own. */
  get applied(): Applied {
    const { state, effects } = this.#last!;
    return { state, effects: { ...effects, paid: this.#paid, isPaidAnew: false } };
  }
}

function misfit(expected: string, got: string): InvalidInputError {
  return new InvalidInputError([
    { path: ['input', 'messages'], message: `expected ${expected}, got ${got}` },
  ]);
}
