import { InvalidInputError, StorageError } from '../../../model/errors.ts';
import type { Operation } from '../../../model/operation.ts';
import type { Session } from '../../../model/session.ts';
import type { TruncateHistory } from '../../mutations.ts';
import { type ReadLimit, ReadTooLargeError } from '../../reads.ts';
import { isSystemError } from '../disk/storage-error.ts';
import { truncateRecords } from '../format/encode-mutation.ts';
import type { MessageLocation } from '../format/session-state.ts';
import type { IndexReader } from '../index/reader.ts';
import { bytesToRead, textBytesMax } from '../read/reading.ts';
import { existing, refuseArchived } from './preconditions.ts';
import type { SessionWrites } from './session-writes.ts';

/** A session after a rollback, and the locations of those of the dropped messages that are requested. */
export interface TruncatedHistory {
  readonly session: Session;
  readonly removedCount: number;
  readonly dropped: readonly MessageLocation[];
}

/** Rolls histories back. One line in the session's file is the commit. */
export class Truncations {
  readonly #index: IndexReader;
  readonly #writes: SessionWrites;

  constructor({ index, writes }: { index: IndexReader; writes: SessionWrites }) {
    this.#index = index;
    this.#writes = writes;
  }

  /** What a rollback would drop. Throws the error that the rollback would reject with. */
  plan(input: TruncateHistory, limit: ReadLimit | null): TruncatedHistory {
    const { sessionId, expectedVersion } = input;
    const row = existing(this.#index, sessionId, expectedVersion);
    refuse(input, row.archivedAt, row.historyLength);
    const dropped = limit ? this.#droppable(input, limit) : [];
    const removedCount = row.historyLength - input.keep;
    return { session: this.#index.session(sessionId)!, removedCount, dropped };
  }

  /** The messages that would be dropped now; empty if they surely fit into `limit`, or surely do not, without reading them. */
  toReadAhead(input: TruncateHistory, limit: ReadLimit): readonly MessageLocation[] {
    const locations = this.#requested(input, limit);
    return locations.length > limit.messages || textBytesMax(locations, limit.shown) <= limit.bytes
      ? []
      : locations;
  }

  /**
   * `ahead` are the messages that were already read. If others are dropped, rejects with a ReadTooLargeError unless they surely
   * fit into `limit`.
   */
  async truncate(
    input: TruncateHistory,
    limit: ReadLimit | null,
    ahead: readonly MessageLocation[],
    operation: Operation | undefined,
  ): Promise<TruncatedHistory> {
    let dropped: readonly MessageLocation[] = [];
    let removedCount = 0;
    const session = await this.#writes.submit(input.sessionId, {
      expectedVersion: input.expectedVersion,
      operation,
      alone: true,
      records: (stamp, state) => {
        refuse(input, state.archivedAt, state.historyLength);
        if (limit) dropped = this.#droppable(input, limit);
        if (limit && !areSame(dropped, ahead)) this.#refuseUnread(dropped, limit);
        removedCount = state.historyLength - input.keep;
        const users =
          limit && limit.first === undefined
            ? dropped.filter(({ role }) => role === 'USER').length
            : this.#index.countFrom(input.sessionId, input.keep, 'USER');
        return truncateRecords(stamp, state, input.keep, state.messageCount - users);
      },
      answer: (rolledBack) => rolledBack,
    });
    return { session, removedCount, dropped };
  }

  #refuseUnread(dropped: readonly MessageLocation[], limit: ReadLimit): void {
    if (textBytesMax(dropped, limit.shown) > limit.bytes) throw new ReadTooLargeError(limit.bytes);
    if (limit.shown !== null) limit.onRead?.(bytesToRead(dropped));
  }

  /** The requested messages past the new end as of now, or one more than `limit` allows. */
  #requested({ sessionId, keep }: TruncateHistory, { first, messages }: ReadLimit): MessageLocation[] {
    return this.#index.messagesFrom(
      sessionId,
      keep,
      Math.min(messages + 1, first ?? Number.POSITIVE_INFINITY),
    );
  }

  /** The requested messages past the new end. Throws a ReadTooLargeError if there are more than `limit.messages`. */
  #droppable(input: TruncateHistory, limit: ReadLimit): readonly MessageLocation[] {
    const locations = this.#requested(input, limit);
    if (locations.length > limit.messages) throw new ReadTooLargeError(limit.bytes);
    return locations;
  }
}

/** True if both are the same range of one history. It is enough to compare the ends: an ordinal is never used twice. */
export function areSame(some: readonly MessageLocation[], others: readonly MessageLocation[]): boolean {
  return (
    some.length === others.length &&
    some[0]?.ordinal === others[0]?.ordinal &&
    some.at(-1)?.ordinal === others.at(-1)?.ordinal
  );
}

/**
 * Runs `read` for the answer to a rollback. If the system cannot read the messages, the error says that the rollback is recorded.
 */
export async function unlessUnread<T>(operation: Operation | undefined, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const cause = error instanceof StorageError ? error.cause : error;
    if (!isSystemError(cause)) throw error;
    const mending = operation ? ' Try again with the same operationId to get it.' : '';
    throw new StorageError(
      `The history was rolled back, but what it dropped could not be read for the answer (${cause.code}).${mending}`,
      operation !== undefined,
      { cause },
    );
  }
}

function refuse(
  { sessionId, keep }: TruncateHistory,
  archivedAt: number | null,
  historyLength: number,
): void {
  refuseArchived(sessionId, archivedAt);
  if (keep <= historyLength) return;
  throw new InvalidInputError([
    {
      path: ['input', 'keep'],
      message: `expected at most ${historyLength}, the length of the history, got ${keep}`,
    },
  ]);
}
