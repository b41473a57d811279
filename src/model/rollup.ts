import type { TokenUsage } from './message.ts';
import type { SessionStatus } from './session.ts';

export interface StatusCount {
  readonly status: SessionStatus;
  readonly count: number;
}

/** What the responses of one model cost. */
export interface ModelUsage {
  /** Null for messages that do not name a model. */
  readonly model: string | null;
  readonly usage: TokenUsage;
  /** Messages with a usage. */
  readonly responseCount: number;
}

/** Below 0 if `one` cost more than `other`, or had more tokens for an equal cost. */
export function compareUsage(
  { usage: one }: Pick<ModelUsage, 'usage'>,
  { usage: other }: Pick<ModelUsage, 'usage'>,
): number {
  return Math.sign(
    (other.costUsd ?? 0) - (one.costUsd ?? 0) ||
      other.inputTokens + other.outputTokens - one.inputTokens - one.outputTokens,
  );
}

/** Totals and maxima over a session and all its descendants. */
export interface SessionRollup {
  readonly sessionCount: number;
  /** The number of USER messages: one for each exchange. */
  readonly messageCount: number;
  readonly historyLength: number;
  /**
   * The usage of all messages, each counted once: messages that a fork copied are not counted again, and messages that a rollback
   * dropped still count. `costUsd` is null if no message has a cost. Token counts stop at 2^53 - 1.
   */
  readonly usage: TokenUsage;
  /** The latest `lastActiveAt` of these sessions. */
  readonly lastActiveAt: Date;
  /** The greatest `depth` of these sessions. */
  readonly maxDepth: number;
  /** The numbers of sessions by status, in the order of `SESSION_STATUSES`, without statuses that no session has. */
  readonly byStatus: readonly StatusCount[];
}
