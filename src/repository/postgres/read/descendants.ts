import type { ChildFilter, Session } from '../../../model/session.ts';
import { countLimitOf, type ReadOptions } from '../../read-options.ts';
import { EMPTY_PAGE, type Page, type PageRequest, UnknownKeyError } from '../../reads.ts';
import type { Value } from '../connection/value.ts';
import { beginningOf, endOfPath } from '../rows/path-sql.ts';
import type { Place } from '../rows/places.ts';
import { SELECT_SHOWN } from '../rows/session-row.ts';
import { childMatch, passesMatch } from './child-match.ts';
import { countChildren } from './children.ts';
import { sessionAt, treeOf } from './joins.ts';
import { type NumberedRow, pageOfWalk, pagesOf } from './page-rows.ts';
import type { ReadParts } from './parts.ts';
import { shownRows } from './session-rows.ts';
import { WALKED, Walk, type WalkedRow, walkAll, walkedIn, walkStatements } from './walk.ts';

type From = PageRequest<string>['from'];
/** Which sessions: the children are in an index of their own. */
type Reach = 'subtree' | 'children';

const END = endOfPath('p.path');
const BEGINNING = beginningOf('s.path');

/** Where the key of a page is, or was when it was deleted; nothing if that is not beneath `p`. */
function keyBeneath(home: string, sid: string): string {
  return `(SELECT k.path FROM (
      SELECT x.root, x.path FROM sessions x WHERE x.home = ${home} AND x.sid = ${sid}
      UNION ALL SELECT x.root, x.path FROM tombstones x WHERE x.home = ${home} AND x.sid = ${sid}
    ) AS k WHERE k.root = p.root AND k.path > p.path AND k.path < ${END} LIMIT 1)`;
}

/** The keys are the same for all requests. `last` is where the walk of a request has come to. */
const OF_TOPS = `${sessionAt('r', 'p')} ${treeOf('p', 't')}
  LEFT JOIN LATERAL ${keyBeneath('$4::int8', '$5::int8')} AS a ON true
  LEFT JOIN LATERAL ${keyBeneath('$6::int8', '$7::int8')} AS b ON true`;

const REQUESTS = 'unnest($1::int8[], $2::int8[], $3::bytea[]) WITH ORDINALITY AS r (home, sid, last, n)';

const IS_KNOWN = '(($5::int8 IS NULL OR a.path IS NOT NULL) AND ($7::int8 IS NULL OR b.path IS NOT NULL))';

const BOUNDS: Record<From, { readonly low: string; readonly high: string }> = {
  start: { low: 'coalesce(r.last, a.path, p.path)', high: `coalesce(b.path, ${END})` },
  end: { low: 'coalesce(a.path, p.path)', high: `coalesce(r.last, b.path, ${END})` },
};

/** Sessions beneath `p` can have other homes: each home of the tree is looked at by itself, so that an index has their order. */
function beneath(from: From, reach: Reach, columns: string, most: string): string {
  const direction = from === 'start' ? '' : 'DESC';
  const bounds = `s.path > d.low AND s.path < d.high`;
  const range = {
    subtree: `s.root = p.root AND ${BEGINNING} >= ${beginningOf('d.low')}
      AND ${BEGINNING} <= ${beginningOf('d.high')} AND ${bounds}
      ORDER BY ${BEGINNING} ${direction}, s.path ${direction}`,
    children: `s.parent = p.sid AND ${bounds} ORDER BY s.arrival ${direction}`,
  }[reach];
  return `SELECT c.* FROM (SELECT ${BOUNDS[from].low} AS low, ${BOUNDS[from].high} AS high) AS d
    CROSS JOIN unnest(t.homes) AS h (home)
    CROSS JOIN LATERAL (SELECT ${columns} FROM sessions s WHERE s.home = h.home AND ${range} LIMIT ${most}) AS c
    ORDER BY c.path ${direction} LIMIT ${most}`;
}

const SELECT_PAGES = each(
  (from, reach) => `SELECT r.n, ${IS_KNOWN} AS is_known, ${SELECT_SHOWN} FROM ${REQUESTS} ${OF_TOPS}
  LEFT JOIN LATERAL (${beneath(from, reach, 's.*', '$8::int8')}) AS s ON ${IS_KNOWN}
  ORDER BY r.n, s.path ${from === 'start' ? '' : 'DESC'}`,
);

const PASSES = `s.depth <= p.depth + $8::int4 AND ${passesMatch('$9::bool', '$10::text', '$11::text')}`;

const WALK = each((from, reach) =>
  walkStatements((most) => {
    const columns = `s.home, s.sid, s.path, s.path AS key, 0 AS amount, (${PASSES}) AS passes`;
    return `SELECT r.n, ${IS_KNOWN} AS is_known, ${WALKED} FROM ${REQUESTS} ${OF_TOPS}
    CROSS JOIN LATERAL ${walkedIn(beneath(from, reach, columns, `${most}`))} AS w`;
  }),
);

function each<T>(make: (from: From, reach: Reach) => T): Record<From, Record<Reach, T>> {
  const of = (from: From) => ({ subtree: make(from, 'subtree'), children: make(from, 'children') });
  return { start: of('start'), end: of('end') };
}

/** Stands for all levels: no tree is so deep. */
const ALL_LEVELS = 1_000_000_000;
/** Stands for a key that no session has. */
const NOWHERE: Place = { home: -1, sid: -1 };

export async function descendantsPages(
  parts: ReadParts,
  ids: readonly string[],
  page: PageRequest<string>,
  maxDepth: number | null,
  filter: ChildFilter | null | undefined,
  options?: ReadOptions,
): Promise<Page<Session>[]> {
  const { database, places } = parts;
  const { after, before, from } = page;
  const known = await places.of([...ids, ...[after, before].flatMap((key) => key ?? [])], options);
  const tops = ids.filter((id) => known.has(id)).map((id) => known.get(id)!);
  if (tops.length === 0) return ids.map(() => EMPTY_PAGE);
  const keys = [after, before].flatMap((key): Value[] => {
    const place = key === undefined ? null : (known.get(key) ?? NOWHERE);
    return [place?.home ?? null, place?.sid ?? null];
  });
  const match = childMatch(filter);
  const reach = maxDepth !== null && maxDepth <= 1 ? 'children' : 'subtree';
  const refuseUnknown = (rows: readonly { readonly is_known: boolean }[]) => {
    if (rows.every(({ is_known: isKnown }) => isKnown)) return;
    const asked = JSON.stringify([after, before].filter((key) => key !== undefined));
    throw new UnknownKeyError(`Of ${asked}, one is not beneath one of ${JSON.stringify(ids)}.`);
  };

  let pages: Page<Session>[];
  if (!match && (maxDepth === null || maxDepth <= 1)) {
    const most = maxDepth !== null && maxDepth < 1 ? 0 : page.limit + 1;
    const values = [...placesOf(tops), tops.map(() => null), ...keys, most];
    const rows = await database.rows<NumberedRow & { readonly is_known: boolean }>(
      SELECT_PAGES[from][reach],
      values,
      options,
    );
    refuseUnknown(rows);
    const found = rows.filter(({ sid }) => sid !== null);
    places.saw(found);
    pages = pagesOf(
      found,
      tops.map(() => page),
    );
  } else {
    const walks = tops.map((top) => new Walk<Place, Buffer>(top, page.limit + 1));
    const values = [...keys, maxDepth ?? ALL_LEVELS, ...matchValues(match)];
    await walkAll(
      walks,
      WALK[from][reach],
      async (sql, open) => {
        const rows = await stepBeneath(parts, sql, open, values, options);
        refuseUnknown(rows);
        return rows;
      },
      options,
    );
    const rows = await shownRows(
      database,
      walks.flatMap(({ found }) => found),
      options,
    );
    places.saw(rows.values());
    pages = walks.map((walk) => pageOfWalk(walk, rows, page));
  }
  let next = 0;
  return ids.map((id) => (known.has(id) ? pages[next++]! : EMPTY_PAGE));
}

export async function countDescendants(
  parts: ReadParts,
  ids: readonly string[],
  maxDepth: number | null,
  filter: ChildFilter | null | undefined,
  options?: ReadOptions,
): Promise<number[]> {
  if (maxDepth !== null && maxDepth < 1) return ids.map(() => 0);
  if (maxDepth === 1)
    return await countChildren(
      parts,
      ids.map((parentId) => ({ parentId, filter: filter ?? null })),
      options,
    );
  const known = await parts.places.of(ids, options);
  const walks = new Map(
    [...known].map(
      ([id, place]) => [id, new Walk<Place, Buffer>(place, null, countLimitOf(options))] as const,
    ),
  );
  const values = [null, null, null, null, maxDepth ?? ALL_LEVELS, ...matchValues(childMatch(filter))];
  await walkAll(
    [...walks.values()],
    WALK.start.subtree,
    (sql, open) => stepBeneath(parts, sql, open, values, options),
    options,
  );
  return ids.map((id) => walks.get(id)?.count ?? 0);
}

function stepBeneath(
  { database }: ReadParts,
  sql: string,
  open: readonly Walk<Place, Buffer>[],
  values: readonly Value[],
  options?: ReadOptions,
): Promise<(WalkedRow<Buffer> & { readonly is_known: boolean })[]> {
  const tops = placesOf(open.map(({ request }) => request));
  return database.rows(sql, [...tops, open.map(({ last }) => last?.key ?? null), ...values], options);
}

function matchValues(match: ReturnType<typeof childMatch>): Value[] {
  return [match?.isArchived ?? null, match?.statuses ?? null, match?.agentName ?? null];
}

function placesOf(places: readonly Place[]): Value[] {
  return [places.map(({ home }) => home), places.map(({ sid }) => sid)];
}
