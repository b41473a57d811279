import type { ModelUsage, SessionRollup } from '../../../model/rollup.ts';
import type { UsageGroup } from '../../../model/usage-report.ts';
import { type ReadOptions, throwIfOver } from '../../read-options.ts';
import type { CopyDetails, UsageReportRequest } from '../../reads.ts';
import { usagesOf } from '../../usage/model-usages.ts';
import { copyDetailsOf } from './copy-details.ts';
import { SUM_MODELS, SUMMING_MODELS } from './model-usages.ts';
import type { ReadParts } from './parts.ts';
import { rollupOf, SUM_SESSIONS, SUMMING_SESSIONS } from './rollups.ts';
import { type Summing, type SumRow, subtreeSums } from './subtree-sums.ts';
import { usageReport } from './usage-reports.ts';

/** Adds up what subtrees hold and cost. */
export class UsageReads {
  readonly #parts: ReadParts;

  constructor(parts: ReadParts) {
    this.#parts = parts;
  }

  rollupsOf(ids: readonly string[], options?: ReadOptions): Promise<(SessionRollup | null)[]> {
    return this.#sums(SUM_SESSIONS, SUMMING_SESSIONS, rollupOf, ids, options);
  }

  modelUsagesOf(ids: readonly string[], options?: ReadOptions): Promise<(readonly ModelUsage[] | null)[]> {
    return this.#sums(SUM_MODELS, SUMMING_MODELS, usagesOf, ids, options);
  }

  async #sums<Row extends SumRow, Sum, Answer>(
    sql: string,
    summing: Summing<Row, Sum>,
    answerOf: (sum: Sum) => Answer,
    ids: readonly string[],
    options?: ReadOptions,
  ): Promise<(Answer | null)[]> {
    throwIfOver(options);
    const places = await this.#parts.places.of(ids, options);
    const sums = await subtreeSums(this.#parts, sql, places.values(), summing, options);
    return ids.map((id) => {
      const sum = sums.get(places.get(id)?.sid ?? -1);
      return sum === undefined ? null : answerOf(sum);
    });
  }

  async usageReport(request: UsageReportRequest, options?: ReadOptions): Promise<readonly UsageGroup[]> {
    throwIfOver(options);
    return await usageReport(this.#parts, request, options);
  }

  copyDetailsOf(ids: readonly string[]): Promise<(CopyDetails | null)[]> {
    return copyDetailsOf(this.#parts, ids);
  }
}
