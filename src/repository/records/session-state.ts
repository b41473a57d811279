import type { MessageRole } from '../../model/message.ts';
import type { Operation } from '../../model/operation.ts';
import type { SessionStatus } from '../../model/session.ts';
import type { UsageSum } from '../../model/usage.ts';
import type { NamedMessages } from './named-messages.ts';
import type { Paid } from './paid.ts';

/**
 * A session after its latest line. `applyRecord` derives the state from the session's own file; `placed` then applies
 * the moves and archivals of the store's log. Times are milliseconds since 1970. The sum of usage is that of the last forms of all messages
 * that were ever appended, without copies.
 */
export interface SessionState extends UsageSum {
  readonly id: string;
  readonly sequence: number;
  readonly arrival: number;
  readonly parentId: string | null;
  readonly userId: string | null;
  readonly key: string | null;
  readonly title: string | null;
  readonly agentName: string | null;
  readonly project: string | null;
  readonly status: SessionStatus;
  readonly statusMessage: string | null;
  readonly statusChangedAt: number;
  /** A `SpawnOrigin` as JSON. */
  readonly spawnedBy: string | null;
  /** As JSON: most reads pass metadata on or ignore it; few parse it. */
  readonly metadata: string;
  readonly createdAt: number;
  readonly lastActiveAt: number;
  readonly updatedAt: number;
  readonly messageCount: number;
  readonly historyLength: number;
  readonly nextOrdinal: number;
  /** A `ForkOrigin` as JSON. */
  readonly forkedFrom: string | null;
  readonly archivedAt: number | null;
  readonly version: number;
  /** Sequence number of the session's latest mutation. */
  readonly lastSeq: number;
  /** Sequence number of the latest mutation that changed what the session says of itself. */
  readonly updatedSeq: number;
  /** Acknowledged bytes of the file: the offset of the next line. */
  readonly size: number;
}

/** Where one message's line lies, and what the index knows of the message. */
export interface MessageLocation {
  readonly ordinal: number;
  readonly position: number;
  readonly role: MessageRole;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly offset: number;
  /** Bytes of the whole line, without its newline. */
  readonly length: number;
}

/**
 * An operation, and what is needed to answer a retry. Of an append, `ordinal` and `position` are those of its first message; of a
 * truncation, `ordinal` is the number of messages that it dropped, and `position` the number of those that stayed. What is not so simple
 * is in `answer`.
 */
export interface AppliedOperation extends Omit<Operation, 'earlierFingerprints' | 'caller'> {
  readonly caller: string | null;
  readonly sessionId: string;
  readonly seq: number;
  readonly at: number;
  readonly ordinal: number | null;
  readonly position: number | null;
  /** An `OperationAnswer` as JSON. */
  readonly answer: string | null;
}

/** The effects of a line beside the new state of the session. The names are those of `messages`. */
export interface Effects extends NamedMessages {
  /** The session's own sequence number, from this line on. */
  readonly sequence: number;
  /** Sequence number of the line's mutation. */
  readonly seq: number;
  /** Messages from this position on leave the history, before `messages` are added. */
  readonly truncatedTo: number | null;
  readonly messages: readonly MessageLocation[];
  /** True if `messages` are new forms of messages that the history has. */
  readonly isReplacing: boolean;
  /** What the session's usage grew by. */
  readonly paid: readonly Paid[];
  /** True if `paid` takes the place of all that was paid before. */
  readonly isPaidAnew: boolean;
  /** Ordinals of dropped messages whose usage `messages` take over. */
  readonly takenOver: readonly number[];
  /** Ordinals of messages that were overwritten, and when, in milliseconds since 1970. */
  readonly redacted: { readonly ordinals: readonly number[]; readonly at: number } | null;
  readonly operation: AppliedOperation | null;
}

export interface Applied {
  readonly state: SessionState;
  readonly effects: Effects;
}

/** Where a record's line lies in the session's file: bytes, without the newline. */
export interface LinePlace {
  readonly offset: number;
  readonly length: number;
}

/**
 * The place of a record in a store without lines. There, `size` of a state, and `offset` and `length` of a location, say nothing: such a
 * store neither keeps nor reads them.
 */
export const NO_PLACE: LinePlace = Object.freeze({ offset: 0, length: 0 });
