import { messageId } from '../../../model/id.ts';
import type { Session } from '../../../model/session.ts';
import type { ReadOptions } from '../../read-options.ts';
import type { SpawnedRequest } from '../../reads.ts';
import { SELECT_SHOWN, sessionOf } from '../rows/session-row.ts';
import type { NumberedRow } from './page-rows.ts';
import type { ReadParts } from './parts.ts';
import { isInSight, sightValues } from './sight-sql.ts';

function firstOf(rank: number, ofMessage: string, seen: string): string {
  return `(SELECT s.*, ${rank} AS rank FROM sessions s WHERE s.spawned_by IS NOT NULL
    AND (s.spawned_by::json ->> 'sessionId') = r.session_id AND (s.spawned_by::json ->> 'toolCallId') = r.call_id
    AND (s.spawned_by::json ->> 'messageId') ${ofMessage} AND ${seen}
    ORDER BY s.sid LIMIT 1)`;
}

/** Two index seeks in each partition, however many sessions name the call: a session that names the message comes first. */
const selectSpawned = (seen: string) => `SELECT r.n, ${SELECT_SHOWN}
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int8[], $6::int8[]) WITH ORDINALITY
    AS r (session_id, call_id, message_id, owner, within_home, within_sid, n)
  CROSS JOIN LATERAL (
    SELECT * FROM (${firstOf(1, '= r.message_id', seen)} UNION ALL ${firstOf(2, 'IS NULL', seen)}) AS f ORDER BY f.rank LIMIT 1
  ) AS s`;

/** Few requests have a sight, which makes a plan much longer. */
const SELECT_ALL = selectSpawned('true');
const SELECT_SEEN = selectSpawned(isInSight('r.owner', 'r.within_home', 'r.within_sid'));

/** The session that each tool call spawned. */
export async function findSpawned(
  { database, places }: ReadParts,
  calls: readonly SpawnedRequest[],
  options?: ReadOptions,
): Promise<(Session | null)[]> {
  if (calls.length === 0) return [];
  const sights = await sightValues(
    places,
    calls.map(({ sight }) => sight),
    options,
  );
  const rows = await database.rows<NumberedRow>(
    calls.some(({ sight }) => sight) ? SELECT_SEEN : SELECT_ALL,
    [
      calls.map(({ sessionId }) => sessionId),
      calls.map(({ toolCallId }) => toolCallId),
      calls.map((call) => messageId(call)),
      sights.map(({ owner }) => owner),
      sights.map(({ withinHome }) => withinHome),
      sights.map(({ withinSid }) => withinSid),
    ],
    options,
  );
  places.saw(rows);
  const byNumber = new Map(rows.map((row) => [row.n, row]));
  return calls.map((_call, n) => {
    const row = byNumber.get(n + 1);
    return row ? sessionOf(row) : null;
  });
}
