import { InvalidInputError } from '../../model/errors.ts';
import type { RestoredMessage, RestoreSession } from '../mutations.ts';
import { applyRecord } from './apply-record.ts';
import type { Stamp } from './mutation-records.ts';
import { MessageNames } from './named-messages.ts';
import { type Paid, restatedPaidOf } from './paid.ts';
import { type CreateRecord, type RestateRecord, readable, type SessionRecord, stampOf } from './record.ts';
import type { Applied, LinePlace, MessageLocation } from './session-state.ts';
import { storedMessageOf, storedMetadata } from './stored-message.ts';

export interface RestorationParts {
  /** The id of the store that the session is written for. */
  readonly store: string;
  readonly input: RestoreSession;
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
  const { historyLength } = input;
  const stamp = stampOf(seq, at, undefined);
  const headOf = (part: number, version = 1): Head => ({ ...stamp, version, part, parts: historyLength + 2 });
  yield readable(createRecord(headOf(1), store, input));
  const keys = new Set<string>();
  let position = 0;
  for await (const message of input.messages()) {
    const { key, ordinal } = message;
    if (position === historyLength) throw misfit(`${position} messages`, 'more');
    if (key != null && keys.has(key)) throw misfit('messages with different keys', `two with "${key}"`);
    if (key != null) keys.add(key);
    const messages = [storedFormOf(message)];
    yield readable({ ...headOf(position + 2), op: 'append', ordinal, position, messages });
    position += 1;
  }
  if (position !== historyLength) throw misfit(`${historyLength} messages`, `${position}`);
  yield readable(restateRecord(headOf(position + 2, input.version), input));
}

/** The members that each record begins with. */
type Head = Stamp & Required<Pick<CreateRecord, 'version' | 'part' | 'parts'>>;

function createRecord(
  head: Head,
  store: string,
  { id, forkedFrom, spawnedBy, ...input }: RestoreSession,
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

function restateRecord(head: Head, { nextOrdinal, paid, ...input }: RestoreSession): RestateRecord {
  return {
    ...head,
    op: 'restate',
    nextOrdinal,
    updatedAt: input.updatedAt.toISOString(),
    statusChangedAt: input.statusChangedAt.toISOString(),
    archivedAt: input.archivedAt?.toISOString(),
    paid: paid ? restatedPaidOf(paid) : undefined,
  };
}

/** What the records of a restored session did so far, in their order. */
export class RestoredSession {
  readonly messages: MessageLocation[] = [];
  readonly names = new MessageNames();
  /** What the records say that was paid. */
  #paid: Paid[] = [];
  #last: Applied | null = null;

  /** Applies the next record. A store without lines leaves `place` out. */
  add(record: SessionRecord, place?: LinePlace): Applied {
    this.#last = applyRecord(this.#last?.state ?? null, record, place);
    const { messages, keys, toolResults, paid, isPaidAnew } = this.#last.effects;
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
