import type { ReadOptions } from '../../read-options.ts';
import type { Queries } from '../connection/queries.ts';
import type { Place } from '../rows/places.ts';
import {
  type ReadSessionRow,
  SELECT_SESSION,
  SELECT_SHOWN,
  type ShownSessionRow,
} from '../rows/session-row.ts';
import { sessionAt } from './joins.ts';

const AT_PLACES = `FROM unnest($1::int8[], $2::int8[]) AS place (home, sid) ${sessionAt('place', 's')}`;

/** For one session, which is the most frequent case. */
const AT_PLACE = 'FROM sessions s WHERE s.home = $1::int8 AND s.sid = $2::int8';

const SELECT_ROWS = {
  of: `SELECT ${SELECT_SESSION} ${AT_PLACES}`,
  ofOne: `SELECT ${SELECT_SESSION} ${AT_PLACE}`,
};
const SELECT_SHOWN_ROWS = {
  of: `SELECT ${SELECT_SHOWN} ${AT_PLACES}`,
  ofOne: `SELECT ${SELECT_SHOWN} ${AT_PLACE}`,
};

const SELECT_METADATA = {
  of: `SELECT s.sid, s.metadata ${AT_PLACES}`,
  ofOne: `SELECT s.sid, s.metadata ${AT_PLACE}`,
};

/** The rows of the sessions that exist, by `sid`. */
export function sessionRows(
  queries: Queries,
  places: readonly Place[],
  options?: ReadOptions,
): Promise<Map<number, ReadSessionRow>> {
  return rowsAt(SELECT_ROWS, queries, places, options);
}

/** As `sessionRows`, with what clients see. */
export function shownRows(
  queries: Queries,
  places: readonly Place[],
  options?: ReadOptions,
): Promise<Map<number, ShownSessionRow>> {
  return rowsAt(SELECT_SHOWN_ROWS, queries, places, options);
}

/** The metadata of the sessions that exist, by `sid`. */
export async function metadataAt(
  queries: Queries,
  places: readonly Place[],
  options?: ReadOptions,
): Promise<Map<number, string>> {
  const rows = await rowsAt<{ readonly sid: number; readonly metadata: string }>(
    SELECT_METADATA,
    queries,
    places,
    options,
  );
  return new Map([...rows].map(([sid, { metadata }]) => [sid, metadata]));
}

async function rowsAt<Row extends { readonly sid: number }>(
  sql: { readonly of: string; readonly ofOne: string },
  queries: Queries,
  places: readonly Place[],
  options?: ReadOptions,
): Promise<Map<number, Row>> {
  if (places.length === 0) return new Map();
  if (isOne(places)) {
    const [{ home, sid }] = places;
    const [row] = await queries.rows<Row>(sql.ofOne, [home, sid], options);
    return new Map(row ? [[sid, row]] : []);
  }
  const values = [places.map(({ home }) => home), places.map(({ sid }) => sid)];
  const rows = await queries.rows<Row>(sql.of, values, options);
  return new Map(rows.map((row) => [row.sid, row]));
}

/** True if all places are that of one session. */
function isOne(places: readonly Place[]): places is readonly [Place, ...Place[]] {
  return places.every(({ sid }) => sid === places[0]!.sid);
}
