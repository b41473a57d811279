import {
  ConflictError,
  InvalidInputError,
  SessionArchivedError,
  SessionNotFoundError,
} from '../../model/errors.ts';
import type { Operation } from '../../model/operation.ts';
import type { Session } from '../../model/session.ts';
import { type ReadLimit, ReadTooLargeError, type TruncateHistory } from '../repository.ts';
import { bytesToRead } from './file-reader.ts';
import type { IndexReader } from './index/reader.ts';
import { truncateRecords } from './mutation.ts';
import type { MessageLocation } from './session-state.ts';
import type { SessionWrites } from './session-writes.ts';

/** A session after a rollback, and where the messages lie that it dropped. */
export interface RolledBack {
  readonly session: Session;
  readonly dropped: readonly MessageLocation[];
}

/** Rolls histories back: a line in the session's file says how far. */
export class Rollbacks {
  readonly #index: IndexReader;
  readonly #writes: SessionWrites;

  constructor({ index, writes }: { index: IndexReader; writes: SessionWrites }) {
    this.#index = index;
    this.#writes = writes;
  }

  /** What a rollback would drop. Throws the error that would refuse it. */
  plan(input: TruncateHistory, limit: ReadLimit): RolledBack {
    const { sessionId, expectedVersion: expected } = input;
    const session = this.#index.session(sessionId);
    if (!session) throw new SessionNotFoundError(sessionId);
    if (expected != null && expected !== session.version)
      throw ConflictError.version(sessionId, expected, session.version);
    refuse(input, session.archivedAt, session.historyLength);
    return { session, dropped: this.#droppable(input, limit) };
  }

  async truncate(
    input: TruncateHistory,
    limit: ReadLimit,
    operation: Operation | undefined,
  ): Promise<RolledBack> {
    let dropped: MessageLocation[] = [];
    const session = await this.#writes.submit(input.sessionId, {
      expectedVersion: input.expectedVersion,
      operation,
      alone: true,
      records: (stamp, state) => {
        refuse(input, state.archivedAt, state.historyLength);
        dropped = this.#droppable(input, limit);
        const users = dropped.filter(({ role }) => role === 'USER').length;
        return truncateRecords(stamp, state, input.length, state.messageCount - users);
      },
      answer: (rolledBack) => rolledBack,
    });
    return { session, dropped };
  }

  #droppable({ sessionId, length }: TruncateHistory, { messages, bytes }: ReadLimit): MessageLocation[] {
    const locations = this.#index.messagesFrom(sessionId, length);
    if (locations.length > messages || bytesToRead([locations]) > bytes) throw new ReadTooLargeError(bytes);
    return locations;
  }
}

function refuse({ sessionId, length }: TruncateHistory, archivedAt: unknown, historyLength: number): void {
  if (archivedAt !== null) throw new SessionArchivedError(sessionId);
  if (length <= historyLength) return;
  throw new InvalidInputError([
    {
      path: ['input', 'length'],
      message: `expected at most ${historyLength}, the length of the history, got ${length}`,
    },
  ]);
}
