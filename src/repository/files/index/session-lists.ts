import type { SessionFilter, SessionOrder } from '../../../model/session.ts';
import type { Sight } from '../../../model/sight.ts';
import type { ForksRequest, ListKey, Page, PageRequest } from '../../reads.ts';
import { inOrder } from '../../runtime/in-order.ts';
import { type HalfFilter, TIME_COLUMNS, type TimeColumn } from './list-conditions.ts';
import { halvesOf } from './list-halves.ts';
import {
  beyond,
  countQuery,
  type Entry,
  type EntryWith,
  entriesQuery,
  entryQuery,
  type Range,
  rangesOf,
} from './list-query.ts';
import { type Counted, RARE_SESSIONS_MAX, routeOf } from './list-route.ts';
import { type Way, wayOfForks } from './list-ways.ts';
import { isEmpty, type RowMatch } from './row-match.ts';
import type { SessionRow } from './session-row.ts';
import type { Steps } from './steps.ts';
import type { IndexTables } from './tables.ts';

const NO_COLUMNS: readonly string[] = [];

/** Entries whose rows are read in one step: a millisecond of work. */
const ENTRIES_AT_ONCE = 500;
/** Entries whose rows are read in one step if each may be large. */
const FEW_ENTRIES = 16;
/** Characters of metadata that take some tenths of a millisecond to parse. */
const LONG_METADATA = 8 * 1024;
/** Bytes of metadata that are read in one step, about. */
const METADATA_BYTES = 128 * 1024;
/**
 * Entries that are counted in one step, of a SQL index alone, or each with its row: some milliseconds of work. Most counts are over
 * with the first step, and need no connection of their own.
 */
const COUNTED_AT_ONCE = 100_000;
const LOOKED_AT_ONCE = 10_000;

/** The first `limit` sessions of a list between two keys, from either end. */
interface Part {
  readonly time: TimeColumn;
  readonly low: ListKey | undefined;
  readonly high: ListKey | undefined;
  readonly isAscending: boolean;
  readonly limit: number;
}

/** Lists of sessions across trees. */
export class SessionLists {
  readonly #tables: IndexTables;

  constructor(tables: IndexTables) {
    this.#tables = tables;
  }

  *page(filter: SessionFilter, order: SessionOrder, page: PageRequest<ListKey>): Steps<Page<SessionRow>> {
    const isOldestFirst = order.direction === 'ASC';
    const [low, high] = isOldestFirst ? [page.after, page.before] : [page.before, page.after];
    const part: Part = {
      time: TIME_COLUMNS[order.field],
      low,
      high,
      isAscending: isOldestFirst === (page.from === 'start'),
      limit: page.limit + 1,
    };
    const isOfRoots = order.field === 'TREE_LAST_ACTIVE_AT';
    const halves = yield* halvesOf(this.#tables, isOfRoots ? { ...filter, rootsOnly: true } : filter);
    let entries: Entry[] = [];
    for (const half of halves) entries = entries.concat(yield* this.#entries(half, part));
    if (halves.length > 1) entries = firstOf(entries, part);
    const { items, hasMore } = inOrder(entries, page);
    const rows = yield* this.#tables.sessions.rows(items.map(({ sequence }) => sequence));
    return { items: rows, hasMore };
  }

  /** The number of sessions that match, or `most`. */
  *count(filter: SessionFilter, most: number): Steps<number> {
    let sum = 0;
    for (const half of yield* halvesOf(this.#tables, filter)) {
      if (sum >= most) break;
      sum += yield* this.#countHalf(half, most - sum);
    }
    return Math.min(sum, most);
  }

  /** The sequence numbers of all sessions that match. */
  *sequences(filter: SessionFilter): Steps<Set<number>> {
    const found = new Set<number>();
    for (const half of yield* halvesOf(this.#tables, filter)) {
      const { ways, match } = yield* routeOf(this.#tables, half, null);
      for (const way of ways) yield* this.#walkAll(way, match, ({ sequence }) => found.add(sequence));
    }
    return found;
  }

  /** The sessions that were forked from session `sessionId`, oldest first. */
  *forks({ sessionId, sight, page }: ForksRequest): Steps<Page<SessionRow>> {
    const entries = yield* this.#along(wayOfForks(sessionId, sight), {
      time: 'created_at',
      low: page.after,
      high: page.before,
      isAscending: page.from === 'start',
      limit: page.limit + 1,
    });
    const { items, hasMore } = inOrder(entries, page);
    return { items: yield* this.#tables.sessions.rows(items.map(({ sequence }) => sequence)), hasMore };
  }

  *countForks(id: string, sight: Sight | null | undefined, most: number): Steps<number> {
    return Math.min(most, yield* this.#countWay(wayOfForks(id, sight), most));
  }

  /** The entries of a part of a list, along a way that has the order of the list. */
  *#along(way: Way, part: Part, match: RowMatch | null = null): Steps<Entry[]> {
    const found: Entry[] = [];
    yield* this.#walk(way, rangesOf(way, part.low, part.high), part, match, (entry) => {
      found.push(entry);
      return part.limit - found.length;
    });
    return found;
  }

  *#entries(filter: HalfFilter, part: Part): Steps<Entry[]> {
    const { ways, isOrdered, match } = yield* routeOf(this.#tables, filter, part.time);
    if (isOrdered) return yield* this.#along(ways[0]!, part, match);
    let found: Entry[] = [];
    const { low, high } = part;
    for (const way of ways) {
      yield* this.#walk(way, rangesOf(way), part, match, (entry) => {
        const isInside = !(low && compareKeys(entry, low) <= 0) && !(high && compareKeys(entry, high) >= 0);
        if (isInside) found.push(entry);
        if (found.length > part.limit + RARE_SESSIONS_MAX) found = firstOf(found, part);
        return Number.POSITIVE_INFINITY;
      });
    }
    return firstOf(found, part);
  }

  /** May end once it has come to `most`. */
  *#countHalf(filter: HalfFilter, most: number): Steps<number> {
    if (isOnArchivalAlone(filter)) {
      const total = filter.archived === 'ONLY' ? 'archived' : 'sessions - archived';
      const sql = `SELECT ${total} AS n FROM totals`;
      return this.#tables.connection.flushed().get<{ n: number }>(sql)!.n;
    }
    const { ways, match } = yield* routeOf(this.#tables, filter, null);
    let sum = 0;
    for (const way of ways) {
      if (sum >= most) break;
      if (!match) sum += yield* this.#countWay(way, most - sum);
      else
        yield* this.#walkAll(
          way,
          match,
          () => {
            sum += 1;
          },
          () => most - sum,
        );
    }
    return sum;
  }

  /** Ends once no more are wanted. */
  *#walkAll(
    way: Way,
    match: RowMatch | null,
    take: (entry: Entry) => void,
    wanted = () => Number.POSITIVE_INFINITY,
  ): Steps<void> {
    const part = { time: way.by ?? 'created_at', isAscending: true, limit: Number.POSITIVE_INFINITY };
    yield* this.#walk(way, rangesOf(way), part, match, (entry) => {
      take(entry);
      return wanted();
    });
  }

  /** The number of entries of a way that fulfil all conditions. May end once it has come to `most`. */
  *#countWay(way: Way, most: number): Steps<number> {
    const isExact = way.others.length === 0;
    const atOnce = isExact ? COUNTED_AT_ONCE : LOOKED_AT_ONCE;
    const connection = this.#tables.connection.flushed();
    // No way has more entries than there are sessions.
    const isShort = isExact && this.#tables.sessions.totals().sessions <= 2 * COUNTED_AT_ONCE;
    let sum = 0;
    const ranges = rangesOf(way);
    for (let range = ranges.shift(); range && sum < most; range = ranges.shift()) {
      const end = entryQuery(way, range, true);
      const last = isShort
        ? undefined
        : connection.get<Pick<Entry, 'along' | 'sequence'>>(end.sql, ...end.values, atOnce - 1);
      if (last) ranges.unshift(...beyond(range, last, true));
      if (last && isExact) {
        sum += atOnce;
        yield atOnce;
        continue;
      }
      const { sql, values } = countQuery(way, range, last ? atOnce : null);
      const { walked, passed } = connection.get<Counted>(sql, ...values)!;
      sum += passed;
      yield walked;
    }
    return sum;
  }

  /**
   * Passes the sessions on a way that fulfil all conditions to `take`, which returns how many more are wanted. Those that do not
   * become part of a page count as walked.
   */
  *#walk(
    way: Way,
    ranges: Range[],
    { time, isAscending, limit }: Pick<Part, 'time' | 'isAscending' | 'limit'>,
    match: RowMatch | null,
    take: (entry: Entry) => number,
  ): Steps<void> {
    const connection = this.#tables.connection.flushed();
    const isExact = way.others.length === 0;
    let wanted = limit;
    // The metadata of each entry may be large.
    let most = match ? FEW_ENTRIES : ENTRIES_AT_ONCE;
    if (!isAscending) ranges.reverse();
    for (let range = ranges.shift(); range; range = ranges.shift()) {
      const { sql, values } = entriesQuery(way, range, time, isAscending, match?.columns ?? NO_COLUMNS);
      const count = match ? most : Math.min(wanted, most);
      const entries = connection.all<EntryWith<'title' | 'metadata'>>(sql, ...values, ENTRIES_AT_ONCE, count);
      let taken = 0;
      let bytes = 0;
      for (const [n, entry] of entries.entries()) {
        if (match) {
          const length = match.lengthOf(entry);
          bytes += length;
          if (length > LONG_METADATA) yield 0;
          if (!(yield* match.isIn(entry))) continue;
        }
        taken += 1;
        wanted = take(entry);
        if (wanted > 0) continue;
        yield n + 1 - taken;
        return;
      }
      let walked = entries.length;
      let last: (Pick<Entry, 'along' | 'sequence'> & Partial<ListKey>) | undefined = entries.at(-1);
      if (entries.length < count) {
        // All entries that could be walked at once were.
        walked = isExact ? walked : ENTRIES_AT_ONCE;
        const next = entryQuery(way, range, isAscending);
        last = isExact ? undefined : connection.get(next.sql, ...next.values, ENTRIES_AT_ONCE - 1);
      }
      yield Number.isFinite(wanted) ? walked - taken : walked;
      if (last) ranges.unshift(...beyond(range, last, isAscending));
      most = bytes < METADATA_BYTES ? Math.min(4 * most, ENTRIES_AT_ONCE) : FEW_ENTRIES;
    }
  }
}

function isOnArchivalAlone({ archived: _, rootsOnly, metadata, ...others }: HalfFilter): boolean {
  return !rootsOnly && isEmpty(metadata) && Object.values(others).every((value) => value == null);
}

function compareKeys(one: ListKey, other: ListKey): number {
  return one.time - other.time || one.sequence - other.sequence;
}

function firstOf(entries: Entry[], { isAscending, limit }: Part): Entry[] {
  const sign = isAscending ? 1 : -1;
  return entries.sort((one, other) => sign * compareKeys(one, other)).slice(0, limit);
}
