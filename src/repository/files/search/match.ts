import type { SQLInputValue } from 'node:sqlite';
import { MESSAGE_ROLES } from '../../../model/message.ts';
import type { SearchField } from '../../../model/search/fields.ts';
import type { Phrase } from '../../../model/search/query.ts';
import { isCopyMark } from './copies.ts';
import { scopeOf } from './document-tables.ts';
import { EVENT } from './documents.ts';
import { CONTENTS, type Family, WHOLES } from './families.ts';
import { type Partition, tableOf } from './partitions.ts';
import type { Filter } from './readers.ts';

/** Up to this many sessions are named in the full-text query. */
const FEW_SESSIONS = 300;

export interface Match {
  readonly phrases: readonly Phrase[];
  /** Sequence numbers of sessions; null: all sessions. */
  readonly within: ReadonlySet<number> | null;
  /** Indexes into `MESSAGE_ROLES`; null: all except EVENT. */
  readonly roles: readonly number[] | null;
  readonly fields: readonly SearchField[];
  readonly includeCopies: boolean;
}

/** A search in one family. `roles`: null if the family has no others. */
export interface FamilyMatch extends Match {
  readonly family: Family;
}

const ALL_ROLES = MESSAGE_ROLES.map((_, role) => role);
const DEFAULT_ROLES = ALL_ROLES.filter((role) => role !== EVENT);

/** The searches in families that together find what matches; a message can be found in both families. */
export function familyMatches(match: Match): FamilyMatch[] {
  const { fields, roles } = match;
  const matches: FamilyMatch[] = [];
  if (fields.includes('CONTENT') && roles?.some((role) => role !== EVENT) !== false)
    matches.push({ ...match, family: CONTENTS });
  const isMore = fields.some((field) => field !== 'CONTENT');
  // Of what has the words in its content, only EVENT messages are not in CONTENTS.
  const inWholes = (roles ?? DEFAULT_ROLES).filter((role) => isMore || role === EVENT);
  if (fields.length > 0 && inWholes.length > 0) matches.push({ ...match, roles: inWholes, family: WHOLES });
  return matches;
}

/** The filter that each match must pass in addition to the query of `matchesOf`; null: none. */
export function filterOf({ within, roles, includeCopies }: Match): Filter | null {
  const sessions = within && !areFew(within) ? within : null;
  if (!sessions && !roles && includeCopies) return null;
  return (session, role, mark) =>
    (!sessions || sessions.has(session)) &&
    (!roles || roles.includes(role)) &&
    (includeCopies || !isCopyMark(mark));
}

/**
 * The query that yields a row for each match in a partition, newest first: its document's id and its score (lower
 * is better). `filter` is the number of a filter that the query applies; rows then have what the filter compares.
 */
export function matchesOf(
  match: FamilyMatch,
  partition: Partition,
  filter: number | null,
): { sql: string; values: SQLInputValue[] } {
  const table = tableOf(partition);
  const columns = `${table}.rowid AS id, bm25(${table}, ${weightsOf(partition.family)}) AS score`;
  const values: SQLInputValue[] = [expressionOf(match)];
  // Looking up each match's document takes a third of the time. Without a filter, that is left to the end, for
  // the matches that are kept.
  if (filter === null) {
    const sql = `SELECT ${columns} FROM ${table} WHERE ${table} MATCH ? ORDER BY ${table}.rowid DESC`;
    return { sql, values };
  }
  const [mark, marks] = match.includeCopies
    ? ['0', '']
    : ['m.mark', `CROSS JOIN marks m ON m.id = ${table}.rowid`];
  // CROSS JOIN keeps the left table as the outer loop.
  const sql = `SELECT ${columns}, d.session, d.role, ${mark} AS mark
    FROM ${table} CROSS JOIN documents d ON d.id = ${table}.rowid ${marks}
    WHERE ${table} MATCH ? AND passes(?, d.session, d.role, ${mark}) ORDER BY ${table}.rowid DESC`;
  return { sql, values: [...values, filter] };
}

/** A part of a word counts half. */
const weightsOf = ({ columns }: Family) =>
  [...columns.map((_, n) => (n % 2 === 0 ? '1.0' : '0.5')), '0.0'].join(', ');

const areFew = (sessions: ReadonlySet<number>) => sessions.size <= FEW_SESSIONS;

/**
 * In FTS5's query language. Tokens hold only letters, digits and emoji, so none needs quoting within a
 * string.
 */
function expressionOf({ phrases, within, fields, family }: FamilyMatch): string {
  const columns = fields.flatMap((field) => family.columnsOf[field] ?? []);
  const bodies = columns.map(({ body }) => body).join(' ');
  const bodiesAndParts = columns.map(({ body, parts }) => `${body} ${parts}`).join(' ');
  const all = phrases.map(({ tokens, isPrefix }) => {
    // A single word is also found by its parts; a phrase consists of whole words.
    const among = tokens.length === 1 ? bodiesAndParts : bodies;
    return `{${among}} : "${tokens.join(' ')}"${isPrefix ? '*' : ''}`;
  });
  const scopes = within && areFew(within) && Array.from(within, (session) => `"${scopeOf(session)}"`);
  return [...all, ...(scopes ? [`{scope} : (${scopes.join(' OR ')})`] : [])].join(' AND ');
}
