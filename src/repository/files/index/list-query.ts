import type { ListKey } from '../../reads.ts';
import { ALL, type Query, type Span, type TimeColumn } from './list-conditions.ts';
import type { Way } from './list-ways.ts';

/** Entries that a walk reads in one direction: the sessions with these times, or with one time and these numbers. */
export interface Range {
  readonly times: Span;
  /** Null unless `times` is a single time. */
  readonly sequences: Span | null;
}

/**
 * The ranges of a way, in ascending order, strictly between two keys. A key splits off the entries with its own time: SQLite
 * seeks by a sequence number only within one time, and would step over all entries with that time.
 */
export function rangesOf({ by, span }: Way, low?: ListKey, high?: ListKey): Range[] {
  if (!by) return [{ times: ALL, sequences: { min: 0, max: ALL.max } }];
  const at = (time: number, min: number, max: number): Range => ({
    times: { min: time, max: time },
    sequences: { min, max },
  });
  if (low && high && low.time > high.time) return [];
  const min = low ? low.sequence + 1 : 0;
  const max = high ? high.sequence - 1 : ALL.max;
  const ranges: Range[] = [];
  if (low && high && low.time === high.time) ranges.push(at(low.time, min, max));
  else {
    if (low) ranges.push(at(low.time, min, ALL.max));
    const times = { min: low ? low.time + 1 : ALL.min, max: high ? high.time - 1 : ALL.max };
    ranges.push({ times, sequences: null });
    if (high) ranges.push(at(high.time, 0, max));
  }
  return ranges.map((range) => ({ ...range, times: within(range.times, span) })).filter(isNotEmpty);
}

/** What is left of a range beyond an entry. */
export function beyond(
  range: Range,
  { sequence, time, along = time }: Pick<Entry, 'along' | 'sequence'> & Partial<ListKey>,
  isAscending: boolean,
): Range[] {
  const rest = ({ min, max }: Span, reached: number): Span =>
    isAscending ? { min: reached + 1, max } : { min, max: reached - 1 };
  if (range.sequences) return [{ ...range, sequences: rest(range.sequences, sequence) }];
  // Only a range that follows a time has no sequence numbers.
  const at = along!;
  const same = { times: { min: at, max: at }, sequences: rest({ min: 0, max: ALL.max }, sequence) };
  return [same, { times: rest(range.times, at), sequences: null }].filter(isNotEmpty);
}

function within(one: Span, other: Span): Span {
  return { min: Math.max(one.min, other.min), max: Math.min(one.max, other.max) };
}

function isNotEmpty({ times, sequences }: Range): boolean {
  return times.min <= times.max && (!sequences || sequences.min <= sequences.max);
}

/** An entry of a way; its key is its place in a list. */
export interface Entry extends ListKey {
  /** The time that orders the way, if that is not the time of the key; null if there is none. */
  readonly along?: number | null;
}

/** An entry with the columns that were asked for. */
export type EntryWith<Column extends string> = Entry & Readonly<Record<Column, string>>;

/**
 * The entries of a range that fulfil the other conditions, in order, with more `columns` of the table. Takes as last values the most
 * entries to walk, and the most to return.
 */
export function entriesQuery(
  way: Way,
  range: Range,
  time: TimeColumn,
  isAscending: boolean,
  columns: readonly string[],
): Query {
  const fulfilled = way.others.map(({ sql }) => sql).join(' AND ');
  const part = partOf(way, range);
  const more = columns.map((column) => `, ${column}`).join('');
  // Most lists have no other conditions.
  if (!fulfilled && !more && way.by === time)
    return {
      sql: `SELECT seq AS sequence, ${time} AS time FROM ${way.from.sql}${part.sql} ${inOrder(way, isAscending)} LIMIT min(?, ?)`,
      values: [...way.from.values, ...part.values],
    };
  return {
    sql:
      `SELECT sequence, time, along${more} FROM (SELECT ${way.sequence} AS sequence, ${time} AS time, ${way.by} AS along` +
      `${more}${fulfilled ? `, ${fulfilled} AS passes` : ''} FROM ${way.from.sql}${part.sql} ` +
      `${inOrder(way, isAscending)} LIMIT ?)${fulfilled ? ' WHERE passes' : ''} LIMIT ?`,
    values: [...way.others.flatMap(({ values }) => values), ...way.from.values, ...part.values],
  };
}

/**
 * Counts the first `limit` entries of a range, or, much cheaper, all of them if `limit` is null: as `walked`, and those that fulfil
 * the other conditions as `passed`.
 */
export function countQuery(way: Way, range: Range, limit: number | null): Query {
  const fulfilled = way.others.map(({ sql }) => sql).join(' AND ');
  const part = partOf(way, range);
  const value = fulfilled ? `CASE WHEN ${fulfilled} THEN 1 END` : '1';
  const values = [...way.others.flatMap((other) => other.values), ...way.from.values, ...part.values];
  const entries = `${way.from.sql}${part.sql}`;
  if (limit === null)
    return { sql: `SELECT count(*) AS walked, count(${value}) AS passed FROM ${entries}`, values };
  return {
    sql:
      `SELECT count(*) AS walked, count(value) AS passed FROM (SELECT ${value} AS value FROM ${entries} ` +
      `${inOrder(way, true)} LIMIT ?)`,
    values: [...values, limit],
  };
}

/** The entry of a range that has a number of others before it. */
export function entryQuery(way: Way, range: Range, isAscending: boolean): Query {
  const part = partOf(way, range);
  return {
    sql:
      `SELECT ${way.sequence} AS sequence, ${way.by} AS along FROM ${way.from.sql}${part.sql} ` +
      `${inOrder(way, isAscending)} LIMIT 1 OFFSET ?`,
    values: [...way.from.values, ...part.values],
  };
}

function inOrder({ by, sequence }: Way, isAscending: boolean): string {
  const direction = isAscending ? 'ASC' : 'DESC';
  return `ORDER BY ${by ? `${by} ${direction}, ` : ''}${sequence} ${direction}`;
}

function partOf({ by, sequence }: Way, { times, sequences }: Range): Query {
  const parts: Query[] = [];
  if (by && times.min === times.max) parts.push({ sql: ` AND ${by} = ?`, values: [times.min] });
  else if (by && (times.min !== ALL.min || times.max !== ALL.max))
    parts.push({ sql: ` AND ${by} BETWEEN ? AND ?`, values: [times.min, times.max] });
  if (sequences)
    parts.push({ sql: ` AND ${sequence} BETWEEN ? AND ?`, values: [sequences.min, sequences.max] });
  return {
    sql: parts.map(({ sql }) => sql).join(''),
    values: parts.flatMap(({ values }) => values),
  };
}
