import type { SessionRollup } from '../../../model/rollup.ts';
import { SESSION_STATUSES, type SessionStatus } from '../../../model/session.ts';
import { plusUsage, type UsageSum, usageOfSum, ZERO_USAGE } from '../../../model/usage.ts';
import { type Summing, type SumRow, subtreeSumsSql } from './subtree-sums.ts';
import { type UsageSumColumns, usageColumns, usageOfRow } from './usage-columns.ts';

const max = (column: string) => `max(${column})`;

/** Adds up sessions by their status. */
export const SUM_SESSIONS = subtreeSumsSql({
  key: 's.status',
  columns: {
    max_depth: { type: 'int4', value: 's.depth', sum: max },
    last_active_at: { type: 'int8', value: 's.last_active_at', sum: max },
    message_count: { type: 'int8', value: 's.message_count' },
    history_length: { type: 'int8', value: 's.history_length' },
    ...usageColumns('s'),
  },
});

interface Row extends SumRow, UsageSumColumns {
  readonly key: SessionStatus;
  readonly max_depth: number;
  readonly last_active_at: number;
  readonly message_count: number;
  readonly history_length: number;
}

interface Sum {
  messageCount: number;
  historyLength: number;
  usage: UsageSum;
  lastActiveAt: number;
  maxDepth: number;
  /** The numbers of sessions by status, in the order of `SESSION_STATUSES`. */
  readonly statuses: number[];
}

export const SUMMING_SESSIONS: Summing<Row, Sum> = {
  zero: () => ({
    messageCount: 0,
    historyLength: 0,
    usage: ZERO_USAGE,
    lastActiveAt: Number.NEGATIVE_INFINITY,
    maxDepth: 0,
    statuses: SESSION_STATUSES.map(() => 0),
  }),
  addRow(to, row) {
    to.messageCount += row.message_count;
    to.historyLength += row.history_length;
    to.usage = plusUsage(to.usage, usageOfRow(row));
    to.lastActiveAt = Math.max(to.lastActiveAt, row.last_active_at);
    to.maxDepth = Math.max(to.maxDepth, row.max_depth);
    to.statuses[SESSION_STATUSES.indexOf(row.key)]! += row.rows;
  },
  add(to, more) {
    to.messageCount += more.messageCount;
    to.historyLength += more.historyLength;
    to.usage = plusUsage(to.usage, more.usage);
    to.lastActiveAt = Math.max(to.lastActiveAt, more.lastActiveAt);
    to.maxDepth = Math.max(to.maxDepth, more.maxDepth);
    for (const [n, count] of more.statuses.entries()) to.statuses[n]! += count;
    return 0;
  },
};

export function rollupOf({ statuses, usage, lastActiveAt, ...counts }: Sum): SessionRollup {
  return {
    ...counts,
    sessionCount: statuses.reduce((sum, count) => sum + count, 0),
    usage: usageOfSum(usage),
    lastActiveAt: new Date(lastActiveAt),
    byStatus: SESSION_STATUSES.map((status, n) => ({ status, count: statuses[n]! })).filter(
      ({ count }) => count > 0,
    ),
  };
}
