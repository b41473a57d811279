import type { SessionFilter, SessionOrder } from '../../../model/session.ts';
import type { ListKey, Page, PageRequest } from '../../repository.ts';
import type { IndexDatabase } from './database.ts';
import { inOrder } from './in-order.ts';
import { countQuery, listQuery } from './list-query.ts';
import type { SessionRow } from './session-row.ts';

/** Up to so many sessions are cheaper to sort than to come across in the order of the list. */
const RARE = 2_000;

/** The lists of sessions across trees. */
export class SessionLists {
  readonly #db: IndexDatabase;

  constructor(db: IndexDatabase) {
    this.#db = db;
  }

  page(filter: SessionFilter, order: SessionOrder, page: PageRequest<ListKey>): Page<SessionRow> {
    if (filter.archived === 'INCLUDE') return this.#pageOfBoth(filter, order, page);
    const { sql, values } = listQuery(filter, order, page, (terms) => this.#rareTerm(terms));
    const { items, hasMore } = inOrder(this.#db.column<number>(sql, ...values), page);
    return { items: this.#rows(items), hasMore };
  }

  count(filter: SessionFilter): number {
    if (filter.archived === 'INCLUDE') {
      return this.count({ ...filter, archived: 'EXCLUDE' }) + this.count({ ...filter, archived: 'ONLY' });
    }
    const { sql, values } = countQuery(filter, (terms) => this.#rareTerm(terms));
    return this.#db.get<{ n: number }>(sql, ...values)!.n;
  }

  /** The rows of these sessions, which are there: most of a page that is looked at again and again are at hand. */
  #rows(sequences: readonly number[]): SessionRow[] {
    const { recent } = this.#db;
    const rows = sequences.map((seq) => recent.getBySequence(seq));
    const missing = sequences.filter((_, n) => !rows[n]);
    if (missing.length === 0) return rows as SessionRow[];
    const read = new Map<number, SessionRow>();
    const sql = 'SELECT * FROM sessions WHERE seq IN (SELECT value FROM json_each(?))';
    for (const row of this.#db.all<SessionRow>(sql, JSON.stringify(missing))) {
      recent.remember(row);
      read.set(row.seq, row);
    }
    return sequences.map((seq, n) => rows[n] ?? read.get(seq)!);
  }

  /** Merges a page of each: so both go along an index. */
  #pageOfBoth(filter: SessionFilter, order: SessionOrder, page: PageRequest<ListKey>): Page<SessionRow> {
    const pages = (['EXCLUDE', 'ONLY'] as const).map((archived) =>
      this.page({ ...filter, archived }, order, page),
    );
    const timeOf = (row: SessionRow) => (order.field === 'CREATED_AT' ? row.created_at : row.last_active_at);
    const sign = order.direction === 'ASC' ? 1 : -1;
    const items = pages
      .flatMap((each) => each.items)
      .sort((a, b) => sign * (timeOf(a) - timeOf(b) || a.seq - b.seq));
    return {
      items: page.from === 'start' ? items.slice(0, page.limit) : items.slice(-page.limit),
      hasMore: items.length > page.limit || pages.some(({ hasMore }) => hasMore),
    };
  }

  /** The term that the fewest sessions have, where they are few. */
  #rareTerm(terms: readonly number[]): number | null {
    let rarest: number | null = null;
    let fewest = RARE + 1;
    for (const term of terms) {
      const sql = 'SELECT count(*) AS n FROM (SELECT 1 FROM metadata_terms WHERE term = ? LIMIT ?)';
      const { n } = this.#db.get<{ n: number }>(sql, term, fewest)!;
      if (n < fewest) {
        rarest = term;
        fewest = n;
      }
    }
    return rarest;
  }
}
