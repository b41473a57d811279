import { atLeastZero, isNoUsage, plusUsage, type UsageSum, ZERO_USAGE } from '../../../model/usage.ts';
import type { DailyUsage } from '../../../model/usage-report.ts';
import { dayText, type Paid } from '../../records/paid.ts';
import type { IndexConnection } from './connection.ts';
import type { PendingRows } from './pending-rows.ts';
import { RowInsertion } from './row-insertion.ts';
import type { Statements } from './statements.ts';

/** Rows that are kept while the index is being filled, before they are written together. */
const WAITING_MAX = 4_096;

const INTO_USAGE = new RowInsertion('usage', 4, { replacing: true });

/**
 * The columns of a row, without its session. `day` is in whole days since 1970, in UTC. Both texts are JSON: `model` a string or null, `sums` the values of `sumsOf`.
 */
interface Columns {
  readonly day: number;
  readonly model: string;
  readonly sums: string;
}

/** The numbers of a row, in the order in which `sums` has them. */
export type Sums = readonly [
  responses: number,
  inputTokens: number,
  outputTokens: number,
  cacheReadTokens: number,
  cacheWriteTokens: number,
  reasoningTokens: number,
  pricedCount: number,
  costUsd: string | null,
];

function sumsOf(responses: number, usage: UsageSum): Sums {
  return [
    responses,
    usage.inputTokens,
    usage.outputTokens,
    usage.cacheReadTokens,
    usage.cacheWriteTokens,
    usage.reasoningTokens,
    usage.pricedCount,
    usage.costUsd,
  ];
}

/** Rows as they are to be, by session, day and model. One whose `sums` are null is to be removed. */
class UsageRows {
  readonly #rows = new Map<
    string,
    readonly [session: number, day: number, model: string, sums: string | null]
  >();

  get rows(): number {
    return this.#rows.size;
  }

  /** The sums of a row; null for one that is to be removed, undefined for one that is not among these. */
  sums(session: number, { day, model }: Omit<Columns, 'sums'>): string | null | undefined {
    return this.#rows.get(`${session} ${day} ${model}`)?.[3];
  }

  set(session: number, { day, model }: Omit<Columns, 'sums'>, sums: string | null): void {
    this.#rows.set(`${session} ${day} ${model}`, [session, day, model, sums]);
  }

  add(later: this): void {
    for (const [place, row] of later.#rows) this.#rows.set(place, row);
  }

  write(statements: Pick<Statements, 'run'>): void {
    const kept: (string | number)[] = [];
    for (const [session, day, model, sums] of this.#rows.values()) {
      if (sums === null) statements.run(DELETE_ROW, session, day, model);
      else kept.push(session, day, model, sums);
    }
    INTO_USAGE.insert(statements, kept);
  }

  clear(): void {
    this.#rows.clear();
  }
}

class PendingUsage extends UsageRows implements PendingRows {
  readonly text = 0;
}

/**
 * What each session paid, by day and model: messages that were rolled back too, and without copies. Rows hold sums rather than what each
 * line adds: costs are decimals, which SQLite cannot add. A row that comes to nothing is removed.
 */
export class UsageTable {
  readonly #db: IndexConnection;
  /** Rows that are written together: of a line, or of many while the index is being filled. */
  readonly #waiting = new UsageRows();

  constructor(db: IndexConnection) {
    this.#db = db;
  }

  /** Adds the usage of a line, some of which may be negative. Call for the lines of a session in their order. */
  add(session: number, paid: readonly Paid[]): void {
    for (const { day, model, responses, usage } of paid) {
      const key = { day, model: JSON.stringify(model) };
      const before = this.#sums(session, key);
      this.#set(session, key, afterwards(before, responses, usage));
    }
    if (!this.#db.filling || this.#waiting.rows >= WAITING_MAX) this.flush();
  }

  #set(session: number, key: Omit<Columns, 'sums'>, sums: string | null): void {
    const pending = this.#db.behind.taking(PendingUsage);
    (pending ?? this.#waiting).set(session, key, sums);
  }

  #sums(session: number, key: Omit<Columns, 'sums'>): string | null {
    const pending = this.#db.behind.pending(PendingUsage, (rows) => rows.sums(session, key));
    if (pending !== undefined) return pending;
    const waiting = this.#waiting.sums(session, key);
    if (waiting !== undefined) return waiting;
    return this.#db.written.get<{ sums: string }>(SELECT_SUMS, session, key.day, key.model)?.sums ?? null;
  }

  /** What a session paid, ordered by day and model. Days on which nothing is left are left out. */
  of(session: number): DailyUsage[] {
    this.flush();
    return this.#db
      .flushed()
      .all<Columns>(SELECT_ROWS, session)
      .map(({ day, model, sums }) => {
        const known = JSON.parse(sums) as Sums;
        return {
          day: dayText(day),
          model: JSON.parse(model) as string | null,
          responseCount: Math.max(known[0], 0),
          usage: atLeastZero(usageOf(known)),
        };
      })
      .filter(({ responseCount, usage }) => responseCount > 0 || !isNoUsage(usage));
  }

  /** Removes all rows of a session. */
  remove(session: number): void {
    this.flush();
    this.#db.run('DELETE FROM usage WHERE session = ?', session);
  }

  /** Writes rows that are queued while the index is being filled. */
  flush(): void {
    if (this.#waiting.rows === 0) return;
    this.#waiting.write(this.#db);
    this.#waiting.clear();
  }
}

/** The sums of a row with more; null if nothing is left. */
function afterwards(before: string | null, responses: number, usage: UsageSum): string | null {
  const known = before === null ? null : (JSON.parse(before) as Sums);
  const all = (known?.[0] ?? 0) + responses;
  const sum = known ? plusUsage(usageOf(known), usage) : plusUsage(ZERO_USAGE, usage);
  return all === 0 && isNoUsage(sum) ? null : JSON.stringify(sumsOf(all, sum));
}

export function usageOf(sums: Sums): UsageSum {
  return {
    inputTokens: sums[1],
    outputTokens: sums[2],
    cacheReadTokens: sums[3],
    cacheWriteTokens: sums[4],
    reasoningTokens: sums[5],
    pricedCount: sums[6],
    costUsd: sums[7],
  };
}

const SELECT_SUMS = 'SELECT sums FROM usage WHERE session = ? AND day = ? AND model = ?';
const SELECT_ROWS = 'SELECT day, model, sums FROM usage WHERE session = ? ORDER BY day, model';
const DELETE_ROW = 'DELETE FROM usage WHERE session = ? AND day = ? AND model = ?';
