import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { isSqliteError, Statements } from '../index/statements.ts';
import { layoutOf } from '../layout.ts';
import { CatchUp } from './catch-up.ts';
import type { FromWorker, ToWorker, WorkerQuery, WorkerSettings } from './protocol.ts';
import { SearchIndex } from './search-index.ts';

/*
 * A thread of its own for full text: neither taking text in nor a search that looks at half a million messages holds up the
 * thread that serves requests.
 */

const { directory, store } = workerData as WorkerSettings;
const path = join(directory, 'search.db');
const database = new DatabaseSync(layoutOf(directory).index, { readOnly: true });
const index = new Statements(database);
let search = SearchIndex.open(path, store);
let catchUp = new CatchUp(directory, index, search);

/**
 * Sessions taken in with one transaction, and the milliseconds after which it ends. Each end writes a part of the index, which later
 * ones are merged with: fewer cost less, and a search waits for one.
 */
const BATCH = 1_000;
const TURN = 50;
/** So many sessions to take in are worth a word, and more than a stop waits for. */
const MANY = 200;
/** While others write, the thread rests so many times as long as a turn has taken: they need the processor more. */
const REST = 9;
/** Milliseconds. */
const MAX_REST = 1_000;
/** Others write when they have done so within as many milliseconds. */
const BUSY = 300;
/** A search waits so many milliseconds for the index to become complete. */
const PATIENCE = 1_000;

/** Sessions to look at, and whether all of each is to be read anew. */
const waiting = new Map<number, boolean>();
let started = false;
let timer: NodeJS.Timeout | null = null;
let lastChange = Number.NEGATIVE_INFINITY;
/** Milliseconds that the last turn took, its commit included. */
let lastTurn = 0;
let closed = false;

const port = parentPort!;
const post = (message: FromWorker) => port.postMessage(message);

function expect(sessions: readonly number[], anew: boolean): void {
  for (const session of sessions) waiting.set(session, anew || (waiting.get(session) ?? false));
}

/** Everything that the search index lacks, found by comparing it with the store's. */
function compare(): void {
  started = true;
  expect(catchUp.behind(), true);
  if (waiting.size > MANY)
    post({ kind: 'said', level: 'info', message: `indexing ${waiting.size} sessions for search` });
}

/** Takes in what waits, for a while. */
function work(until: number): void {
  try {
    if (!started) compare();
    while (waiting.size > 0) {
      const taken = new Map<number, boolean>();
      const end = Math.min(until, performance.now() + TURN);
      takeIn(() => {
        for (const [session, anew] of waiting) {
          taken.set(session, catchUp.bringUpToDate(session, anew));
          if (taken.size >= BATCH || performance.now() > end) break;
        }
      });
      for (const [session, isAll] of taken) {
        if (isAll) waiting.delete(session);
        else waiting.set(session, false);
      }
      if (performance.now() > until) break;
    }
  } catch (error) {
    if (!isSqliteError(error) || !isDamage(error)) throw error;
    startAnew();
  }
}

/**
 * What `work` reads of the store's index is one state of it, whatever is written meanwhile: a session and its messages must go
 * together, or some are taken in twice.
 */
function takeIn(work: () => void): void {
  index.exec('BEGIN');
  try {
    search.transaction(work);
  } finally {
    index.exec('COMMIT');
  }
}

/** SQLITE_CORRUPT, SQLITE_NOTADB, and a row that stands where none should. */
function isDamage({ errcode }: { errcode: number }): boolean {
  return [11, 19, 26].includes(errcode & 0xff);
}

function startAnew(): void {
  post({ kind: 'said', level: 'warn', message: 'the search index is damaged: building it again' });
  search.close();
  SearchIndex.remove(path);
  search = SearchIndex.open(path, store);
  catchUp = new CatchUp(directory, index, search);
  waiting.clear();
  started = false;
}

function goOn(): void {
  if (closed || timer || (started && waiting.size === 0)) return;
  const isBusy = performance.now() - lastChange < BUSY;
  timer = setTimeout(
    () => {
      timer = null;
      const began = performance.now();
      work(began + TURN);
      lastTurn = performance.now() - began;
      goOn();
    },
    isBusy ? Math.min(REST * lastTurn, MAX_REST) : 0,
  );
}

function answer(query: WorkerQuery) {
  work(performance.now() + PATIENCE);
  const within = query.within === null ? null : subtree(query.within);
  const found = search.search({ ...query, within });
  const hits = found.hits.flatMap((hit) => {
    const row = index.get<{ id: string }>('SELECT id FROM sessions WHERE seq = ?', hit.session);
    return row ? [{ ...hit, id: row.id }] : [];
  });
  return { ...found, hits, isComplete: waiting.size === 0 };
}

function subtree(id: string): number[] {
  return index.column(
    `WITH RECURSIVE beneath (seq) AS (
       SELECT seq FROM sessions WHERE id = ?
       UNION ALL SELECT c.seq FROM beneath b JOIN sessions c ON c.parent_seq = b.seq
     ) SELECT seq FROM beneath`,
    id,
  );
}

port.on('message', (message: ToWorker) => {
  if (message.kind === 'search') {
    const { request } = message;
    try {
      post({ kind: 'found', request, answer: answer(message) });
    } catch (error) {
      post({ kind: 'failed', request, message: (error as Error).message });
    }
  } else if (message.kind === 'close') {
    closed = true;
    if (timer) clearTimeout(timer);
    try {
      if (started && waiting.size <= MANY) work(performance.now() + PATIENCE);
    } finally {
      search.close();
      database.close();
      port.close();
    }
    return;
  } else {
    lastChange = performance.now();
    expect(message.sessions, message.kind === 'replaced');
  }
  goOn();
});
goOn();
