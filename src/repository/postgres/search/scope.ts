import { matchesAll } from '../../../model/search/matches.ts';
import { parseQuery } from '../../../model/search/query.ts';
import type { ReadOptions } from '../../read-options.ts';
import type { SearchScope } from '../../reads.ts';
import type { ReadParts } from '../read/parts.ts';
import { knownFilter } from '../read/session-filter.ts';
import { Parameters } from './parameters.ts';
import { conditionsOf, type Subtree } from './session-conditions.ts';

/** Up to this many sessions are read before the search. More are compared with what it finds. */
const SESSIONS_MAX = 5_000;

/**
 * The sessions in which a search looks.
 *
 * - `sessions`: these; together they have so many `messages`.
 * - `conditions`: those that meet them.
 */
export type Sessions =
  | { readonly kind: 'all' }
  | { readonly kind: 'none' }
  | {
      readonly kind: 'sessions';
      readonly homes: readonly number[];
      readonly sids: readonly number[];
      readonly messages: number;
    }
  | { readonly kind: 'conditions'; readonly conditions: (parameters: Parameters) => string[] };

const SELECT_SUBTREES = `SELECT s.id, s.home, s.sid, s.root, s.path, t.homes FROM unnest($1::int8[], $2::int8[]) AS given (home, sid)
  JOIN sessions s ON s.home = given.home AND s.sid = given.sid JOIN trees t ON t.home = s.root_home AND t.root = s.root
  WHERE s.home = ANY($1::int8[])`;

/** Those of the sessions that exist, by id. */
export async function subtreesOf(
  { database, places }: ReadParts,
  ids: readonly string[],
  options?: ReadOptions,
): Promise<Map<string, Subtree>> {
  const known = [...(await places.of(ids, options)).values()];
  if (known.length === 0) return new Map();
  const values = [known.map(({ home }) => home), known.map(({ sid }) => sid)];
  const rows = await database.rows<Subtree & { readonly id: string }>(SELECT_SUBTREES, values, options);
  return new Map(rows.map((row) => [row.id, row]));
}

type Scope = Pick<SearchScope, 'within' | 'subtree' | 'filter'>;

/** The sessions in which a search looks. Reports those that it reads to `onWalk`. */
export async function sessionsOf(
  parts: ReadParts,
  { filter, within, subtree }: Scope,
  options?: ReadOptions,
): Promise<Sessions> {
  const known = await knownFilter(parts, filter ?? {}, options);
  if (!known) return { kind: 'none' };
  const { title, sight } = known.filter;
  const withinId = sight?.withinId ?? null;
  const subtrees = await subtreesOf(
    parts,
    [within, withinId].filter((id) => id != null),
    options,
  );
  const subtreeOf = (id: string | null | undefined) => (id == null ? null : subtrees.get(id));
  const [top, limit] = [subtreeOf(within), subtreeOf(withinId)];
  if (top === undefined || limit === undefined) return { kind: 'none' };
  const surroundings = { within: top, isSubtree: subtree ?? true, sight: limit };
  const conditions = (parameters: Parameters) => conditionsOf(known, surroundings, parameters);
  if (conditions(new Parameters()).length === 0) return { kind: 'all' };
  if (title != null) return await withTitle(parts, title, conditions, options);
  const rows = await firstRows(parts, conditions, options);
  return rows.length > SESSIONS_MAX ? { kind: 'conditions', conditions } : listed(rows);
}

interface SessionSize {
  readonly home: number;
  readonly sid: number;
  readonly history_length: number;
  readonly title: string | null;
}

const SIZE = 's.home, s.sid, s.history_length';

async function firstRows(
  { database }: ReadParts,
  conditions: (parameters: Parameters) => string[],
  options?: ReadOptions,
): Promise<SessionSize[]> {
  const parameters = new Parameters();
  const where = conditions(parameters).join(' AND ');
  const sql = `SELECT ${SIZE} FROM sessions s WHERE ${where} LIMIT ${SESSIONS_MAX + 1}`;
  const rows = await database.rows<SessionSize>(sql, parameters.values, options);
  options?.onWalk?.(rows.length);
  return rows;
}

/** The words of a title are compared here, as those of messages are defined. */
async function withTitle(
  { database }: ReadParts,
  title: string,
  conditions: (parameters: Parameters) => string[],
  options?: ReadOptions,
): Promise<Sessions> {
  const phrases = parseQuery(title);
  const found: SessionSize[] = [];
  for (let after: SessionSize | null = null; phrases.length > 0; ) {
    const parameters = new Parameters();
    const [home, sid]: string[] = [
      parameters.add(after?.home ?? -1, 'int8'),
      parameters.add(after?.sid ?? -1, 'int8'),
    ];
    const where = [`(s.home, s.sid) > (${home}, ${sid})`, ...conditions(parameters)].join(' AND ');
    const sql = `SELECT ${SIZE}, s.title FROM sessions s WHERE ${where} ORDER BY s.home, s.sid LIMIT ${SESSIONS_MAX}`;
    const rows: SessionSize[] = await database.rows<SessionSize>(sql, parameters.values, options);
    options?.onWalk?.(rows.length);
    for (const row of rows) if (matchesAll(row.title!, phrases)) found.push(row);
    if (rows.length < SESSIONS_MAX) break;
    after = rows.at(-1)!;
  }
  return listed(found);
}

function listed(rows: readonly SessionSize[]): Sessions {
  if (rows.length === 0) return { kind: 'none' };
  return {
    kind: 'sessions',
    homes: rows.map(({ home }) => home),
    sids: rows.map(({ sid }) => sid),
    messages: rows.reduce((sum, row) => sum + row.history_length, 0),
  };
}
