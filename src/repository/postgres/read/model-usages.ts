import { addTo, type Models } from '../../usage/model-usages.ts';
import { OWN_USAGE, type Summing, type SumRow, subtreeSumsSql } from './subtree-sums.ts';
import { type UsageSumColumns, usageColumns, usageOfRow } from './usage-columns.ts';

/** Adds up what messages cost, by model. A session that has paid nothing counts as a row, too. */
export const SUM_MODELS = subtreeSumsSql({
  join: `LEFT JOIN ${OWN_USAGE}`,
  key: 'u.model',
  columns: { responses: { type: 'int8', value: 'coalesce(u.responses, 0)' }, ...usageColumns('u') },
});

interface Row extends SumRow, UsageSumColumns {
  readonly responses: number;
}

/** Rows that each number beyond the first counts as where sums are copied: see the file store's `subtree-sums.ts`. */
const ROWS_PER_COPIED_NUMBER = 10;

export const SUMMING_MODELS: Summing<Row, Models> = {
  zero: () => new Map(),
  addRow(to, row) {
    if (row.key !== null) addTo(to, modelOf(row.key), { count: row.responses, usage: usageOfRow(row) });
  },
  add(to, more) {
    for (const [model, responses] of more) addTo(to, model, responses);
    return Math.max(0, more.size - 1) * ROWS_PER_COPIED_NUMBER;
  },
};

/** The model of a column of `usage`. */
export function modelOf(column: string): string | null {
  return column === '' ? null : column.slice(1);
}
