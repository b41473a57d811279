import { withCopiesBehind } from './copies.ts';
import type { Family } from './families.ts';
import type { Hit } from './hit.ts';
import { type FamilyMatch, familyMatches, filterOf, type Match, matchesOf } from './match.ts';
import { type Partition, partitionsOf } from './partitions.ts';
import type { Places } from './places.ts';
import type { Filter, Reader } from './readers.ts';
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
  readonly mark: number;
}

export interface Ranked {
  readonly hits: readonly Hit[];
  /** False if time ran out before all matches were read. The oldest are missing. */
  readonly isComplete: boolean;
}

/** Matches in no order. Two lists of numbers: many searches may be under way, each with as many matches. */
interface Matches {
  readonly ids: number[];
  readonly scores: number[];
  /** As in `Ranked`. */
  readonly isComplete: boolean;
}

/**
 * The matches, best first and, among equals, newest first, but copies last. As in a search engine of several shards, a score is
 * relative to the texts of its partition. A partition is read in one of `places`.
 */
export async function rank(reader: Reader, match: Match, work: Work, places: Places): Promise<Ranked> {
  if (match.phrases.length === 0 || match.within?.size === 0) return { hits: [], isComplete: true };
  const ofFamilies: Matches[] = [];
  for (const ofFamily of familyMatches(match))
    ofFamilies.push(await matchesIn(reader, ofFamily, work, places));
  const { ids, scores, isComplete } = together(ofFamilies);
  const order = ids.map((_, n) => n).sort((a, b) => scores[a]! - scores[b]! || ids[b]! - ids[a]!);
  const { statements } = reader;
  const hasCopies = statements.get(ANY_COPY) !== undefined;
  const hits: Hit[] = [];
  const marks: number[] = [];
  for (let n = 0; n < order.length; n += DOCUMENTS_AT_ONCE) {
    if (work.isDue) await work.rest();
    const inTheirOrder = JSON.stringify(order.slice(n, n + DOCUMENTS_AT_ONCE).map((place) => ids[place]));
    for (const hit of statements.all<Hit>(DOCUMENTS, inTheirOrder)) hits.push(hit);
    if (hasCopies) for (const mark of statements.column<number>(MARKS, inTheirOrder)) marks.push(mark);
  }
  if (!hasCopies) return { hits, isComplete };
  const inOrder = order.map((place) => scores[place]!);
  return { hits: withCopiesBehind({ hits, scores: inOrder, marks }), isComplete };
}

async function matchesIn(reader: Reader, match: FamilyMatch, work: Work, places: Places): Promise<Matches> {
  const filter = filterOf(match);
  if (!filter) {
    const rows = (partition: Partition) => rowsOf<Found>(reader, match, partition, null);
    return readMatches(reader, match.family, { rows }, work, places);
  }
  // A query yields only with a row. The filter therefore lets one row through at the end of each turn, wanted
  // or not.
  const passes: Filter = (session, role, mark) => {
    work.walk(1);
    return filter(session, role, mark) || work.isDue;
  };
  return reader.filtering(passes, (number) => {
    const rows = (partition: Partition) => rowsOf<FilteredRow>(reader, match, partition, number);
    const isWanted = ({ session, role, mark }: FilteredRow) => filter(session, role, mark);
    return readMatches(reader, match.family, { rows, isWanted }, work, places);
  });
}

function rowsOf<Row>(
  reader: Reader,
  match: FamilyMatch,
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

async function readMatches<Row extends Found>(
  { statements }: Reader,
  family: Family,
  { rows, isWanted }: Source<Row>,
  work: Work,
  places: Places,
): Promise<Matches> {
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
  for (const partition of partitionsOf(statements, family)) {
    if (work.isDue) await work.rest();
    if (!work.isOutOfTime) await places.use(work, () => addThoseOf(partition));
    if (ids.length === RANKED_MATCHES_MAX) break;
    if (work.isOutOfTime) return { ids, scores, isComplete: false };
  }
  return { ids, scores, isComplete: true };
}

/** The newest of the matches in all families, each message once, with its better score. */
function together(ofFamilies: readonly Matches[]): Matches {
  const [only] = ofFamilies;
  if (only && ofFamilies.length === 1) return only;
  const best = new Map<number, number>();
  for (const { ids, scores } of ofFamilies) {
    for (const [n, id] of ids.entries())
      best.set(id, Math.min(scores[n]!, best.get(id) ?? Number.POSITIVE_INFINITY));
  }
  const newest = [...best].sort(([one], [other]) => other - one).slice(0, RANKED_MATCHES_MAX);
  return {
    ids: newest.map(([id]) => id),
    scores: newest.map(([, score]) => score),
    isComplete: ofFamilies.every(({ isComplete }) => isComplete),
  };
}

const DOCUMENTS_AT_ONCE = 2_000;

/** CROSS JOIN keeps the left table as the outer loop. */
const DOCUMENTS =
  'SELECT d.session, d.ordinal FROM json_each(?) ranked CROSS JOIN documents d ON d.id = ranked.value ORDER BY ranked.key';
const MARKS =
  'SELECT m.mark FROM json_each(?) ranked CROSS JOIN marks m ON m.id = ranked.value ORDER BY ranked.key';
/** Most stores have few copies, or none. */
const ANY_COPY = 'SELECT 1 FROM marks INDEXED BY copies WHERE mark < 0 LIMIT 1';
