import type { Session } from '../../../model/session.ts';
import type { ReadOptions } from '../../read-options.ts';
import { INDEXED_BYTES } from '../rows/path.ts';
import { beginningOf } from '../rows/path-sql.ts';
import { SELECT_SHOWN, type ShownSessionRow, sessionOf } from '../rows/session-row.ts';
import { sessionAt, treeOf } from './joins.ts';
import type { ReadParts } from './parts.ts';

const BEGINNING = beginningOf('s.path');

/**
 * The sessions above given ones, each once, and which of the given ones are its children (`children`, by `sid`).
 *
 * The path of an ancestor is a prefix of the session's path. A prefix that ends within a number is the path of no session. `deepest` has
 * the paths that are no prefix of another: their ancestors include those of all others. Prefixes up to the length of the index are found in
 * it one by one. All longer prefixes of a path have one entry of the index in common, and are compared there.
 */
const SELECT_ANCESTORS = `WITH asked AS MATERIALIZED (
    SELECT p.sid, p.parent, p.root, p.path, t.homes
    FROM unnest($1::int8[], $2::int8[]) AS r (home, sid)
    ${sessionAt('r', 'p')} ${treeOf('p', 't')}
    WHERE p.parent IS NOT NULL
  ), deepest AS MATERIALIZED (
    SELECT root, homes, path FROM (
      SELECT root, homes, path, lead(path) OVER (PARTITION BY root ORDER BY path) AS next FROM asked
    ) AS a WHERE next IS NULL OR substring(next for length(path)) <> path
  ), beginnings AS MATERIALIZED (
    SELECT DISTINCT d.root, d.homes, substring(d.path for n) AS path
    FROM deepest d CROSS JOIN generate_series(0, least(length(d.path), ${INDEXED_BYTES}) - 1) AS n
  ), above AS MATERIALIZED (
    SELECT f.home, f.sid FROM beginnings b CROSS JOIN unnest(b.homes) AS h (home) CROSS JOIN LATERAL (
      SELECT s.home, s.sid FROM sessions s
      WHERE s.home = h.home AND s.root = b.root AND ${BEGINNING} = b.path AND s.path = b.path OFFSET 0
    ) AS f
    UNION SELECT f.home, f.sid FROM deepest d CROSS JOIN unnest(d.homes) AS h (home) CROSS JOIN LATERAL (
      SELECT s.home, s.sid FROM sessions s
      WHERE s.home = h.home AND s.root = d.root AND ${BEGINNING} = ${beginningOf('d.path')}
        AND length(s.path) < length(d.path) AND s.path = substring(d.path for length(s.path)) OFFSET 0
    ) AS f WHERE length(d.path) > ${INDEXED_BYTES}
  ), children AS MATERIALIZED (SELECT parent, array_agg(DISTINCT sid) AS sids FROM asked GROUP BY parent)
  SELECT ${SELECT_SHOWN}, c.sids AS children
  FROM above a CROSS JOIN LATERAL (SELECT * FROM sessions x WHERE x.home = a.home AND x.sid = a.sid LIMIT 1) AS s
  LEFT JOIN children c ON c.parent = s.sid`;

/** Each session's ancestors, root first. */
export async function ancestorsOf(
  { database, places }: ReadParts,
  ids: readonly string[],
  options?: ReadOptions,
): Promise<Session[][]> {
  const known = await places.of(ids, options);
  if (known.size === 0) return ids.map(() => []);
  const given = [...known.values()];
  const rows = await database.rows<ShownSessionRow & { readonly children: readonly number[] | null }>(
    SELECT_ANCESTORS,
    [given.map(({ home }) => home), given.map(({ sid }) => sid)],
    options,
  );
  places.saw(rows);
  const rowAt = new Map(rows.map((row) => [row.sid, row]));
  const parents = new Map(rows.flatMap(({ sid, children }) => (children ?? []).map((child) => [child, sid])));
  const sessions = new Map(rows.map((row) => [row.sid, sessionOf(row)]));
  return ids.map((id) => {
    const chain: Session[] = [];
    for (let at = parents.get(known.get(id)?.sid ?? -1) ?? null; at !== null; at = rowAt.get(at)!.parent)
      chain.push(sessions.get(at)!);
    return chain.reverse();
  });
}
