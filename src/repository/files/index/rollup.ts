import type { SessionRollup } from '../../../model/rollup.ts';
import { SESSION_STATUSES } from '../../../model/session.ts';
import { plusUsage, type UsageSum, usageIn, usageOfSum } from '../../../model/usage.ts';
import { eachChild } from './beneath.ts';
import { type SessionRow, selection } from './session-row.ts';
import type { Steps } from './steps.ts';
import type { IndexTables } from './tables.ts';

/** The members of a row that are summed, and those that give its place in the tree. */
const MEMBERS = [
  'sequence',
  'id',
  'parentSequence',
  'depth',
  'arrival',
  'childCount',
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

const COLUMNS = selection(MEMBERS, 'c');

/** Sessions that are summed in one step. */
const SUMMED_AT_ONCE = 500;

/** The rollups of `ids`, by id. Each session is read once, however the subtrees overlap. */
export function* rollupsOf(
  tables: IndexTables,
  ids: readonly string[],
): Steps<ReadonlyMap<string, SessionRollup>> {
  const adding = new Adding(ids);
  let level: Row[] = [];
  for (let from = 0; from < ids.length; from += SUMMED_AT_ONCE) {
    const sql = `SELECT ${COLUMNS} FROM sessions c WHERE c.id IN (SELECT value FROM json_each(?))`;
    const some = JSON.stringify(ids.slice(from, from + SUMMED_AT_ONCE));
    const rows = tables.connection.flushed().all<Row>(sql, some);
    for (const row of rows) if (adding.read(row)) level.push(row);
    yield rows.length;
  }
  while (level.length > 0) {
    const next: Row[] = [];
    // A session that was read before has brought its own children.
    yield* eachChild<Row>(tables, level, COLUMNS, (row) => {
      if (adding.read(row)) next.push(row);
    });
    level = next;
  }
  return yield* adding.add();
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

class Adding {
  readonly #wanted: ReadonlySet<string>;
  readonly #sums = new Map<number, Sum>();
  readonly #levels: Sum[][] = [];

  constructor(ids: readonly string[]) {
    this.#wanted = new Set(ids);
  }

  /** Returns false if the session was read before. */
  read(row: Row): boolean {
    if (this.#sums.has(row.sequence)) return false;
    const sum = sumOf(row);
    this.#sums.set(row.sequence, sum);
    this.#levels[row.depth] ??= [];
    this.#levels[row.depth]!.push(sum);
    return true;
  }

  /** Call once all sessions are read: adds each to its parent, from the deepest up. */
  *add(): Steps<ReadonlyMap<string, SessionRollup>> {
    const rollups = new Map<string, SessionRollup>();
    let added = 0;
    for (const level of this.#levels.reverse()) {
      for (const sum of level ?? []) {
        const { parentSequence, id } = sum.row;
        const parent = parentSequence === null ? undefined : this.#sums.get(parentSequence);
        if (parent) add(parent, sum);
        if (this.#wanted.has(id)) rollups.set(id, rollupOf(sum));
        added += 1;
        if (added % SUMMED_AT_ONCE === 0) yield 0;
      }
    }
    return rollups;
  }
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

function add(to: Sum, sum: Sum): void {
  to.sessionCount += sum.sessionCount;
  to.messageCount += sum.messageCount;
  to.historyLength += sum.historyLength;
  to.usage = plusUsage(to.usage, sum.usage);
  to.lastActiveAt = Math.max(to.lastActiveAt, sum.lastActiveAt);
  to.maxDepth = Math.max(to.maxDepth, sum.maxDepth);
  to.statuses ??= countsOf(to);
  if (sum.statuses) for (const [n, count] of sum.statuses.entries()) to.statuses[n]! += count;
  else to.statuses[SESSION_STATUSES.indexOf(sum.row.status)]! += 1;
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
