import { REPLACED_MAX } from '../../changes.ts';
import type { ReadOptions } from '../../read-options.ts';
import type { Queries } from '../connection/queries.ts';
import type { Value } from '../connection/value.ts';
import { homesOf, type Place } from '../rows/places.ts';
import { isNewIn, type Snapshot, valuesOf } from './snapshot.ts';

/** What happened to the messages of a session since a snapshot. */
export interface ContentsSince {
  /** The first position from which messages left; null if none did. */
  readonly truncated: number | null;
  /** The first position of a message that was not there. */
  readonly appended: number | null;
  /** Messages that were there and have another form, in order, at most `REPLACED_MAX`. */
  readonly replaced: readonly { readonly ordinal: number; readonly position: number }[];
}

interface SessionPlace extends Place {
  readonly isNew: boolean;
}

const GIVEN = 'FROM unnest($4::int8[], $5::int8[], $6::bool[]) AS given (home, sid, is_new)';
const OWN = 'm.home = given.home AND m.sid = given.sid AND m.home = ANY($7::int8[])';

/** Messages that a snapshot does not have are the last ones of a session: their transactions held the lock of its tree one after the other. */
const SELECT_PLACES = `SELECT given.sid,
    (SELECT min(m.position) FROM messages m WHERE ${OWN} AND m.dropped_clock IS NOT NULL AND ${isNewIn('m.dropped_clock', 1)}) AS truncated,
    (SELECT m.position FROM messages m WHERE ${OWN} AND m.dropped_clock IS NULL AND m.ordinal > CASE WHEN given.is_new THEN -1 ELSE
        coalesce((SELECT m.ordinal FROM messages m WHERE ${OWN} AND NOT ${isNewIn('m.clock', 1)} ORDER BY m.ordinal DESC LIMIT 1), -1) END
      ORDER BY m.ordinal LIMIT 1) AS appended
  ${GIVEN}`;

const SELECT_REPLACED = `SELECT given.sid, replaced.ordinal, replaced.position
  ${GIVEN} CROSS JOIN LATERAL (
    SELECT m.ordinal, m.position FROM messages m
    WHERE ${OWN} AND m.replaced_clock IS NOT NULL AND ${isNewIn('m.replaced_clock', 1)}
      AND NOT ${isNewIn('m.clock', 1)} AND m.dropped_clock IS NULL
    ORDER BY m.ordinal LIMIT ${REPLACED_MAX}
  ) replaced WHERE NOT given.is_new ORDER BY given.sid, replaced.ordinal`;

interface PlacesRow {
  readonly sid: number;
  readonly truncated: number | null;
  readonly appended: number | null;
}

interface ReplacedRow {
  readonly sid: number;
  readonly ordinal: number;
  readonly position: number;
}

/** By `sid`. Of a new session, `appended` is its first message, and nothing is replaced. */
export async function contentsSince(
  queries: Queries,
  base: Snapshot,
  sessions: readonly SessionPlace[],
  options?: ReadOptions,
): Promise<Map<number, ContentsSince>> {
  if (sessions.length === 0) return new Map();
  const values: Value[] = [
    ...valuesOf(base),
    sessions.map(({ home }) => home),
    sessions.map(({ sid }) => sid),
    sessions.map(({ isNew }) => isNew),
    homesOf(sessions),
  ];
  const [places, replaced] = await Promise.all([
    queries.rows<PlacesRow>(SELECT_PLACES, values, options),
    queries.rows<ReplacedRow>(SELECT_REPLACED, values, options),
  ]);
  const bySession = Map.groupBy(replaced, ({ sid }) => sid);
  return new Map(places.map((row) => [row.sid, { ...row, replaced: bySession.get(row.sid) ?? [] }]));
}
