import { SessionNotFoundError, StorageError } from '../../../model/errors.ts';
import type { Limits } from '../../../model/limits.ts';
import type { Message, NewMessage } from '../../../model/message.ts';
import type { Operation } from '../../../model/operation.ts';
import type { Session } from '../../../model/session.ts';
import type { AnswerLimits, WriteHistory, WrittenHistory } from '../../mutations.ts';
import type { ReadLimit } from '../../reads.ts';
import {
  answerOf,
  appending,
  type Described,
  type HistoryChange,
  historyRecords,
  LEFT,
  type MessageWrite,
  type Place,
  placesOf,
  REPLACED,
  storedFormOf,
  updateTo,
} from '../../records/encode-history.ts';
import type { OperationAnswer } from '../../records/record.ts';
import type { AppliedOperation, SessionState } from '../../records/session-state.ts';
import { messageOf } from '../../records/stored-message.ts';
import { isSystemError } from '../disk/storage-error.ts';
import type { IndexReader } from '../index/reader.ts';
import type { TextAllowance } from '../read/read-messages.ts';
import {
  allowanceOf,
  type HistoryInput,
  type HistoryPlan,
  HistoryPlans,
  type HistoryPlansParts,
} from './history-plans.ts';
import { refuseArchived } from './preconditions.ts';
import type { SessionWrites } from './session-writes.ts';

export interface HistoryWritesParts extends HistoryPlansParts {
  readonly writes: SessionWrites;
  readonly limits: Pick<Limits, 'metadataBytes' | 'metadataDepth'>;
}

/** A write to a session that is there, which may also change what the session says of itself. */
export interface HistoryWrite extends HistoryInput, Described {
  /** True for a truncation, which raises the version even if it drops nothing. */
  readonly isTruncation?: boolean;
  /** What the session was named by, if not by its id. */
  readonly named?: Required<Pick<WriteHistory, 'key' | 'ownerId'>> | undefined;
}

/** Writes to the histories of sessions that are there: appends, replacements and rollbacks, several of them in one step. */
export class HistoryWrites {
  readonly #index: IndexReader;
  readonly #plans: HistoryPlans;
  readonly #writes: SessionWrites;
  readonly #limits: HistoryWritesParts['limits'];

  constructor(parts: HistoryWritesParts) {
    this.#index = parts.index;
    this.#plans = new HistoryPlans(parts);
    this.#writes = parts.writes;
    this.#limits = parts.limits;
  }

  /** Rejects with a SessionNotFoundError also if the session has lost the key that it was named by. */
  write(
    input: HistoryWrite,
    limits: AnswerLimits,
    operation: Operation | undefined,
  ): Promise<WrittenHistory> {
    const { sessionId, expectedVersion, messages, named } = input;
    // Appends without keys depend on nothing that is there: they share writes.
    const isPlain = isAppendAlone(input);
    let plan: HistoryPlan | null = null;
    let written: { readonly change: HistoryChange; readonly places: readonly Place[] } | undefined;
    return this.#writes.submit(sessionId, {
      expectedVersion,
      operation,
      alone: !isPlain,
      prepare: isPlain
        ? undefined
        : async () => {
            if (named && this.#index.withKey(named.key!, named.ownerId ?? null)?.id !== sessionId)
              throw SessionNotFoundError.key(named.key!);
            plan = await this.#plans.make(input, limits);
          },
      records: (stamp, state) => {
        refuseArchived(sessionId, state.archivedAt);
        const change = plan ? this.#changeOf(state, input, plan) : appending(state, messages ?? []);
        const places = placesOf(state, change);
        written = { change, places };
        const { operation: recorded } = stamp;
        if (!recorded || !hasAnswer(input)) return historyRecords(stamp, state, change, places);
        const removedCount = state.historyLength - change.keep;
        const answer: OperationAnswer = {
          removedCount: removedCount || undefined,
          messages: answerOf(change, places),
        };
        return historyRecords({ ...stamp, operation: { ...recorded, answer } }, state, change, places);
      },
      answer: (session, _, at) => ({
        session,
        isNew: false,
        removed: plan?.removed ?? [],
        removedCount: plan ? plan.row.historyLength - plan.keep : 0,
        messages: written!.change.writes.map((write, n) =>
          messageAt(sessionId, at, write, written!.places[n]!),
        ),
      }),
    });
  }

  #changeOf(state: SessionState, input: HistoryWrite, { keep, users, writes }: HistoryPlan): HistoryChange {
    const isTruncated = input.isTruncation === true || keep < state.historyLength;
    return { keep, isTruncated, users, writes, described: updateTo(state, input, this.#limits) };
  }

  /** What a write would drop now. Rejects as the write would. */
  async foresee(
    input: HistoryInput,
    limits: AnswerLimits,
  ): Promise<Omit<WrittenHistory, 'messages' | 'isNew'>> {
    const { row, keep, removed } = await this.#plans.make(input, limits);
    return { session: this.#index.sessionOf(row), removedCount: row.historyLength - keep, removed };
  }

  /** The answer to a retry; `session` is the session as it is now. The retry has the input of the first request. */
  again(
    applied: AppliedOperation,
    session: Session,
    input: Pick<WriteHistory, 'messages'>,
    limits: AnswerLimits,
  ): Promise<WrittenHistory> {
    return unlessUnread(() => this.#again(applied, session, input, limits));
  }

  async #again(
    applied: AppliedOperation,
    session: Session,
    { messages }: Pick<WriteHistory, 'messages'>,
    limits: AnswerLimits,
  ): Promise<WrittenHistory> {
    const answer = applied.answer === null ? null : (JSON.parse(applied.answer) as OperationAnswer);
    const { sessionId, seq } = applied;
    const { removed } = limits;
    const allowance = allowanceOf(limits);
    return {
      session,
      isNew: answer?.isNew ?? false,
      // Without an `answer`, only a write without messages has dropped any.
      removedCount: answer ? (answer.removedCount ?? 0) : messages ? 0 : (applied.ordinal ?? 0),
      removed: removed
        ? await this.#plans.readDropped(sessionId, removed, allowance, (most) =>
            this.#index.droppedBy(sessionId, seq, most),
          )
        : [],
      messages: await this.#messagesAgain(applied, answer, messages ?? [], limits.messages, allowance),
    };
  }

  async #messagesAgain(
    { sessionId, at, ordinal, position }: AppliedOperation,
    answer: OperationAnswer | null,
    given: readonly NewMessage[],
    limit: ReadLimit | null,
    allowance: TextAllowance,
  ): Promise<Message[]> {
    const messages: Message[] = [];
    for (const [n, message] of given.entries()) {
      const [own = (ordinal ?? 0) + n, place = (position ?? 0) + n, mark] = answer?.messages?.[n] ?? [];
      const location = this.#index.messageEver(sessionId, own);
      const isShownAsStored = mark === LEFT || this.#index.redactedAt(sessionId, own) !== null;
      const read =
        isShownAsStored && location && limit
          ? await this.#plans.read(sessionId, [location], limit, allowance)
          : [];
      const createdAt = message.createdAt ?? (location ? new Date(location.createdAt) : null);
      const write = { kind: 'append', message: { ...message, createdAt } } as const;
      const written = messageAt(sessionId, new Date(at), write, { ordinal: own, position: place });
      messages.push(read[0] ?? (mark === REPLACED ? { ...written, replacedAt: new Date(at) } : written));
    }
    return messages;
  }
}

/** Runs `read` for the answer to a retry. If the system cannot read the messages, the error says that the operation is recorded. */
async function unlessUnread<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const cause = error instanceof StorageError ? error.cause : error;
    if (!isSystemError(cause)) throw error;
    throw new StorageError(
      `The operation is recorded, but messages of its answer could not be read (${cause.code}). Try again with the same operationId to ` +
        'get them.',
      true,
      { cause },
    );
  }
}

/** True for an append of messages without keys, and nothing else. */
function isAppendAlone(input: HistoryWrite): boolean {
  const { keep, keepThroughKey, dropLast, messages, named } = input;
  const { title, status, statusMessage, metadata, setMetadata } = input;
  return (
    keep == null &&
    keepThroughKey == null &&
    dropLast == null &&
    !named &&
    title === undefined &&
    status == null &&
    statusMessage === undefined &&
    metadata == null &&
    setMetadata == null &&
    messages != null &&
    messages.length > 0 &&
    messages.every(({ key }) => key == null)
  );
}

/** True if a retry cannot be answered from the place of the first message alone. */
function hasAnswer(input: HistoryWrite): boolean {
  return input.messages != null && !isAppendAlone(input);
}

/** A message after the write, as a read would return it. */
export function messageAt(
  sessionId: string,
  at: Date,
  write: MessageWrite,
  { ordinal, position }: Place,
): Message {
  if (write.kind === 'leave') return write.message;
  const replacedAt = write.kind === 'replace' ? at : null;
  return messageOf(storedFormOf(write), { sessionId, at, ordinal, position, replacedAt });
}
