import type { TokenUsage } from './message.ts';
import type { SessionStatus } from './session.ts';
import type { UsageSum } from './usage.ts';

/** What a usage report can be divided by: the UTC day of a message, its model, or a member of its session as that is now. */
export const USAGE_DIMENSIONS = ['DAY', 'MODEL', 'USER', 'PROJECT', 'AGENT', 'STATUS', 'ROOT'] as const;
export type UsageDimension = (typeof USAGE_DIMENSIONS)[number];

/** The most groups that `first` can ask for. */
export const COSTLIEST_MAX = 10_000;

/** The usage of the responses that are alike in all dimensions of a report. Members of other dimensions are null. */
export interface UsageGroup {
  /** As 2026-01-31. */
  readonly day: string | null;
  readonly model: string | null;
  readonly userId: string | null;
  readonly project: string | null;
  readonly agentName: string | null;
  readonly status: SessionStatus | null;
  /** The id of the root of the tree. */
  readonly rootId: string | null;
  /** Sessions with at least one of the responses. */
  readonly sessionCount: number;
  /** Messages with a usage. */
  readonly responseCount: number;
  readonly usage: TokenUsage;
}

/** What a session's messages of one UTC day and one model cost: what was rolled back too, and without copies. */
export interface DailyUsage {
  /** As 2026-01-31. */
  readonly day: string;
  readonly model: string | null;
  /** Messages with a usage. */
  readonly responseCount: number;
  /** Exact. */
  readonly usage: UsageSum;
}
