import { plusUsage, type UsageSum } from '../../../model/usage.ts';
import type { Paid } from '../../records/paid.ts';
import { sumColumns } from '../read/usage-columns.ts';
import { type Columns, insertRows } from '../rows/insert.ts';
import type { Place } from '../rows/places.ts';

/** A row of `usage`. */
export interface UsageRow {
  readonly home: number;
  readonly sid: number;
  readonly day: number;
  readonly model: string;
  readonly responses: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_read_tokens: number;
  readonly cache_write_tokens: number;
  readonly reasoning_tokens: number;
  readonly cost_usd: string | null;
  readonly priced_count: number;
}

/** The types of the columns of `usage`. */
export const USAGE_COLUMNS: Columns<UsageRow> = {
  home: 'int8',
  sid: 'int8',
  day: 'int4',
  model: 'text',
  responses: 'int8',
  input_tokens: 'int8',
  output_tokens: 'int8',
  cache_read_tokens: 'int8',
  cache_write_tokens: 'int8',
  reasoning_tokens: 'int8',
  cost_usd: 'numeric',
  priced_count: 'int8',
};

/** The largest sum of tokens: 2^53 - 1. */
export const TOKENS_MAX = '9007199254740991';
/** The columns whose sums stop at `TOKENS_MAX`. */
export const TOKEN_COLUMNS = [
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'reasoning_tokens',
] as const;

/** What is done with a row for which there is one already: the sums grow. */
export const ON_USAGE_THERE = `ON CONFLICT (home, sid, day, model) DO UPDATE SET responses = usage.responses + EXCLUDED.responses,
    ${TOKEN_COLUMNS.map((tokens) => `${tokens} = least(usage.${tokens} + EXCLUDED.${tokens}, ${TOKENS_MAX})`).join(', ')},
    cost_usd = CASE WHEN usage.priced_count + EXCLUDED.priced_count = 0
      THEN nullif(coalesce(usage.cost_usd, 0) + coalesce(EXCLUDED.cost_usd, 0), 0)
      ELSE coalesce(usage.cost_usd + EXCLUDED.cost_usd, usage.cost_usd, EXCLUDED.cost_usd) END,
    priced_count = usage.priced_count + EXCLUDED.priced_count`;

/** Adds sums to those that are there. No two rows may have the same key. */
export const ADD_USAGE = insertRows('usage', USAGE_COLUMNS, ON_USAGE_THERE);

/** The row of what messages of a session cost on a day with a model. */
export function usageRow({ home, sid }: Place, { day, model, responses, usage }: Paid): UsageRow {
  return { home, sid, day, model: model === null ? '' : `=${model}`, responses, ...sumColumns(usage) };
}

/** What sessions paid, by day and model: one row for each. */
export class UsageRows {
  readonly #rows = new Map<string, UsageRow & { readonly sum: UsageSum }>();

  add({ home, sid }: Place, { day, model, responses, usage }: Paid): void {
    const key = JSON.stringify([sid, day, model]);
    const before = this.#rows.get(key);
    const sum = before ? plusUsage(before.sum, usage) : usage;
    const all = { day, model, responses: (before?.responses ?? 0) + responses, usage: sum };
    this.#rows.set(key, { ...usageRow({ home, sid }, all), sum });
  }

  /** Forgets what a session paid. */
  forget(sid: number): void {
    for (const [key, row] of this.#rows) if (row.sid === sid) this.#rows.delete(key);
  }

  get all(): readonly UsageRow[] {
    return [...this.#rows.values()];
  }
}
