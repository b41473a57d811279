import { addOptionalDecimals } from '../../../model/decimal.ts';
import type { SessionRollup } from '../../../model/rollup.ts';
import type { IndexDatabase } from './database.ts';
import type { SessionRow } from './session-row.ts';

type Row = Pick<
  SessionRow,
  | 'seq'
  | 'id'
  | 'parent_seq'
  | 'depth'
  | 'message_count'
  | 'history_length'
  | 'input_tokens'
  | 'output_tokens'
  | 'cost_usd'
  | 'last_active_at'
>;

/** Each session of all the subtrees once, however they overlap. */
const BENEATH = `
WITH RECURSIVE beneath (seq) AS (
  SELECT seq FROM sessions WHERE id IN (SELECT value FROM json_each(?))
  UNION SELECT c.seq FROM beneath b JOIN sessions c ON c.parent_seq = b.seq LIMIT ?
)
SELECT s.seq, id, parent_seq, depth, message_count, history_length, input_tokens, output_tokens, cost_usd, last_active_at
  FROM beneath JOIN sessions s ON s.seq = beneath.seq`;

/** So many sessions are added up in one go: some milliseconds. */
const FEW = 2_000;

/** The rollups of `ids`, by id, from one read of the index. More than a few sessions are read at a pace. */
export async function rollupsOf(
  db: IndexDatabase,
  ids: readonly string[],
): Promise<ReadonlyMap<string, SessionRollup>> {
  const wanted = JSON.stringify(ids);
  const few = db.all<Row>(BENEATH, wanted, FEW + 1);
  if (few.length <= FEW) {
    const adding = new Adding(ids);
    for (const _ of adding.steps(few));
    return adding.rollups;
  }
  return db.readAtPace(function* (own) {
    const adding = new Adding(ids);
    yield* adding.steps(own.iterate<Row>(BENEATH, wanted, -1));
    return adding.rollups;
  });
}

interface Sum {
  readonly row: Row;
  sessionCount: number;
  messageCount: number;
  historyLength: number;
  inputTokens: number;
  outputTokens: number;
  costUsd: string | null;
  lastActiveAt: number;
  maxDepth: number;
}

class Adding {
  readonly rollups = new Map<string, SessionRollup>();
  readonly #wanted: ReadonlySet<string>;

  constructor(ids: readonly string[]) {
    this.#wanted = new Set(ids);
  }

  /** A session at each step: first they are read, then added to their parents, from the deepest up. */
  *steps(rows: Iterable<Row>): Generator<void, void> {
    const sums = new Map<number, Sum>();
    const levels: Sum[][] = [];
    for (const row of rows) {
      const sum = sumOf(row);
      sums.set(row.seq, sum);
      levels[row.depth] ??= [];
      levels[row.depth]!.push(sum);
      yield;
    }
    for (const level of levels.reverse()) {
      for (const sum of level ?? []) {
        const { parent_seq, id } = sum.row;
        const parent = parent_seq === null ? undefined : sums.get(parent_seq);
        if (parent) add(parent, sum);
        if (this.#wanted.has(id)) this.rollups.set(id, rollupOf(sum));
        yield;
      }
    }
  }
}

function sumOf(row: Row): Sum {
  return {
    row,
    sessionCount: 1,
    messageCount: row.message_count,
    historyLength: row.history_length,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    costUsd: row.cost_usd,
    lastActiveAt: row.last_active_at,
    maxDepth: row.depth,
  };
}

function add(to: Sum, sum: Sum): void {
  to.sessionCount += sum.sessionCount;
  to.messageCount += sum.messageCount;
  to.historyLength += sum.historyLength;
  to.inputTokens = Math.min(to.inputTokens + sum.inputTokens, Number.MAX_SAFE_INTEGER);
  to.outputTokens = Math.min(to.outputTokens + sum.outputTokens, Number.MAX_SAFE_INTEGER);
  to.costUsd = addOptionalDecimals(to.costUsd, sum.costUsd);
  to.lastActiveAt = Math.max(to.lastActiveAt, sum.lastActiveAt);
  to.maxDepth = Math.max(to.maxDepth, sum.maxDepth);
}

function rollupOf(sum: Sum): SessionRollup {
  const { sessionCount, messageCount, historyLength, inputTokens, outputTokens, maxDepth } = sum;
  // As tokens: a sum that a number cannot hold stays at the largest.
  const costUsd = sum.costUsd === null ? null : Math.min(Number(sum.costUsd), Number.MAX_VALUE);
  return {
    sessionCount,
    messageCount,
    historyLength,
    usage: { inputTokens, outputTokens, costUsd },
    lastActiveAt: new Date(sum.lastActiveAt),
    maxDepth,
  };
}
