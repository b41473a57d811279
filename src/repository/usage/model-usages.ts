import { compareUsage, type ModelUsage } from '../../model/rollup.ts';
import { isNoUsage, plusUsage, type UsageSum, usageOfSum, ZERO_USAGE } from '../../model/usage.ts';

export interface Responses {
  readonly count: number;
  readonly usage: UsageSum;
}

/** What responses cost, by model. Most sessions have one. */
export type Models = Map<string | null, Responses>;

export function addTo(models: Models, model: string | null, { count, usage }: Responses): void {
  const known = models.get(model) ?? { count: 0, usage: ZERO_USAGE };
  models.set(model, { count: known.count + count, usage: plusUsage(known.usage, usage) });
}

/** The models of which something is left, in the order of `SessionReader.modelUsagesOf`. */
export function usagesOf(models: Models): readonly ModelUsage[] {
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
