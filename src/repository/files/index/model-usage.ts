import { compareUsage, type ModelUsage } from '../../../model/rollup.ts';
import { isNoUsage, plusUsage, type UsageSum, usageOfSum, ZERO_USAGE } from '../../../model/usage.ts';
import { selection } from './session-row.ts';
import type { Steps } from './steps.ts';
import { PLACE_MEMBERS, subtreeSums } from './subtree-sums.ts';
import type { IndexTables } from './tables.ts';
import { eachUsageRow } from './usage-rows.ts';
import { usageOf } from './usage-table.ts';

interface Responses {
  readonly count: number;
  readonly usage: UsageSum;
}

/** By model. Most sessions have one. */
type Models = Map<string | null, Responses>;

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

function addTo(models: Models, model: string | null, { count, usage }: Responses): void {
  const known = models.get(model) ?? { count: 0, usage: ZERO_USAGE };
  models.set(model, { count: known.count + count, usage: plusUsage(known.usage, usage) });
}

function usagesOf(models: Models): readonly ModelUsage[] {
  return [...models]
    .filter(([, { count, usage }]) => count !== 0 || !isNoUsage(usage))
    .map(([model, { count, usage }]) => ({ model, responseCount: count, usage: usageOfSum(usage) }))
    .sort((one, other) => compareUsage(one, other) || compareNames(one.model, other.model));
}

/** Texts in the order of their UTF-16 code units, before null. */
function compareNames(one: string | null, other: string | null): number {
  if (one === other) return 0;
  if (one === null || other === null) return one === null ? 1 : -1;
  return one < other ? -1 : 1;
}
