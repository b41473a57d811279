import type { Sight } from '../../../model/sight.ts';
import type { Queries } from '../connection/queries.ts';
import { type Columns, type RowsStatement, withRows } from '../rows/insert.ts';
import type { Place } from '../rows/places.ts';

/** Messages of a session that are meant. */
export interface MeantSession extends Place {
  readonly id: string;
  readonly ordinals: Set<number>;
}

/** By `sid`. */
export type Meant = Map<number, MeantSession>;

interface Fork extends Place {
  readonly id: string;
  readonly origin_id: string;
  /** How many of its first messages came with the fork. */
  readonly copied: number;
  readonly created_clock: number;
  /** True if the store itself has not copied them: a client has written them, or they came from another store. */
  readonly is_foreign: boolean;
}

const SELECT_FORKS = `SELECT s.home, s.sid, s.id, s.created_clock, s.forked_from::json ->> 'sessionId' AS origin_id,
    (s.forked_from::json ->> 'historyLength')::int8 AS copied,
    coalesce((SELECT m.origin IS NULL FROM messages m WHERE m.home = s.home AND m.sid = s.sid ORDER BY m.ordinal LIMIT 1), true) AS is_foreign
  FROM sessions s WHERE s.forked_from IS NOT NULL AND s.forked_from::json ->> 'sessionId' = ANY($1::text[])`;

interface Pair {
  readonly home: number;
  readonly sid: number;
  readonly ordinal: number;
  readonly fork_home: number;
  readonly fork_sid: number;
  readonly copied: number;
  readonly created_clock: number;
}

const PAIRS: Columns<Pair> = {
  home: 'int8',
  sid: 'int8',
  ordinal: 'int8',
  fork_home: 'int8',
  fork_sid: 'int8',
  copied: 'int8',
  created_clock: 'int8',
};

const SAYS_THE_SAME = `(c.role = o.role AND c.content = o.content AND ${[
  'reasoning',
  'tool_calls',
  'payload',
  'metadata',
  'rest',
]
  .map((text) => `c.${text} IS NOT DISTINCT FROM o.${text}`)
  .join(' AND ')})`;

/** The original says nothing any more: it is the one in whose place the copy was when the fork was made. */
const HAD_ITS_PLACE = `(o.redacted_at IS NOT NULL AND c.position = o.position AND o.clock <= given.created_clock
  AND (o.dropped_clock IS NULL OR o.dropped_clock > given.created_clock))`;

/** Copies that the store has made: their ordinals are the positions of the originals. */
const SELECT_COPIES = withRows(PAIRS, (rows, homes) =>
  copiesIn(rows, homes, 'c.ordinal = o.position AND c.origin = o.ordinal'),
);

/** This reads all copies of a fork for each original. */
const SELECT_FOREIGN_COPIES = withRows(PAIRS, (rows, homes) =>
  copiesIn(
    rows,
    homes,
    `c.ordinal < given.copied AND c.is_copy AND c.origin IS NULL AND (${SAYS_THE_SAME} OR ${HAD_ITS_PLACE})`,
  ),
);

/** Each fork is looked at by itself, which may be anywhere. */
function copiesIn(rows: string, homes: string, condition: string): string {
  return `SELECT DISTINCT c.sid, c.ordinal FROM ${rows} AS given
    JOIN messages o ON o.home = given.home AND o.sid = given.sid AND o.ordinal = given.ordinal
    CROSS JOIN LATERAL (SELECT c.sid, c.ordinal FROM messages c
      WHERE c.home = given.fork_home AND c.sid = given.fork_sid AND ${condition} OFFSET 0) AS c
    WHERE o.home = ANY(${homes})`;
}

/**
 * The messages that are meant, with their copies in forks, in forks of these, and so on. A message that a client has written as a copy is one
 * if it says what the original says. A copy counts only if its session is among those that `areInSight` tells: see `sightOfForks`. Only the
 * locks of the trees keep others from making more.
 */
export async function withCopies(
  queries: Queries,
  originals: Meant,
  areInSight: (ids: readonly string[]) => Promise<readonly boolean[]>,
): Promise<Meant> {
  const meant: Meant = new Map();
  for (const each of originals.values()) add(meant, each, each.ordinals);
  let waiting: readonly MeantSession[] = [...originals.values()];
  while (waiting.length > 0) {
    const forks = new Map<number, Fork>();
    const origins = new Map(waiting.map((each) => [each.id, each]));
    const all = await queries.rows<Fork>(SELECT_FORKS, [[...origins.keys()]]);
    const seen = await areInSight(all.map(({ id }) => id));
    const pairs: Pair[] = [];
    const foreign: Pair[] = [];
    for (const [n, fork] of all.entries()) {
      if (!seen[n]) continue;
      forks.set(fork.sid, fork);
      const { home, sid, ordinals } = origins.get(fork.origin_id)!;
      const { home: fork_home, sid: fork_sid, copied, created_clock } = fork;
      for (const ordinal of ordinals)
        (fork.is_foreign ? foreign : pairs).push({
          home,
          sid,
          ordinal,
          fork_home,
          fork_sid,
          copied,
          created_clock,
        });
    }
    const copies = [
      ...(await copiesOf(queries, SELECT_COPIES, pairs)),
      ...(await copiesOf(queries, SELECT_FOREIGN_COPIES, foreign)),
    ];
    const next: Meant = new Map();
    for (const { sid, ordinal } of copies)
      if (!meant.get(sid)?.ordinals.has(ordinal)) add(next, forks.get(sid)!, [ordinal]);
    for (const each of next.values()) add(meant, each, each.ordinals);
    waiting = [...next.values()];
  }
  return meant;
}

async function copiesOf(
  queries: Queries,
  { sql, values }: RowsStatement<Pair>,
  pairs: readonly Pair[],
): Promise<{ readonly sid: number; readonly ordinal: number }[]> {
  return pairs.length === 0 ? [] : await queries.rows(sql, values(pairs));
}

/** Adds messages of a session. */
export function add(
  meant: Meant,
  { home, sid, id }: Pick<MeantSession, 'home' | 'sid' | 'id'>,
  ordinals: Iterable<number>,
): void {
  const known = meant.get(sid);
  if (!known) meant.set(sid, { home, sid, id, ordinals: new Set(ordinals) });
  else for (const ordinal of ordinals) known.ordinals.add(ordinal);
}

/** The `areInSight` of `withCopies` for a sight; without a sight, all forks are in it. */
export function sightOfForks(
  sight: Sight | null | undefined,
  areInSight: (ids: readonly string[], sight: Sight) => Promise<boolean[]>,
): (ids: readonly string[]) => Promise<readonly boolean[]> {
  return async (ids) => (sight == null ? ids.map(() => true) : await areInSight(ids, sight));
}
