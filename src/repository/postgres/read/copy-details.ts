import { atLeastZero, isNoUsage } from '../../../model/usage.ts';
import type { ReadOptions } from '../../read-options.ts';
import type { CopyDetails } from '../../reads.ts';
import { dayText } from '../../records/paid.ts';
import type { Queries } from '../connection/queries.ts';
import type { Place } from '../rows/places.ts';
import { modelOf } from './model-usages.ts';
import type { ReadParts } from './parts.ts';
import { AT_PLACE, OWN_USAGE } from './subtree-sums.ts';
import { type UsageSumColumns, usageOfRow } from './usage-columns.ts';

/** What each session paid, by day and model; one row without a day for a session that paid nothing. */
const SELECT_PAID = `SELECT s.sid, s.next_ordinal, u.day, u.model, u.responses, u.input_tokens, u.output_tokens, u.cache_read_tokens,
    u.cache_write_tokens, u.reasoning_tokens, u.cost_usd, u.priced_count
  FROM unnest($1::int8[], $2::int8[]) AS asked (home, sid) ${AT_PLACE}
  LEFT JOIN ${OWN_USAGE}
  ORDER BY s.sid, u.day, u.model = '', u.model COLLATE "C"`;

interface Row extends UsageSumColumns {
  readonly sid: number;
  readonly next_ordinal: number;
  readonly day: number | null;
  readonly model: string;
  readonly responses: number;
}

/** As `SessionReader.copyDetailsOf`. */
export async function copyDetailsOf(
  { database, places }: ReadParts,
  ids: readonly string[],
): Promise<(CopyDetails | null)[]> {
  const known = await places.of(ids);
  const details = await copyDetailsAt(database, [...known.values()]);
  return ids.map((id) => details.get(known.get(id)?.sid ?? -1) ?? null);
}

/** The details of the sessions that are there, by `sid`. */
export async function copyDetailsAt(
  queries: Queries,
  places: readonly Place[],
  options?: ReadOptions,
): Promise<Map<number, CopyDetails>> {
  const values = [places.map(({ home }) => home), places.map(({ sid }) => sid)];
  const rows = await queries.rows<Row>(SELECT_PAID, values, options);
  const details = new Map<number, CopyDetails>();
  for (const [sid, of] of Map.groupBy(rows, (row) => row.sid))
    details.set(sid, { nextOrdinal: of[0]!.next_ordinal, paid: of.flatMap(paidOn) });
  return details;
}

/** What a row says; nothing for sums of zero. */
function paidOn({ day, model, responses, ...row }: Row): CopyDetails['paid'] {
  if (day === null) return [];
  const responseCount = Math.max(responses, 0);
  const usage = atLeastZero(usageOfRow(row));
  if (responseCount === 0 && isNoUsage(usage)) return [];
  return [{ day: dayText(day), model: modelOf(model), responseCount, usage }];
}
