import { setTimeout as pause } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { SearchPage } from '../../reads.ts';
import { layoutOf } from '../format/layout.ts';
import { openDatabase } from '../index/open-database.ts';
import { Statements } from '../index/statements.ts';
import { FairTurns } from './fair-turns.ts';
import { Indexer } from './indexer.ts';
import { isLong, LongRankings } from './long-rankings.ts';
import type { Match } from './match.ts';
import { cutPage } from './page.ts';
import { Places } from './places.ts';
import type { FromWorker, ToWorker, WorkerQuery, WorkerRequest, WorkerSettings } from './protocol.ts';
import { type Ranked, rank } from './rank.ts';
import type { Ranking } from './rankings.ts';
import { Readers } from './readers.ts';
import { inBoth, Scope, type Sessions } from './scope.ts';
import { searchIndexPath } from './search-index.ts';
import { SharedRankings } from './shared-rankings.ts';
import { snippetsOf } from './snippets.ts';
import { CancelledError, Work } from './work.ts';

/*
 * The full-text thread. Indexing, a search over half a million messages, and snippets of large messages do
 * not block the thread that serves requests. All work is done in turns, so that no search waits for another's
 * long one; what cannot be divided into short turns is ranked in a further thread (`long-rankings.ts`).
 */

/** Milliseconds that running requests may still take when the store is closed. */
const GRACE_MS = 1_000;
/** Milliseconds after which a search is answered with the newest of its matches. */
const PATIENCE_MS = 10_000;

const { directory, store } = workerData as WorkerSettings;
const path = searchIndexPath(directory);
const port = parentPort!;
const post = (message: FromWorker) => port.postMessage(message);
const database = openDatabase(layoutOf(directory).index, { readOnly: true });
const index = new Statements(database);
const indexReaders = new Readers(layoutOf(directory).index);
const scope = new Scope(indexReaders);
const readers = new Readers(path);
const longRankings = new LongRankings(path);
/** A search for few words takes little memory. */
const places = new Places(Number.POSITIVE_INFINITY);
const turns = new FairTurns();
const sharedRankings = new SharedRankings<KeptRanking>(turns);
const running = new Map<number, Work>();
const underWay = new Set<Promise<void>>();
/** Incremented with each message about changes: a search that began before one does not see them. */
let changes = 0;
const indexer = new Indexer({
  directory,
  store,
  path,
  index,
  post,
  isAsked: () => underWay.size > 0,
  isAnew: () => {
    readers.close();
    longRankings.anew();
  },
});

interface KeptRanking extends RankedWithin {
  readonly id: string;
}

interface RankedWithin extends Ranking {
  /** `within` of the search, as it is now. */
  readonly within: Sessions;
}

async function answerTo(request: WorkerRequest, work: Work): Promise<unknown> {
  if (request.what === 'scrub') return indexer.scrub(request.sessions);
  if (request.what === 'snippets') return snippetsOf(directory, index, request, work);
  const { after, limit } = request;
  const kept = after && indexer.rankings.get(after.ranking);
  const ranking: KeptRanking = kept
    ? { ...kept, id: after.ranking, within: await scope.within(request, work) }
    : await sharedRankings.of(`${changes} ${request.indexChanges} ${searchOf(request)}`, work, (own) =>
        rankAndKeep(request, own),
      );
  if (after && ranking.id !== after.ranking) return null;
  const { hits, id, isComplete, within } = ranking;
  const page = await cutPage(index, hits, { limit, from: after?.place ?? 0, within }, work);
  return { ...page, totalCount: hits.length, ranking: id, isComplete } satisfies SearchPage;
}

function searchOf({ limit: _, after: __, indexChanges: ___, ...search }: WorkerQuery): string {
  return JSON.stringify(search);
}

async function rankAndKeep(query: WorkerQuery, work: Work): Promise<KeptRanking> {
  const ranked = await rankUndamaged(query, work);
  // Without hits there is no position to continue from.
  const id = ranked.hits.length === 0 ? '' : indexer.rankings.keep(searchOf(query), ranked);
  return { ...ranked, id };
}

async function rankUndamaged(query: WorkerQuery, work: Work): Promise<RankedWithin> {
  const { generation } = readers;
  try {
    return await rankAll(query, work);
  } catch (error) {
    // Another search may have met the same damage before: the index is not discarded twice for it.
    if (generation === readers.generation && !indexer.failed(error)) throw error;
    return rankAll(query, work);
  }
}

async function rankAll(query: WorkerQuery, work: Work): Promise<RankedWithin> {
  const isCaughtUp = await indexer.caughtUp(work);
  const { generation } = readers;
  const within = await scope.within(query, work);
  const sessions = inBoth(within, await scope.matching(query.filter, work));
  if (work.isDue) await work.rest();
  const ranked = await rankHereOrThere({ ...query, within: sessions }, work);
  const isComplete = ranked.isComplete && isCaughtUp && generation === readers.generation;
  return { hits: ranked.hits, isComplete, within };
}

async function rankHereOrThere(match: Match, work: Work): Promise<Ranked> {
  const there = isLong(match.phrases) ? await longRankings.rank(match, indexer.state, work) : null;
  return there ?? readers.use(indexer.state, (reader) => rank(reader, match, work, places));
}

async function close(): Promise<void> {
  const end = performance.now() + GRACE_MS;
  for (const work of running.values()) work.endBy(end);
  sharedRankings.endBy(end);
  longRankings.endWithin(GRACE_MS);
  const all = Promise.all(underWay);
  // A single step of a long ranking may take longer.
  await Promise.race([all, pause(GRACE_MS + LAST_TURN_MS, undefined, { ref: false })]);
  for (const work of running.values()) work.cancel();
  await all;
  longRankings.close();
  try {
    indexer.close();
  } finally {
    readers.close();
    indexReaders.close();
    database.close();
    port.close();
  }
}

/** Milliseconds that a request takes at most to notice that its time is over, other than in a long ranking. */
const LAST_TURN_MS = 500;

type Request = Extract<ToWorker, { kind: 'request' }>;

async function answer({ request, msLeft, ...what }: Request): Promise<void> {
  const now = performance.now();
  // Half of the time that is left: the answer, though not complete, should arrive before the deadline.
  const end = now + Math.min(PATIENCE_MS, msLeft / 2);
  const work = new Work(turns, end, (used) => post({ kind: 'used', request, ...used }));
  running.set(request, work);
  try {
    const answer = await answerTo(what, work);
    work.report();
    post({ kind: 'answered', request, answer });
  } catch (error) {
    if (!(error instanceof CancelledError))
      post({ kind: 'failed', request, message: (error as Error).message });
  } finally {
    running.delete(request);
  }
}

port.on('message', (message: ToWorker) => {
  if (message.kind === 'close') {
    void close();
    return;
  }
  if (message.kind === 'cancel') {
    running.get(message.request)?.cancel();
    return;
  }
  if (message.kind === 'request') {
    const answered = answer(message).finally(() => {
      underWay.delete(answered);
      indexer.goOn();
    });
    underWay.add(answered);
  } else {
    changes += 1;
    if (message.kind === 'changed') indexer.changed(message.sessions);
    else indexer.replaced(message.sessions);
  }
  indexer.goOn();
});
indexer.goOn();
