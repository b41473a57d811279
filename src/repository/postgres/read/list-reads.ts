import { matchesAll } from '../../../model/search/matches.ts';
import { parseQuery } from '../../../model/search/query.ts';
import type { Session, SessionFilter, SessionOrder, SessionOrderField } from '../../../model/session.ts';
import type { Sight } from '../../../model/sight.ts';
import { countLimitOf, type ReadOptions } from '../../read-options.ts';
import { EMPTY_PAGE, type ListKey, type Page, type PageRequest, type StoreStatus } from '../../reads.ts';
import { listStatements } from './list-statements.ts';
import { type Between, WHOLE_LIST, wayOf } from './list-ways.ts';
import { pageOfWalk } from './page-rows.ts';
import type { ReadParts } from './parts.ts';
import { filterValues, isEmpty, type KnownFilter, knownFilter } from './session-filter.ts';
import { shownRows } from './session-rows.ts';
import { Walk, type WalkedRow, walkAll } from './walk.ts';

const COUNT_ALL = `SELECT count(*) AS sessions, coalesce(sum(message_count), 0)::int8 AS messages FROM sessions
  WHERE $1::bool IS NULL OR (archived_at IS NOT NULL) = $1::bool`;

type ListWalk = Walk<Between, number>;
type TitledRow = WalkedRow<number> & { readonly titles?: readonly string[] | null };

/** Lists and counts sessions that match a filter. */
export class ListReads {
  readonly #parts: ReadParts;

  constructor(parts: ReadParts) {
    this.#parts = parts;
  }

  async list(
    given: SessionFilter,
    { field, direction }: SessionOrder,
    page: PageRequest<ListKey>,
    options?: ReadOptions,
  ): Promise<Page<Session>> {
    const filter = field === 'TREE_LAST_ACTIVE_AT' ? { ...given, rootsOnly: true } : given;
    const known = await knownFilter(this.#parts, filter, options);
    if (!known) return EMPTY_PAGE;
    const isOldestFirst = direction === 'ASC';
    const [low, high] = isOldestFirst ? [page.after, page.before] : [page.before, page.after];
    const between = { low: low ?? WHOLE_LIST.low, high: high ?? WHOLE_LIST.high };
    const walk: ListWalk = new Walk(between, page.limit + 1);
    await this.#walk(walk, known, field, isOldestFirst === (page.from === 'start'), options);
    const rows = await shownRows(this.#parts.database, walk.found, options);
    this.#parts.places.saw(rows.values());
    return pageOfWalk(walk, rows, page);
  }

  async count(filter: SessionFilter, options?: ReadOptions): Promise<number> {
    const archived = filter.archived ?? 'EXCLUDE';
    if (isOnArchivalAlone(filter))
      return Math.min(
        (await this.#countAll(archived === 'INCLUDE' ? null : archived === 'ONLY', options)).sessions,
        countLimitOf(options),
      );
    return (await this.#count(filter, options)).sessions;
  }

  /** The numbers of sessions and messages in sight; of the whole store if there is no sight. Nothing is ever quarantined. */
  async status(sight: Sight | null, options?: ReadOptions): Promise<StoreStatus> {
    const { sessions, messages } = sight
      ? await this.#count({ sight, archived: 'INCLUDE' }, options)
      : await this.#countAll(null, options);
    return { sessionCount: sessions, messageCount: messages, quarantined: [] };
  }

  async #countAll(isArchived: boolean | null, options?: ReadOptions) {
    const [row] = await this.#parts.database.rows<{ sessions: number; messages: number }>(
      COUNT_ALL,
      [isArchived],
      options,
    );
    return row!;
  }

  async #count(filter: SessionFilter, options?: ReadOptions) {
    const known = await knownFilter(this.#parts, filter, options);
    if (!known) return { sessions: 0, messages: 0 };
    const isByActivity = isLimited(filter, 'LAST_ACTIVE_AT') && !isLimited(filter, 'CREATED_AT');
    const walk: ListWalk = new Walk(WHOLE_LIST, null, countLimitOf(options));
    await this.#walk(walk, known, isByActivity ? 'LAST_ACTIVE_AT' : 'CREATED_AT', true, options);
    return { sessions: walk.count, messages: walk.amount };
  }

  async #walk(
    walk: ListWalk,
    known: KnownFilter,
    field: SessionOrderField,
    isAscending: boolean,
    options?: ReadOptions,
  ): Promise<void> {
    const { filter } = known;
    const phrases = filter.title == null ? null : parseQuery(filter.title);
    if (phrases?.length === 0) return;
    const way = await wayOf(this.#parts, known, field, options);
    const statements = listStatements({ way: way.name, field, isAscending, hasTitle: phrases !== null });
    const values = filterValues(known, 'EXCLUDE');
    const step = async (sql: string): Promise<WalkedRow<number>[]> => {
      const { low, high } = withinTimes(rest(walk, isAscending), filter, field);
      const keys = [low.time, low.sequence, high.time, high.sequence];
      const rows = await this.#parts.database.rows<TitledRow>(
        sql,
        [...values, ...keys, ...way.values],
        options,
      );
      return phrases ? rows.map((row) => matching(row, (title) => matchesAll(title, phrases))) : rows;
    };
    await walkAll([walk], statements, step, options);
  }
}

/** What is left of a walk. */
function rest({ request, last }: ListWalk, isAscending: boolean): Between {
  if (last === null) return request;
  return { ...request, [isAscending ? 'low' : 'high']: { time: last.key, sequence: last.sid } };
}

/** What a filter leaves of a list in the order of a time that it limits. */
function withinTimes({ low, high }: Between, filter: SessionFilter, field: SessionOrderField): Between {
  const { after, before } = timesOf(filter, field);
  return {
    low: after != null && low.time < after.getTime() ? { time: after.getTime(), sequence: 0 } : low,
    high: before != null && high.time >= before.getTime() ? { time: before.getTime(), sequence: 0 } : high,
  };
}

function timesOf(filter: SessionFilter, field: SessionOrderField) {
  if (field === 'CREATED_AT') return { after: filter.createdAfter, before: filter.createdBefore };
  if (field === 'LAST_ACTIVE_AT') return { after: filter.activeAfter, before: filter.activeBefore };
  return { after: null, before: null };
}

function isLimited(filter: SessionFilter, field: SessionOrderField): boolean {
  const { after, before } = timesOf(filter, field);
  return after != null || before != null;
}

/** A row without the sessions whose title does not match. */
function matching(row: TitledRow, isMatch: (title: string) => boolean): WalkedRow<number> {
  const passing = (row.titles ?? []).flatMap((title, n) => (isMatch(title) ? n : []));
  const only = (list: readonly number[] | null) => passing.map((n) => list![n]!);
  return { ...row, homes: only(row.homes), sids: only(row.sids), ordinals: only(row.ordinals) };
}

function isOnArchivalAlone({ archived: _, rootsOnly, metadata, damaged, ...others }: SessionFilter): boolean {
  return !rootsOnly && !damaged && isEmpty(metadata) && Object.values(others).every((value) => value == null);
}
