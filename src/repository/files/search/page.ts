import type { SearchHit } from '../../reads.ts';
import type { Statements } from '../index/statements.ts';
import type { Hit } from './hit.ts';
import type { Work } from './work.ts';

export interface PageCut {
  readonly limit: number;
  /** The position in the ranking at which earlier pages ended. */
  readonly from: number;
  /** Only hits in these sessions; null: in all. */
  readonly within: ReadonlySet<number> | null;
}

/**
 * A page of a ranking, without messages that are gone from the store. `hasMore`: there are more that are not
 * gone.
 */
export async function cutPage(
  index: Statements,
  hits: readonly Hit[],
  { limit, from, within }: PageCut,
  work: Work,
) {
  const page: SearchHit[] = [];
  for (let place = from; place < hits.length; place += 1) {
    if (work.isDue) await work.rest();
    const hit = hits[place]!;
    const id = !within || within.has(hit.session) ? sessionIdOf(index, hit) : null;
    if (id === null) continue;
    if (page.length === limit) return { hits: page, hasMore: true };
    page.push({ sessionId: id, ordinal: hit.ordinal, place: place + 1 });
  }
  return { hits: page, hasMore: false };
}

function sessionIdOf(index: Statements, { session, ordinal }: Hit): string | null {
  const sql =
    'SELECT s.id FROM messages m JOIN sessions s ON s.seq = m.session WHERE m.session = ? AND m.ordinal = ?';
  return index.get<{ id: string }>(sql, session, ordinal)?.id ?? null;
}
