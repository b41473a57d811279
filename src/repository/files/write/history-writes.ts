import { SessionNotFoundError, StorageError } from '../../../model/errors.ts';
import type { Limits } from '../../../model/limits.ts';
import type { Operation } from '../../../model/operation.ts';
import type { Session } from '../../../model/session.ts';
import type { AnswerLimits, WriteHistory, WrittenHistory } from '../../mutations.ts';
import { type HistoryInput, type HistoryPlan, planHistory } from '../../plans/history-plan.ts';
import {
  type HistoryWrite,
  isAppendAlone,
  type RecordedHistory,
  recordHistory,
  writtenBefore,
  writtenHistory,
} from '../../plans/history-write.ts';
import type { AppliedOperation } from '../../records/session-state.ts';
import { isSystemError } from '../disk/storage-error.ts';
import { FileHistoryView, type FileHistoryViewParts } from './file-history-view.ts';
import type { SessionWrites } from './session-writes.ts';

export interface HistoryWritesParts extends FileHistoryViewParts {
  readonly writes: SessionWrites;
  readonly limits: Pick<Limits, 'metadataBytes' | 'metadataDepth'>;
}

/** Writes to the histories of sessions that are there: appends, replacements and rollbacks, several of them in one step. */
export class HistoryWrites {
  readonly #parts: HistoryWritesParts;

  constructor(parts: HistoryWritesParts) {
    this.#parts = parts;
  }

  /** Rejects with a SessionNotFoundError also if the session has lost the key that it was named by. */
  write(
    input: HistoryWrite,
    limits: AnswerLimits,
    operation: Operation | undefined,
  ): Promise<WrittenHistory> {
    const { sessionId, expectedVersion, named } = input;
    const { index, writes, limits: metadataLimits } = this.#parts;
    // Appends without keys share writes.
    const isPlain = isAppendAlone(input);
    let plan: HistoryPlan | null = null;
    let recorded: RecordedHistory;
    return writes.submit(sessionId, {
      expectedVersion,
      operation,
      alone: !isPlain,
      prepare: isPlain
        ? undefined
        : async () => {
            if (named && index.withKey(named.key!, named.ownerId ?? null)?.id !== sessionId)
              throw SessionNotFoundError.key(named.key!);
            plan = await planHistory(this.#viewOf(sessionId), input, limits);
          },
      records: (stamp, state) => {
        recorded = recordHistory(stamp, state, input, plan, metadataLimits);
        return recorded.records;
      },
      answer: (session, _, at) => writtenHistory(session, at, plan, recorded),
    });
  }

  /** What a write would drop now. Rejects as the write would. */
  async foresee(
    input: HistoryInput,
    limits: AnswerLimits,
  ): Promise<Omit<WrittenHistory, 'messages' | 'isNew'>> {
    const { row, keep, removed } = await planHistory(this.#viewOf(input.sessionId), input, limits);
    return { session: this.#parts.index.sessionOf(row), removedCount: row.historyLength - keep, removed };
  }

  /** The answer to a retry; `session` is the session as it is now. The retry has the input of the first request. */
  again(
    applied: AppliedOperation,
    session: Session,
    input: Pick<WriteHistory, 'messages'>,
    limits: AnswerLimits,
  ): Promise<WrittenHistory> {
    return unlessUnread(() =>
      writtenBefore(this.#viewOf(applied.sessionId), applied, session, input, limits),
    );
  }

  #viewOf(sessionId: string): FileHistoryView {
    return new FileHistoryView(this.#parts, sessionId);
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
