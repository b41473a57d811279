import type { ModelUsage } from '../../../model/rollup.ts';
import { addTo, type Models, usagesOf } from '../../usage/model-usages.ts';
import { selection } from './session-row.ts';
import type { Steps } from './steps.ts';
import { PLACE_MEMBERS, subtreeSums } from './subtree-sums.ts';
import type { IndexTables } from './tables.ts';
import { eachUsageRow } from './usage-rows.ts';
import { usageOf } from './usage-table.ts';

/** The usage of each of the sessions `ids` with all beneath it, by model, and by id. */
export function* modelUsagesOf(
  tables: IndexTables,
  ids: readonly string[],
): Steps<ReadonlyMap<string, readonly ModelUsage[]>> {
  const sums = yield* subtreeSums(tables, ids, {
    columns: selection(PLACE_MEMBERS, 'c'),
    sumOf: (): Models => new Map(),
    *read(models: ReadonlyMap<number, Models>) {
      const sessions = [...models.keys()].sort((a, b) => a - b);
      yield* eachUsageRow(tables, { sessions }, ([session, , model, numbers]) =>
        addTo(models.get(session)!, model, { count: numbers[0], usage: usageOf(numbers) }),
      );
    },
    add(to, models, isKept) {
      // The smaller to the larger: in a chain of sessions with a model each, all models would be added at each level.
      const [large, small] = !isKept && models.size > to.size ? [models, to] : [to, models];
      for (const [model, responses] of small) addTo(large, model, responses);
      return large;
    },
    size: ({ size }) => size,
  });
  return new Map([...sums].map(([id, models]) => [id, usagesOf(models)]));
}
