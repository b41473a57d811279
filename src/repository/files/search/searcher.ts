import type { Worker } from 'node:worker_threads';
import { StorageError } from '../../../model/errors.ts';
import { MESSAGE_ROLES } from '../../../model/message.ts';
import { parseQuery } from '../../../model/search-text.ts';
import type { Logger } from '../../observer.ts';
import type { SearchPage, SearchRequest } from '../../repository.ts';
import { startThread } from '../threads.ts';
import type { FromWorker, ToWorker, WorkerAnswer, WorkerSettings } from './protocol.ts';

/** Changes are passed on so many milliseconds after the first, or with the next search. */
const DELAY = 100;
/** The thread begins so long after the store was opened, or with the first search: a short run is spared it. */
const BEGIN = 1_000;

interface Waiting {
  readonly resolve: (answer: WorkerAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** Full-text search over the messages of a store, in a thread of its own. */
export class Searcher {
  readonly #logger: Logger;
  readonly #settings: WorkerSettings;
  readonly #commitIndex: () => void;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #requests = 0;
  #changed = new Set<number>();
  #timer: NodeJS.Timeout | null = null;
  #closed = false;
  readonly #begin: NodeJS.Timeout;

  /** `commitIndex` is called before the thread looks at the index, which it sees as it is committed; throws where that cannot be. */
  constructor(settings: WorkerSettings, logger: Logger, commitIndex: () => void) {
    this.#settings = settings;
    this.#commitIndex = commitIndex;
    this.#logger = logger;
    this.#begin = setTimeout(() => this.#start(), BEGIN).unref();
  }

  /** The session with this sequence number has new messages, was rolled back, or is gone. Before that is answered. */
  changed(session: number): void {
    // When it begins it finds by itself what it lacks.
    if (!this.#worker) return;
    this.#changed.add(session);
    this.#timer ??= setTimeout(() => this.#flush(), DELAY).unref();
  }

  /** Its file is another one than it was. */
  replaced(session: number): void {
    this.#post({ kind: 'replaced', sessions: [session] });
  }

  /** Finds all that was `changed` before. Rejects with a StorageError where there is no search for the moment. */
  async search({ query, within, roles, limit, offset, through }: SearchRequest): Promise<SearchPage> {
    const isPassedOn = this.#flush();
    if (this.#closed) throw unavailable();
    this.#start();
    if (!this.#worker || !isPassedOn) throw unavailable();
    const request = this.#requests;
    this.#requests += 1;
    const answered = new Promise<WorkerAnswer>((resolve, reject) => {
      this.#waiting.set(request, { resolve, reject });
    });
    this.#post({
      kind: 'search',
      request,
      phrases: parseQuery(query),
      within: within ?? null,
      roles: roles?.map((role) => MESSAGE_ROLES.indexOf(role)) ?? null,
      limit,
      offset,
      through: through ?? null,
    });
    this.#worker?.ref();
    const { hits, ...page } = await answered.finally(() => {
      // One that closes waits for its end.
      if (this.#waiting.size === 0 && !this.#closed) this.#worker?.unref();
    });
    return { ...page, hits: hits.map(({ id, ordinal }) => ({ sessionId: id, ordinal })) };
  }

  /** Lets what was changed be taken in, if it is little. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#begin);
    this.#flush();
    if (!this.#worker) return;
    this.#worker.ref();
    const worker = this.#worker;
    // Whether it ends well or fails: that it failed has been said.
    const exited = new Promise((resolve) => worker.once('exit', resolve));
    this.#post({ kind: 'close' });
    await exited;
  }

  /** Passes on what was changed. False where it must wait, since the thread would not see it yet. */
  #flush(): boolean {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#changed.size === 0) return true;
    try {
      this.#commitIndex();
    } catch {
      // It says itself why.
      if (!this.#closed) this.#timer = setTimeout(() => this.#flush(), DELAY).unref();
      return false;
    }
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
      // What was changed before this, nobody tells it.
      this.#commitIndex();
    } catch {
      // It says itself why.
      return;
    }
    try {
      worker = startThread(import.meta.url, 'worker', this.#settings);
    } catch (err) {
      // As where the system allows no more threads.
      failed(err);
      return;
    }
    // A program that does nothing else may end.
    worker.unref();
    worker.on('message', (message: FromWorker) => this.#hear(message));
    worker.on('error', failed);
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = null;
      for (const { reject } of this.#waiting.values()) reject(unavailable());
      this.#waiting.clear();
    });
    this.#worker = worker;
  }

  #hear(message: FromWorker): void {
    if (message.kind === 'said') {
      this.#logger[message.level]({}, message.message);
      return;
    }
    const waiting = this.#waiting.get(message.request);
    this.#waiting.delete(message.request);
    if (message.kind === 'found') {
      waiting?.resolve(message.answer);
    } else {
      this.#logger.error({ reason: message.message }, 'a search failed');
      waiting?.reject(unavailable());
    }
  }
}

function unavailable(): StorageError {
  return new StorageError('Search is not available for the moment. Try again.', true);
}
