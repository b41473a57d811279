import type { ReadOptions } from '../../read-options.ts';
import type { SearchHit } from '../../reads.ts';
import type { Database } from '../connection/database.ts';
import { Parameters } from './parameters.ts';
import type { Stretch } from './rankings.ts';
import { isInSubtree, isThis, type Subtree } from './session-conditions.ts';

/** The hits that are there: their texts go with the messages. */
function statementOf(
  { homes, sids, ordinals }: Stretch,
  within: Subtree | null,
  isSubtree: boolean,
): { readonly sql: string; readonly values: Parameters['values'] } {
  const parameters = new Parameters();
  const [home, sid, ordinal] = [homes, sids, ordinals].map((column) => parameters.add([...column], 'int8[]'));
  const all = parameters.add([...new Set(homes)], 'int8[]');
  const where = [`s.home = ANY(${all})`];
  if (within) where.push(isSubtree ? isInSubtree(within, parameters) : isThis(within, parameters));
  const sql = `SELECT r.n, s.id, r.ordinal FROM unnest(${home}, ${sid}, ${ordinal}) WITH ORDINALITY AS r (home, sid, ordinal, n)
    JOIN sessions s ON s.home = r.home AND s.sid = r.sid
    WHERE ${where.join(' AND ')} AND EXISTS (SELECT FROM texts t
      WHERE t.home = r.home AND t.sid = r.sid AND t.ordinal = r.ordinal AND t.home = ANY(${all}))
    ORDER BY r.n`;
  return { sql, values: parameters.values };
}

export interface PageCut {
  readonly limit: number;
  /** The place of the first hit of `first`, from 1. */
  readonly from: number;
  readonly total: number;
  /** Only hits there; null: in all sessions. */
  readonly within: Subtree | null;
  readonly isSubtree: boolean;
  /** The places `from` to `to`. */
  readonly read: (from: number, to: number) => Promise<Stretch>;
}

/** A page of a ranking without what is gone by now. `hasMore`: there are more that are not gone. */
export async function cutPage(
  database: Database,
  first: Stretch,
  { limit, from, total, within, isSubtree, read }: PageCut,
  options?: ReadOptions,
): Promise<{ readonly hits: readonly SearchHit[]; readonly hasMore: boolean }> {
  const hits: SearchHit[] = [];
  let stretch = first;
  let begin = from;
  for (;;) {
    const length = stretch.sids.length;
    if (length > 0) {
      const { sql, values } = statementOf(stretch, within, isSubtree);
      const rows = await database.rows<{ n: number; id: string; ordinal: number }>(sql, values, options);
      for (const { n, id, ordinal } of rows) {
        if (hits.length === limit) return { hits, hasMore: true };
        hits.push({ sessionId: id, ordinal, place: begin + n - 1 });
      }
    }
    begin += length;
    if (begin > total || length === 0) return { hits, hasMore: false };
    stretch = await read(begin, begin + 2 * length);
  }
}
