import type { Session } from '../../../model/session.ts';
import { countLimitOf, type ReadOptions } from '../../read-options.ts';
import {
  type ChildrenRequest,
  type ChildrenScope,
  EMPTY_PAGE,
  type Page,
  type PageRequest,
} from '../../reads.ts';
import type { Value } from '../connection/value.ts';
import type { Place } from '../rows/places.ts';
import { SELECT_SHOWN } from '../rows/session-row.ts';
import { type ChildMatch, childMatch, passesMatch } from './child-match.ts';
import { sessionAt, treeOf } from './joins.ts';
import { type NumberedRow, pageOfWalk, pagesOf } from './page-rows.ts';
import type { ReadParts } from './parts.ts';
import { shownRows } from './session-rows.ts';
import { WALKED, Walk, type WalkStatements, walkAll, walkedIn, walkStatements } from './walk.ts';

type From = PageRequest<number>['from'];

const DIRECTIONS = { start: '', end: 'DESC' } as const satisfies Record<From, string>;

/** The children of `p` may have other homes: each home of the tree is looked at by itself, so that an index has their order. */
function childrenOf(from: From, columns: string, most: string): string {
  const order = DIRECTIONS[from];
  return `SELECT c.* FROM unnest(t.homes) AS h (home) CROSS JOIN LATERAL (
      SELECT ${columns} FROM sessions s
      WHERE s.home = h.home AND s.parent = p.sid AND s.arrival > r.after AND s.arrival < r.before
      ORDER BY s.arrival ${order} LIMIT ${most}
    ) AS c ORDER BY c.arrival ${order} LIMIT ${most}`;
}

const OF_PARENTS = `${sessionAt('r', 'p')} ${treeOf('p', 't')}`;

const SELECT_PAGES = byDirection(
  (from) => `SELECT r.n, ${SELECT_SHOWN}
  FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::int8[]) WITH ORDINALITY
    AS r (home, sid, after, before, most, n) ${OF_PARENTS}
  CROSS JOIN LATERAL (${childrenOf(from, 's.*', 'r.most')}) AS s
  ORDER BY r.n, s.arrival ${DIRECTIONS[from]}`,
);

const PASSES = passesMatch('r.is_archived', 'r.statuses', 'r.agent_name');

const WALK = byDirection((from) =>
  walkStatements((most) => {
    const columns = `s.home, s.sid, s.arrival, s.arrival AS key, 0 AS amount, (${PASSES}) AS passes`;
    return `SELECT r.n, ${WALKED}
    FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::bool[], $6::text[], $7::text[]) WITH ORDINALITY
      AS r (home, sid, after, before, is_archived, statuses, agent_name, n) ${OF_PARENTS}
    CROSS JOIN LATERAL ${walkedIn(childrenOf(from, columns, `${most}`))} AS w`;
  }),
);

const SELECT_COUNTS = `SELECT p.sid, p.child_count FROM unnest($1::int8[], $2::int8[]) AS r (home, sid)
  ${sessionAt('r', 'p')}`;

function byDirection<T>(make: (from: From) => T): Record<From, T> {
  return { start: make('start'), end: make('end') };
}

/** The children of one parent. */
interface Asked {
  /** Its number in the batch. */
  readonly n: number;
  readonly place: Place;
  readonly page: PageRequest<number>;
  readonly match: ChildMatch | null;
}

const ALL: PageRequest<number> = { limit: Number.MAX_SAFE_INTEGER - 1, from: 'start' };

export async function childrenPages(
  parts: ReadParts,
  requests: readonly ChildrenRequest[],
  options?: ReadOptions,
): Promise<Page<Session>[]> {
  const asked = await askedOf(parts, requests, options);
  const pages: Page<Session>[] = requests.map(() => EMPTY_PAGE);
  const read = async (from: From) => {
    const own = asked.filter(({ page }) => page.from === from);
    await Promise.all([
      readPages(
        parts,
        from,
        own.filter(({ match }) => !match),
        pages,
        options,
      ),
      walkPages(
        parts,
        from,
        own.filter(({ match }) => match),
        pages,
        options,
      ),
    ]);
  };
  await Promise.all([read('start'), read('end')]);
  return pages;
}

export async function countChildren(
  parts: ReadParts,
  scopes: readonly ChildrenScope[],
  options?: ReadOptions,
): Promise<number[]> {
  const requests = scopes.map((scope) => ({ ...scope, page: ALL }));
  const asked = await askedOf(parts, requests, options);
  const counts = scopes.map(() => 0);
  const limit = countLimitOf(options);
  const whole = asked.filter(({ match }) => !match);
  const walks = asked.filter(({ match }) => match).map((each) => new Walk<Asked, number>(each, null, limit));
  const count = async () => {
    if (whole.length === 0) return;
    const rows = await parts.database.rows<{ sid: number; child_count: number }>(
      SELECT_COUNTS,
      placesOf(whole),
      options,
    );
    const bySid = new Map(rows.map((row) => [row.sid, row.child_count]));
    for (const { n, place } of whole) counts[n] = Math.min(bySid.get(place.sid) ?? 0, limit);
  };
  await Promise.all([count(), walk(parts, 'start', walks, options)]);
  for (const { request, count: found } of walks) counts[request.n] = found;
  return counts;
}

async function askedOf(
  { places }: ReadParts,
  requests: readonly ChildrenRequest[],
  options?: ReadOptions,
): Promise<Asked[]> {
  const known = await places.of(
    requests.map(({ parentId }) => parentId),
    options,
  );
  return requests.flatMap(({ parentId, page, filter }, n) => {
    const place = known.get(parentId);
    return place ? { n, place, page, match: childMatch(filter) } : [];
  });
}

async function readPages(
  { database, places }: ReadParts,
  from: From,
  asked: readonly Asked[],
  pages: Page<Session>[],
  options?: ReadOptions,
): Promise<void> {
  if (asked.length === 0) return;
  const most = asked.map(({ page }) => page.limit + 1);
  const values = [...placesOf(asked), ...keysOf(asked), most];
  const rows = await database.rows<NumberedRow>(SELECT_PAGES[from], values, options);
  places.saw(rows);
  const found = pagesOf(
    rows,
    asked.map(({ page }) => page),
  );
  for (const [index, { n }] of asked.entries()) pages[n] = found[index]!;
}

async function walkPages(
  parts: ReadParts,
  from: From,
  asked: readonly Asked[],
  pages: Page<Session>[],
  options?: ReadOptions,
): Promise<void> {
  const walks = asked.map((each) => new Walk<Asked, number>(each, each.page.limit + 1));
  await walk(parts, from, walks, options);
  const rows = await shownRows(
    parts.database,
    walks.flatMap(({ found }) => found),
    options,
  );
  parts.places.saw(rows.values());
  for (const each of walks) pages[each.request.n] = pageOfWalk(each, rows, each.request.page);
}

function walk(
  { database }: ReadParts,
  from: From,
  walks: readonly Walk<Asked, number>[],
  options?: ReadOptions,
): Promise<void> {
  const statements: WalkStatements = WALK[from];
  return walkAll(
    walks,
    statements,
    (sql, open) => {
      const asked = open.map(({ request, last }) =>
        last === null
          ? request
          : { ...request, page: { ...request.page, [from === 'start' ? 'after' : 'before']: last.key } },
      );
      const values = [
        ...placesOf(asked),
        ...keysOf(asked),
        asked.map(({ match }) => match!.isArchived),
        asked.map(({ match }) => match!.statuses),
        asked.map(({ match }) => match!.agentName),
      ];
      return database.rows(sql, values, options);
    },
    options,
  );
}

function placesOf(asked: readonly Asked[]): Value[] {
  return [asked.map(({ place }) => place.home), asked.map(({ place }) => place.sid)];
}

function keysOf(asked: readonly Asked[]): Value[] {
  return [
    asked.map(({ page }) => page.after ?? -1),
    asked.map(({ page }) => page.before ?? Number.MAX_SAFE_INTEGER),
  ];
}
