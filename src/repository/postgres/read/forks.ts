import type { Session } from '../../../model/session.ts';
import { countLimitOf, type ReadOptions } from '../../read-options.ts';
import type { ForksRequest, ForksScope, ListKey, Page, PageRequest } from '../../reads.ts';
import type { Value } from '../connection/value.ts';
import { pageOfWalk } from './page-rows.ts';
import type { ReadParts } from './parts.ts';
import { shownRows } from './session-rows.ts';
import { isInSight, type SightValues, sightValues } from './sight-sql.ts';
import { WALKED, Walk, type WalkStatements, walkAll, walkedIn, walkStatements } from './walk.ts';

type From = PageRequest<ListKey>['from'];

/** Without a sight in the batch, the plan is much shorter. */
const SEEN = { all: 'true', seen: isInSight('r.owner', 'r.within_home', 'r.within_sid') } as const;
type Seen = keyof typeof SEEN;

/** Forks can be in any tree: they are looked for in all partitions. */
const WALK: Record<From, Record<Seen, WalkStatements>> = {
  start: { all: walkOf('start', 'all'), seen: walkOf('start', 'seen') },
  end: { all: walkOf('end', 'all'), seen: walkOf('end', 'seen') },
};

function walkOf(from: From, seen: Seen): WalkStatements {
  const direction = from === 'start' ? '' : 'DESC';
  return walkStatements((most) => {
    const entries = `SELECT s.home, s.sid, s.created_at AS key, 0 AS amount, (${SEEN[seen]}) AS passes FROM sessions s
      WHERE s.forked_from IS NOT NULL AND (s.forked_from::json ->> 'sessionId') = r.origin
        AND (s.created_at, s.sid) > (r.after_time, r.after_sid) AND (s.created_at, s.sid) < (r.before_time, r.before_sid)
      ORDER BY s.created_at ${direction}, s.sid ${direction} LIMIT ${most}`;
    return `SELECT r.n, ${WALKED} FROM unnest($1::text[], $2::int8[], $3::int8[], $4::int8[], $5::int8[],
        $6::text[], $7::int8[], $8::int8[]) WITH ORDINALITY
      AS r (origin, after_time, after_sid, before_time, before_sid, owner, within_home, within_sid, n)
      CROSS JOIN LATERAL ${walkedIn(entries)} AS w`;
  });
}

interface Asked {
  readonly sessionId: string;
  readonly page: PageRequest<ListKey>;
  readonly sight: SightValues;
  /** True if there is a sight. */
  readonly isSeen: boolean;
}

export async function forksPages(
  parts: ReadParts,
  requests: readonly ForksRequest[],
  options?: ReadOptions,
): Promise<Page<Session>[]> {
  const asked = await askedOf(parts, requests, options);
  const walks = asked.map((each) => new Walk<Asked, number>(each, each.page.limit + 1));
  const read = (from: From) =>
    walk(
      parts,
      from,
      walks.filter(({ request }) => request.page.from === from),
      options,
    );
  await Promise.all([read('start'), read('end')]);
  const rows = await shownRows(
    parts.database,
    walks.flatMap(({ found }) => found),
    options,
  );
  parts.places.saw(rows.values());
  return walks.map((each) => pageOfWalk(each, rows, each.request.page));
}

export async function countForks(
  parts: ReadParts,
  scopes: readonly ForksScope[],
  options?: ReadOptions,
): Promise<number[]> {
  const page = { limit: 0, from: 'start' } as const;
  const asked = await askedOf(
    parts,
    scopes.map((scope) => ({ ...scope, page })),
    options,
  );
  const walks = asked.map((each) => new Walk<Asked, number>(each, null, countLimitOf(options)));
  await walk(parts, 'start', walks, options);
  return walks.map(({ count }) => count);
}

async function askedOf(
  { places }: ReadParts,
  requests: readonly ForksRequest[],
  options?: ReadOptions,
): Promise<Asked[]> {
  const sights = await sightValues(
    places,
    requests.map(({ sight }) => sight),
    options,
  );
  return requests.map(({ sessionId, page, sight }, n) => ({
    sessionId,
    page,
    sight: sights[n]!,
    isSeen: sight != null,
  }));
}

function walk(
  { database }: ReadParts,
  from: From,
  walks: readonly Walk<Asked, number>[],
  options?: ReadOptions,
): Promise<void> {
  const [first, end] = from === 'start' ? (['after', 'before'] as const) : (['before', 'after'] as const);
  return walkAll(
    walks,
    WALK[from][walks.some(({ request }) => request.isSeen) ? 'seen' : 'all'],
    (sql, open) => {
      const keys = open.map(({ request: { page }, last }) => ({
        [first]: last === null ? page[first] : { time: last.key, sequence: last.sid },
        [end]: page[end],
      })) as Pick<PageRequest<ListKey>, 'after' | 'before'>[];
      const values: Value[] = [
        open.map(({ request }) => request.sessionId),
        keys.map(({ after }) => after?.time ?? Number.MIN_SAFE_INTEGER),
        keys.map(({ after }) => after?.sequence ?? 0),
        keys.map(({ before }) => before?.time ?? Number.MAX_SAFE_INTEGER),
        keys.map(({ before }) => before?.sequence ?? 0),
        open.map(({ request }) => request.sight.owner),
        open.map(({ request }) => request.sight.withinHome),
        open.map(({ request }) => request.sight.withinSid),
      ];
      return database.rows(sql, values, options);
    },
    options,
  );
}
