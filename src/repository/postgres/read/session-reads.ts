import type { Session } from '../../../model/session.ts';
import type { Sight } from '../../../model/sight.ts';
import type { ReadOptions } from '../../read-options.ts';
import type { SessionKey } from '../../reads.ts';
import type { Queries } from '../connection/queries.ts';
import { ownerColumn, SELECT_SHOWN, type ShownSessionRow, sessionOf } from '../rows/session-row.ts';
import { ancestorsOf } from './ancestors.ts';
import type { ReadParts } from './parts.ts';
import { metadataAt, shownRows } from './session-rows.ts';
import { IS_BENEATH_OR_SAME, sightValues } from './sight-sql.ts';

const SELECT_BY_KEYS = `SELECT r.n, ${SELECT_SHOWN}
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS r (owner, key, n)
  JOIN session_keys k ON k.owner = r.owner AND k.key = r.key
  CROSS JOIN LATERAL (SELECT * FROM sessions x WHERE x.home = k.home AND x.sid = k.sid LIMIT 1) AS s`;

/** Where the session at a place is, or was when it was deleted. */
function placeInTree(home: string, sid: string): string {
  return `(SELECT x.owner, x.root, x.path FROM sessions x WHERE x.home = ${home} AND x.sid = ${sid}
    UNION ALL SELECT x.owner, x.root, x.path FROM tombstones x WHERE x.home = ${home} AND x.sid = ${sid} LIMIT 1)`;
}

const SELECT_IN_SIGHT = `SELECT r.sid FROM unnest($1::int8[], $2::int8[]) AS r (home, sid)
  CROSS JOIN LATERAL ${placeInTree('r.home', 'r.sid')} AS s
  WHERE ($3::text IS NULL OR s.owner = $3::text)
    AND ($5::int8 IS NULL OR EXISTS (SELECT 1 FROM ${placeInTree('$4::int8', '$5::int8')} AS w WHERE ${IS_BENEATH_OR_SAME}))`;

/** Reads sessions by their ids and keys. */
export class SessionReads {
  readonly #parts: ReadParts;

  constructor(parts: ReadParts) {
    this.#parts = parts;
  }

  async findMany(ids: readonly string[], options?: ReadOptions): Promise<(Session | null)[]> {
    const { database, places } = this.#parts;
    const known = await places.of(ids, options);
    const rows = await shownRows(database, [...known.values()], options);
    return ids.map((id) => {
      const place = known.get(id);
      const row = place && rows.get(place.sid);
      return row ? sessionOf(row) : null;
    });
  }

  async metadataOf(ids: readonly string[], options?: ReadOptions): Promise<(string | null)[]> {
    const { database, places } = this.#parts;
    const known = await places.of(ids, options);
    const texts = await metadataAt(database, [...known.values()], options);
    return ids.map((id) => texts.get(known.get(id)?.sid ?? -1) ?? null);
  }

  async findByKeys(requests: readonly SessionKey[], options?: ReadOptions): Promise<(Session | null)[]> {
    if (requests.length === 0) return [];
    const rows = await this.#parts.database.rows<ShownSessionRow & { readonly n: number }>(
      SELECT_BY_KEYS,
      [requests.map(({ ownerId }) => ownerColumn(ownerId)), requests.map(({ key }) => key)],
      options,
    );
    this.#parts.places.saw(rows);
    const byNumber = new Map(rows.map((row) => [row.n, row]));
    return requests.map((_request, n) => {
      const row = byNumber.get(n + 1);
      return row ? sessionOf(row) : null;
    });
  }

  /** `queries`: those of the transaction that asks, which must not wait for a second connection. */
  async areInSight(
    ids: readonly string[],
    sight: Sight,
    options?: ReadOptions,
    queries: Queries = this.#parts.database,
  ): Promise<boolean[]> {
    const { places } = this.#parts;
    const [known, [values]] = await Promise.all([
      places.of(ids, options, queries),
      sightValues(places, [sight], options),
    ]);
    if (known.size === 0) return ids.map(() => false);
    const given = [...known.values()];
    const { owner, withinHome, withinSid } = values!;
    const rows = await queries.rows<{ sid: number }>(
      SELECT_IN_SIGHT,
      [given.map(({ home }) => home), given.map(({ sid }) => sid), owner, withinHome, withinSid],
      options,
    );
    const seen = new Set(rows.map(({ sid }) => sid));
    return ids.map((id) => {
      const place = known.get(id);
      return place !== undefined && seen.has(place.sid);
    });
  }

  ancestorsOf(ids: readonly string[], options?: ReadOptions): Promise<Session[][]> {
    return ancestorsOf(this.#parts, ids, options);
  }
}
