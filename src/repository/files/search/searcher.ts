import { setTimeout as pause } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { StorageError } from '../../../model/errors.ts';
import type { MessageRef } from '../../../model/id.ts';
import { parseQuery } from '../../../model/search/query.ts';
import type { SnippetPart } from '../../../model/search/snippet.ts';
import { startThread } from '../../../threads.ts';
import type { Logger } from '../../observer.ts';
import { DeadlineExceededError, type ReadOptions, throwIfOver } from '../../read-options.ts';
import { type SearchPage, type SearchRequest, type SnippetRequest, UnknownKeyError } from '../../reads.ts';
import type { FromWorker, ToWorker, UsedMessage, WorkerRequest, WorkerSettings } from './protocol.ts';
import { SearchIndex, searchIndexPath } from './search-index.ts';
import { namedFields, workerQueryOf } from './worker-query.ts';

/** Changes are posted to the worker this many milliseconds after the first, or with the next search. */
const DELAY_MS = 100;
/**
 * The worker starts this many milliseconds after the store was opened, or with the first search: a short run
 * needs no worker.
 */
const BEGIN_MS = 1_000;
/** Requests that wait for the worker: each takes memory, and a later one would wait too long. */
const WAITING_MAX = 1_000;
/**
 * Megabytes of the worker's new objects. Messages of 1 MB, each read, folded and dropped, let V8 grow them to 100 and keep that, though
 * the worker needs some 10.
 */
const WORKER_LIMITS = { maxYoungGenerationSizeMb: 24 };
/** The longest timer of Node.js. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** Milliseconds that the worker has to end: to answer running requests and to index a short backlog. */
const END_MS = 5_000;

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly options: ReadOptions;
}

/** Full-text search over the messages of a store, in a worker thread. */
export class Searcher {
  readonly #logger: Logger;
  readonly #settings: WorkerSettings;
  readonly #commitIndex: () => void;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #requests = 0;
  #indexChanges = 0;
  #changed = new Set<number>();
  /**
   * Sessions whose files were replaced while there was no worker and the search index could not be marked.
   */
  readonly #replaced = new Set<number>();
  #timer: NodeJS.Timeout | null = null;
  #closed = false;
  readonly #begin: NodeJS.Timeout;

  /**
   * `commitIndex` is called before the worker reads the index, since it sees only what is committed; throws
   * if that fails.
   */
  constructor(settings: WorkerSettings, logger: Logger, commitIndex: () => void) {
    this.#settings = settings;
    this.#commitIndex = commitIndex;
    this.#logger = logger;
    this.#begin = setTimeout(() => this.#start(), BEGIN_MS).unref();
  }

  /**
   * The session with this sequence number has new messages, was truncated, or is gone. Call before the change
   * is acknowledged.
   */
  changed(session: number): void {
    // When the worker starts, it compares the indexes by itself.
    if (!this.#worker) return;
    this.#changed.add(session);
    this.#timer ??= setTimeout(() => this.#flush(), DELAY_MS).unref();
  }

  /** Call after each change of the store's index. */
  indexChanged(): void {
    this.#indexChanges += 1;
  }

  /** The files of these sessions were replaced, though they may look the same. */
  replaced(sessions: readonly number[]): void {
    if (this.#worker) this.#post({ kind: 'replaced', sessions });
    else if (!SearchIndex.distrustClosed(searchIndexPath(this.#settings.directory), sessions))
      for (const session of sessions) this.#replaced.add(session);
  }

  /**
   * Finds everything that was reported to `changed` before. Rejects with a StorageError if search is
   * unavailable for the moment, or too many requests wait.
   */
  async search(request: SearchRequest, options: ReadOptions = {}): Promise<SearchPage> {
    const query = workerQueryOf(request, this.#indexChanges);
    const page = await this.#ask<SearchPage | null>({ what: 'search', ...query }, options);
    if (!page) throw new UnknownKeyError('What this search found when it began is not kept any more.');
    return page;
  }

  /** Rejects as `search` does. */
  snippetsOf(
    { query, fields }: SnippetRequest,
    refs: readonly MessageRef[],
    options: ReadOptions = {},
  ): Promise<(readonly SnippetPart[] | null)[]> {
    const request = { phrases: parseQuery(query), fields: namedFields(fields), refs };
    return this.#ask({ what: 'snippets', ...request }, options);
  }

  /**
   * Indexes these sessions anew; resolves once nothing of their former texts is in any file of the search index, nor of any other texts
   * that were replaced or dropped. Rejects with a StorageError.
   */
  async scrub(sessions: readonly number[]): Promise<void> {
    this.#start();
    // No thread can run: the index is built again once one can.
    if (!this.#worker && !this.#closed) SearchIndex.remove(searchIndexPath(this.#settings.directory));
    else await this.#ask<null>({ what: 'scrub', sessions }, {});
  }

  async #ask<Answer>(what: WorkerRequest, options: ReadOptions): Promise<Answer> {
    throwIfOver(options);
    if (this.#waiting.size >= WAITING_MAX) throw overloaded();
    // An update of a session changes no history, but what a filter finds.
    const isPassedOn = this.#flush(what.what === 'scrub' || (what.what === 'search' && what.filter !== null));
    if (this.#closed) throw unavailable();
    this.#start();
    if (!this.#worker || !isPassedOn) throw unavailable();
    const request = this.#requests;
    this.#requests += 1;
    const { promise, ...settle } = Promise.withResolvers<unknown>();
    this.#waiting.set(request, { ...settle, options });
    const { signal, deadline = Number.POSITIVE_INFINITY } = options;
    const msLeft = deadline - performance.now();
    const timer =
      msLeft < LONGEST_TIMER_MS
        ? setTimeout(() => this.#abandon(request, new DeadlineExceededError()), Math.ceil(msLeft))
        : null;
    const leave = () => this.#abandon(request, signal!.reason);
    signal?.addEventListener('abort', leave);
    this.#post({ kind: 'request', request, msLeft, ...what });
    this.#worker.ref();
    try {
      return (await promise) as Answer;
    } finally {
      if (timer) clearTimeout(timer);
      signal?.removeEventListener('abort', leave);
      // While the store closes, the worker keeps the process alive until the worker exits.
      if (this.#waiting.size === 0 && !this.#closed) this.#worker?.unref();
    }
  }

  /** Rejects a request, and cancels its work in the worker. */
  #abandon(request: number, reason: unknown): void {
    const waiting = this.#waiting.get(request);
    if (!waiting) return;
    this.#waiting.delete(request);
    this.#post({ kind: 'cancel', request });
    waiting.reject(reason);
  }

  /** Lets the worker index a short backlog first, within a limited time. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#begin);
    this.#flush();
    if (!this.#worker) return;
    this.#worker.ref();
    const worker = this.#worker;
    // Wait for the exit, clean or not: a failure is already logged.
    const exited = new Promise((resolve) => worker.once('exit', resolve));
    this.#post({ kind: 'close' });
    const isLate = Symbol('late');
    if ((await Promise.race([exited, pause(END_MS, isLate, { ref: false })])) !== isLate) return;
    this.#logger.warn({ ms: END_MS }, 'the search thread does not end: the store closes without it');
    for (const request of this.#waiting.keys()) this.#abandon(request, unavailable());
    worker.unref();
    // Not awaited: a thread ends only after the step of SQLite that it is in.
    void worker.terminate();
  }

  /**
   * Posts changes to the worker. False if they must wait, since the worker would not see them yet. `readsSessions`: the worker must see
   * all sessions as they are, too.
   */
  #flush(readsSessions = false): boolean {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#changed.size === 0 && !readsSessions) return true;
    try {
      this.#commitIndex();
    } catch {
      // `commitIndex` reports the failure itself.
      if (!this.#closed) this.#timer = setTimeout(() => this.#flush(), DELAY_MS).unref();
      return false;
    }
    if (this.#changed.size === 0) return true;
    this.#post({ kind: 'changed', sessions: [...this.#changed] });
    this.#changed = new Set();
    return true;
  }

  #post(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }

  #start(): void {
    if (this.#worker) return;
    const failed = (err: unknown) =>
      this.#logger.error({ err }, 'search failed; it begins anew with the next search');
    let worker: Worker;
    try {
      // The worker is not told of earlier changes: they must be committed before it compares the indexes.
      this.#commitIndex();
    } catch {
      // `commitIndex` reports the failure itself.
      return;
    }
    try {
      worker = startThread(import.meta.url, 'worker', this.#settings, WORKER_LIMITS);
    } catch (err) {
      // For example, the system allows no more threads.
      failed(err);
      return;
    }
    // The worker alone must not keep the process alive.
    worker.unref();
    worker.on('message', (message: FromWorker) => this.#hear(message));
    worker.on('error', failed);
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = null;
      for (const { reject } of this.#waiting.values()) reject(unavailable());
      this.#waiting.clear();
    });
    this.#worker = worker;
    if (this.#replaced.size === 0) return;
    this.#post({ kind: 'replaced', sessions: [...this.#replaced] });
    this.#replaced.clear();
  }

  #charge({ request, rows, bytes }: UsedMessage, { onRead, onWalk }: ReadOptions): void {
    try {
      if (rows > 0) onWalk?.(rows);
      if (bytes > 0) onRead?.(bytes);
    } catch (error) {
      this.#abandon(request, error);
    }
  }

  #hear(message: FromWorker): void {
    if (message.kind === 'said') {
      this.#logger[message.level]({}, message.message);
      return;
    }
    const waiting = this.#waiting.get(message.request);
    if (message.kind === 'used') {
      if (waiting) this.#charge(message, waiting.options);
      return;
    }
    this.#waiting.delete(message.request);
    if (message.kind === 'answered') {
      waiting?.resolve(message.answer);
    } else {
      this.#logger.error({ reason: message.message }, 'a search failed');
      waiting?.reject(unavailable());
    }
  }
}

function overloaded(): StorageError {
  return new StorageError(`More than ${WAITING_MAX} searches wait for an answer. Try again later.`, true);
}

function unavailable(): StorageError {
  return new StorageError('Search is not available for the moment. Try again.', true);
}
