import { setImmediate as nextTurn } from 'node:timers/promises';
import { isFaultOfOneFile } from '../disk/unreadable-file.ts';
import { isSqliteError, type Statements } from '../index/statements.ts';
import { CatchUp, type Left } from './catch-up.ts';
import type { FromWorker, WorkerSettings } from './protocol.ts';
import { SearchIndex, UnscrubbedError } from './search-index.ts';
import type { Work } from './work.ts';

/**
 * Sessions in one transaction, and the milliseconds after which it is committed. Each commit writes a segment
 * of the FTS index, and segments have to be merged later: fewer commits cost less, but a search waits for
 * one.
 */
const BATCH_SESSIONS = 1_000;
const TURN_MS = 50;
/** Above this many sessions, indexing is logged when it begins, and closing does not wait for it. */
const MANY_SESSIONS = 200;
/**
 * While there are searches or writes, the thread rests this many times as long as its last turn took, up to a
 * limit: requests need the processor more.
 */
const REST_TURNS = 9;
const MAX_REST_MS = 1_000;
/** The store counts as busy for this many milliseconds after a write. */
const BUSY_MS = 300;
/** The most milliseconds that a search waits for the search index to be up to date. */
const PATIENCE_MS = 1_000;

export interface IndexerParts extends WorkerSettings {
  readonly path: string;
  /** A read connection to the store's index. */
  readonly index: Statements;
  readonly post: (message: FromWorker) => void;
  /** True if a search or another request is not answered yet. */
  readonly isAsked: () => boolean;
  /** Called before the search index is discarded. */
  readonly isAnew: () => void;
}

/** Keeps the search index up to date with the store's index, in turns between which searches run. */
export class Indexer {
  readonly #parts: IndexerParts;
  #search: SearchIndex;
  #catchUp: CatchUp;
  /** Sessions to index, and whether each is to be indexed anew. */
  readonly #waiting = new Map<number, boolean>();
  /** For each waiting search: the sessions that must be indexed first. */
  readonly #needed = new Set<Set<number>>();
  #started = false;
  #timer: NodeJS.Timeout | null = null;
  #nextTurn: Promise<void> | null = null;
  #lastChange = Number.NEGATIVE_INFINITY;
  /** Milliseconds that the last turn took, its commit included. */
  #lastTurn = 0;
  #closed = false;
  #state = 0;

  constructor(parts: IndexerParts) {
    this.#parts = parts;
    this.#search = SearchIndex.open(parts.path, parts.store);
    this.#catchUp = new CatchUp(parts.directory, parts.index, this.#search);
  }

  /** Incremented with each change of the indexed texts. */
  get state(): number {
    return this.#state;
  }

  get rankings() {
    return this.#search.rankings;
  }

  changed(sessions: readonly number[]): void {
    this.#lastChange = performance.now();
    this.#expect(sessions, false);
  }

  replaced(sessions: readonly number[]): void {
    this.#lastChange = performance.now();
    this.#expect(sessions, true);
    try {
      this.#search.distrust(sessions);
    } catch (error) {
      // For example, the disk is full: the sessions are then marked in memory alone.
      if (!isSqliteError(error)) throw error;
      this.failed(error);
    }
  }

  /** Schedules turns until no session is left to index. */
  goOn(): void {
    if (this.#closed || this.#timer || (this.#started && this.#waiting.size === 0)) return;
    const isBusy = this.#parts.isAsked() || performance.now() - this.#lastChange < BUSY_MS;
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        const began = performance.now();
        this.#work(began + TURN_MS);
        this.#lastTurn = performance.now() - began;
        this.goOn();
      },
      isBusy ? Math.min(REST_TURNS * this.#lastTurn, MAX_REST_MS) : 0,
    );
  }

  /** Resolves with true once all earlier changes are indexed, and with false if that takes too long. */
  async caughtUp(work: Work): Promise<boolean> {
    const needed = new Set(this.#waiting.keys());
    this.#needed.add(needed);
    try {
      const end = Math.min(performance.now() + PATIENCE_MS, work.end);
      // The backlog is mostly short. If it is long, the searches that are already waiting work it off.
      if (this.#needed.size === 1) this.#work(performance.now() + TURN_MS);
      // If the index was discarded meanwhile, the needed sessions are not known yet.
      const isDone = () => this.#started && needed.size === 0;
      while (!isDone() && performance.now() < end) {
        await this.#workForAll();
        work.throwIfCancelled();
      }
      return isDone();
    } finally {
      this.#needed.delete(needed);
    }
  }

  /**
   * Indexes these sessions anew, and removes what is left of texts that are gone. If that cannot be done, the search index is discarded.
   */
  async scrub(sessions: readonly number[]): Promise<null> {
    try {
      if (!this.#started) this.#compare();
      for (const session of sessions) await this.#indexAnew(session);
      await this.#search.scrub();
    } catch (error) {
      if (!isSqliteError(error) && !isFaultOfOneFile(error) && !(error instanceof UnscrubbedError))
        throw error;
      this.#parts.post({
        kind: 'said',
        level: 'warn',
        message: `the search index keeps texts: ${error.message}`,
      });
      this.#startAnew();
    }
    return null;
  }

  async #indexAnew(session: number): Promise<void> {
    this.#state += 1;
    for (let left = 'all anew' as Left; left !== 'nothing'; await nextTurn()) {
      const { index } = this.#parts;
      index.exec('BEGIN');
      try {
        this.#search.transaction(() => {
          left = this.#catchUp.bringUpToDate(session, left === 'all anew');
        });
      } finally {
        index.exec('COMMIT');
      }
    }
    this.#hasTaken(session, 'nothing');
  }

  /** Indexes the backlog if it is short, then closes the search index. */
  close(): void {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    try {
      if (this.#started && this.#waiting.size <= MANY_SESSIONS) this.#work(performance.now() + PATIENCE_MS);
    } finally {
      this.#search.close();
    }
  }

  /**
   * Takes an error from reading the search index. If that is damaged, gone, or not a plain file, discards the index, starts to
   * rebuild it, and returns true.
   */
  failed(error: unknown): boolean {
    if (!isDamage(error) && !this.#isMissing(error)) return false;
    this.#startAnew();
    return true;
  }

  /** True if `openDatabase` did not find the search index, or not as a plain file. */
  #isMissing(error: unknown): boolean {
    return isFaultOfOneFile(error) && (error.path?.startsWith(this.#parts.path) ?? false);
  }

  #expect(sessions: readonly number[], anew: boolean): void {
    for (const session of sessions) this.#waiting.set(session, anew || (this.#waiting.get(session) ?? false));
  }

  /** Compares the search index with the store's index, and queues every session that differs. */
  #compare(): void {
    this.#started = true;
    this.#expect(this.#catchUp.behind(), true);
    for (const needed of this.#needed) for (const session of this.#waiting.keys()) needed.add(session);
    if (this.#waiting.size > MANY_SESSIONS) {
      const message = `indexing ${this.#waiting.size} sessions for search`;
      this.#parts.post({ kind: 'said', level: 'info', message });
    }
  }

  /**
   * One turn of work for all waiting searches: a turn for each would delay them, and new ones, much longer.
   */
  #workForAll(): Promise<void> {
    this.#nextTurn ??= nextTurn().then(() => {
      this.#nextTurn = null;
      this.#work(performance.now() + TURN_MS);
    });
    return this.#nextTurn;
  }

  /** Works on the backlog until the time `until`. */
  #work(until: number): void {
    try {
      if (!this.#started) this.#compare();
      while (this.#waiting.size > 0) {
        const taken = this.#takeIn(Math.min(until, performance.now() + TURN_MS));
        for (const [session, left] of taken) this.#hasTaken(session, left);
        if (performance.now() > until) break;
      }
    } catch (error) {
      if (!this.failed(error)) throw error;
    }
  }

  /**
   * The store's index is read in one transaction, whatever is written meanwhile: a session and its messages
   * must be of one state, or some messages are indexed twice.
   */
  #takeIn(end: number): Map<number, Left> {
    const { index } = this.#parts;
    const taken = new Map<number, Left>();
    this.#state += 1;
    index.exec('BEGIN');
    try {
      this.#search.transaction(() => {
        for (const [session, anew] of this.#waiting) {
          taken.set(session, this.#catchUp.bringUpToDate(session, anew));
          if (taken.size >= BATCH_SESSIONS || performance.now() > end) break;
        }
      });
    } finally {
      index.exec('COMMIT');
    }
    return taken;
  }

  #hasTaken(session: number, left: Left): void {
    if (left !== 'nothing') {
      this.#waiting.set(session, left === 'all anew');
      return;
    }
    this.#waiting.delete(session);
    for (const needed of this.#needed) needed.delete(session);
  }

  #startAnew(): void {
    const { directory, index, isAnew, path, post, store } = this.#parts;
    post({ kind: 'said', level: 'warn', message: 'the search index is damaged: building it again' });
    isAnew();
    this.#search.close();
    SearchIndex.remove(path);
    this.#search = SearchIndex.open(path, store);
    this.#catchUp = new CatchUp(directory, index, this.#search);
    this.#waiting.clear();
    for (const needed of this.#needed) needed.clear();
    this.#started = false;
  }
}

/** SQLITE_CORRUPT, SQLITE_NOTADB, and SQLITE_CONSTRAINT: a row stands where none should. */
function isDamage(error: unknown): boolean {
  return isSqliteError(error) && [11, 19, 26].includes(error.errcode & 0xff);
}
