import type { TokenUsage } from './message.ts';

/** A session and all beneath it, added up. */
export interface SessionRollup {
  readonly sessionCount: number;
  /** User messages: one for each exchange. */
  readonly messageCount: number;
  readonly historyLength: number;
  /**
   * What was paid for: what a fork copied is not added, what a rollback dropped is not taken back. `costUsd` is null where no
   * message has one. Tokens beyond 2^53 - 1 stay there.
   */
  readonly usage: TokenUsage;
  readonly lastActiveAt: Date;
  /** The greatest `depth`. */
  readonly maxDepth: number;
}
