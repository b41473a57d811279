import type { Hit } from './hit.ts';
import { filterOf, type Match, matchesOf } from './match.ts';
import { type Partition, partitionsOf } from './partitions.ts';
import type { Places } from './places.ts';
import type { Reader } from './readers.ts';
import type { Work } from './work.ts';

/** Matches that are ranked, the newest: a word in every second message must not cost a look at each match. */
const RANKED_MATCHES_MAX = 10_000;

interface Found {
  readonly id: number;
  readonly score: number;
}

interface FilteredRow extends Found {
  readonly session: number;
  readonly role: number;
}

export interface Ranked {
  readonly hits: readonly Hit[];
  /** False if time ran out before all matches were read. The oldest are missing. */
  readonly isComplete: boolean;
}

/**
 * The matches, best first and, among equals, newest first. As in a search engine of several shards, a score is
 * relative to the texts of its partition. A partition is read in one of `places`.
 */
export async function rank(reader: Reader, match: Match, work: Work, places: Places): Promise<Ranked> {
  if (match.phrases.length === 0 || match.within?.size === 0) return { hits: [], isComplete: true };
  const filter = filterOf(match);
  if (!filter) {
    const rows = (partition: Partition) => rowsOf<Found>(reader, match, partition, null);
    return rankRows(reader, { rows }, work, places);
  }
  // A query yields only with a row. The filter therefore lets one row through at the end of each turn, wanted
  // or not.
  const passes = (session: number, role: number) => {
    work.walk(1);
    return filter(session, role) || work.isDue;
  };
  return reader.filtering(passes, (number) => {
    const rows = (partition: Partition) => rowsOf<FilteredRow>(reader, match, partition, number);
    const isWanted = ({ session, role }: FilteredRow) => filter(session, role);
    return rankRows(reader, { rows, isWanted }, work, places);
  });
}

function rowsOf<Row>(
  reader: Reader,
  match: Match,
  partition: Partition,
  filter: number | null,
): Iterable<Row> {
  const { sql, values } = matchesOf(match, partition, filter);
  return reader.statements.iterate<Row>(sql, ...values);
}

interface Source<Row> {
  readonly rows: (partition: Partition) => Iterable<Row>;
  /** The filter of `rows` counts the rows, and lets some through that are not wanted. */
  readonly isWanted?: (row: Row) => boolean;
}

async function rankRows<Row extends Found>(
  { statements }: Reader,
  { rows, isWanted }: Source<Row>,
  work: Work,
  places: Places,
): Promise<Ranked> {
  // Two lists of numbers: many searches may be under way, each with as many matches.
  const ids: number[] = [];
  const scores: number[] = [];
  const addThoseOf = async (partition: Partition) => {
    for (const row of rows(partition)) {
      if (!isWanted) work.walk(1);
      if (!isWanted || isWanted(row)) {
        ids.push(row.id);
        scores.push(row.score);
        if (ids.length === RANKED_MATCHES_MAX) return;
      }
      if (!work.isDue) continue;
      await work.rest();
      if (work.isOutOfTime) return;
    }
  };
  let isComplete = true;
  for (const partition of partitionsOf(statements)) {
    if (work.isDue) await work.rest();
    if (!work.isOutOfTime) await places.use(work, () => addThoseOf(partition));
    if (ids.length === RANKED_MATCHES_MAX) break;
    if (!work.isOutOfTime) continue;
    isComplete = false;
    break;
  }
  const order = ids.map((_, n) => n).sort((a, b) => scores[a]! - scores[b]! || ids[b]! - ids[a]!);
  const hits: Hit[] = [];
  for (let n = 0; n < order.length; n += DOCUMENTS_AT_ONCE) {
    if (work.isDue) await work.rest();
    const inTheirOrder = JSON.stringify(order.slice(n, n + DOCUMENTS_AT_ONCE).map((place) => ids[place]));
    for (const hit of statements.all<Hit>(DOCUMENTS, inTheirOrder)) hits.push(hit);
  }
  return { hits, isComplete };
}

const DOCUMENTS_AT_ONCE = 2_000;

/** CROSS JOIN keeps the left table as the outer loop. */
const DOCUMENTS =
  'SELECT d.session, d.ordinal FROM json_each(?) ranked CROSS JOIN documents d ON d.id = ranked.value ORDER BY ranked.key';
