import type { SQLInputValue } from 'node:sqlite';
import type { Phrase } from '../../../model/search/query.ts';
import { type Partition, tableOf } from './partitions.ts';
import type { Filter } from './readers.ts';
import { scopeOf } from './search-index.ts';

/** Up to this many sessions are named in the full-text query. */
const FEW_SESSIONS = 300;

export interface Match {
  readonly phrases: readonly Phrase[];
  /** Sequence numbers of sessions; null: all sessions. */
  readonly within: ReadonlySet<number> | null;
  /** Indexes into `MESSAGE_ROLES`. */
  readonly roles: readonly number[] | null;
}

/** The filter that each match must pass in addition to the query of `matchesOf`; null: none. */
export function filterOf({ within, roles }: Match): Filter | null {
  const sessions = within && !areFew(within) ? within : null;
  if (!sessions && !roles) return null;
  return (session, role) => (!sessions || sessions.has(session)) && (!roles || roles.includes(role));
}

/**
 * The query that yields a row for each match in a partition, newest first: its document's id and its score (lower
 * is better). `filter` is the number of a filter that the query applies; rows then have their sessions and roles.
 */
export function matchesOf(
  match: Match,
  partition: Partition,
  filter: number | null,
): { sql: string; values: SQLInputValue[] } {
  const table = tableOf(partition);
  const columns = `${table}.rowid AS id, bm25(${table}, 1.0, 0.5, 0.0) AS score`;
  const values: SQLInputValue[] = [expressionOf(match)];
  // Looking up each match's document takes a third of the time. Without a filter, that is left to the end, for
  // the matches that are kept.
  if (filter === null) {
    const sql = `SELECT ${columns} FROM ${table} WHERE ${table} MATCH ? ORDER BY ${table}.rowid DESC`;
    return { sql, values };
  }
  // CROSS JOIN keeps the left table as the outer loop.
  const sql = `SELECT ${columns}, d.session, d.role FROM ${table} CROSS JOIN documents d ON d.id = ${table}.rowid
    WHERE ${table} MATCH ? AND passes(?, d.session, d.role) ORDER BY ${table}.rowid DESC`;
  return { sql, values: [...values, filter] };
}

const areFew = (sessions: ReadonlySet<number>) => sessions.size <= FEW_SESSIONS;

/**
 * In FTS5's query language. Tokens hold only letters, digits and emoji, so none needs quoting within a
 * string.
 */
function expressionOf({ phrases, within }: Match): string {
  const all = phrases.map(({ tokens, isPrefix }) => {
    // A single word is also found by its parts; a phrase consists of whole words.
    const columns = tokens.length === 1 ? '{body parts}' : '{body}';
    return `${columns} : "${tokens.join(' ')}"${isPrefix ? '*' : ''}`;
  });
  const scopes = within && areFew(within) && Array.from(within, (session) => `"${scopeOf(session)}"`);
  return [...all, ...(scopes ? [`{scope} : (${scopes.join(' OR ')})`] : [])].join(' AND ');
}
