import type { SessionRollup } from '../../../model/rollup.ts';
import { SESSION_STATUSES } from '../../../model/session.ts';
import { plusUsage, type UsageSum, usageIn, usageOfSum } from '../../../model/usage.ts';
import { type SessionRow, selection } from './session-row.ts';
import type { Steps } from './steps.ts';
import { PLACE_MEMBERS, subtreeSums } from './subtree-sums.ts';
import type { IndexTables } from './tables.ts';

/** The members of a row that are summed, and those that give its place in the tree. */
const MEMBERS = [
  ...PLACE_MEMBERS,
  'messageCount',
  'historyLength',
  'inputTokens',
  'outputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'reasoningTokens',
  'costUsd',
  'pricedCount',
  'lastActiveAt',
  'status',
] as const;

type Row = Pick<SessionRow, (typeof MEMBERS)[number]>;

/** The rollups of `ids`, by id. */
export function* rollupsOf(
  tables: IndexTables,
  ids: readonly string[],
): Steps<ReadonlyMap<string, SessionRollup>> {
  const sums = yield* subtreeSums(tables, ids, { columns: selection(MEMBERS, 'c'), sumOf, add });
  return new Map([...sums].map(([id, sum]) => [id, rollupOf(sum)]));
}

interface Sum {
  readonly row: Row;
  sessionCount: number;
  messageCount: number;
  historyLength: number;
  usage: UsageSum;
  lastActiveAt: number;
  maxDepth: number;
  /** The numbers of sessions by status, in the order of `SESSION_STATUSES`; null while `row` is the only session. */
  statuses: number[] | null;
}

function sumOf(row: Row): Sum {
  return {
    row,
    sessionCount: 1,
    messageCount: row.messageCount,
    historyLength: row.historyLength,
    usage: usageIn(row),
    lastActiveAt: row.lastActiveAt,
    maxDepth: row.depth,
    statuses: null,
  };
}

function add(to: Sum, sum: Sum): Sum {
  to.sessionCount += sum.sessionCount;
  to.messageCount += sum.messageCount;
  to.historyLength += sum.historyLength;
  to.usage = plusUsage(to.usage, sum.usage);
  to.lastActiveAt = Math.max(to.lastActiveAt, sum.lastActiveAt);
  to.maxDepth = Math.max(to.maxDepth, sum.maxDepth);
  to.statuses ??= countsOf(to);
  if (sum.statuses) for (const [n, count] of sum.statuses.entries()) to.statuses[n]! += count;
  else to.statuses[SESSION_STATUSES.indexOf(sum.row.status)]! += 1;
  return to;
}

function countsOf({ statuses, row }: Sum): number[] {
  return statuses ?? SESSION_STATUSES.map((status) => (status === row.status ? 1 : 0));
}

function rollupOf(sum: Sum): SessionRollup {
  const { sessionCount, messageCount, historyLength, maxDepth } = sum;
  const counts = countsOf(sum);
  return {
    sessionCount,
    messageCount,
    historyLength,
    usage: usageOfSum(sum.usage),
    lastActiveAt: new Date(sum.lastActiveAt),
    maxDepth,
    byStatus: SESSION_STATUSES.map((status, n) => ({ status, count: counts[n]! })).filter(
      ({ count }) => count > 0,
    ),
  };
}
