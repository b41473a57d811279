import type { Worker } from 'node:worker_threads';
import type { Logger } from '../../observer.ts';
import { startThread } from '../threads.ts';
import type { FromCheckpointWorker } from './checkpoint-worker.ts';
import type { IndexDatabase } from './database.ts';
import { isSqliteError } from './statements.ts';

/** Changes after which the thread looks whether there is enough to do. */
const LOOK = 64;

/**
 * Takes the log of the index into the index itself, nearly all of it in a thread of its own: it is synced for that, which takes as
 * long as a hundred requests. Where there can be no thread, SQLite does it by itself, on the one that commits.
 */
export class Checkpoints {
  readonly #db: IndexDatabase;
  /** Of the index's file. */
  readonly #path: string;
  readonly #logger: Logger;
  #worker: Worker | null = null;
  #changes = 0;
  /** No other thread is started: it is closing, or there was one that could not run, as the next could not. */
  #over = false;
  /** The last try failed, and that was said. */
  #failing = false;

  constructor(db: IndexDatabase, path: string, logger: Logger) {
    this.#db = db;
    this.#path = path;
    this.#logger = logger;
  }

  /** To be called after each change; never throws. `large`: of many pages, which are not to wait for others. */
  changed(large: boolean): void {
    this.#changes += 1;
    if (!large && this.#changes % LOOK !== 0) return;
    if (!this.#worker && !this.#over) this.#start();
    this.#worker?.postMessage('look');
  }

  /** To be called before the index is closed: whoever closes it last takes in the rest. */
  async close(): Promise<void> {
    this.#over = true;
    const worker = this.#worker;
    if (!worker) return;
    // Whether it ends well or fails: that it failed has been said.
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    worker.ref();
    worker.postMessage('close');
    await ended;
  }

  #start(): void {
    try {
      const worker = startThread(import.meta.url, 'checkpoint-worker', this.#path);
      // A program that does nothing else may end.
      worker.unref();
      worker.on('message', (message: FromCheckpointWorker) => this.#hear(message));
      worker.on('error', (err) => this.#lost(err));
      worker.on('exit', () => {
        this.#worker = null;
      });
      this.#worker = worker;
      this.#db.leaveLog('to a thread');
    } catch (err) {
      // As where the system allows no more threads. The commit stands.
      this.#lost(err);
    }
  }

  #lost(err: unknown): void {
    this.#over = true;
    this.#db.leaveLog('to SQLite');
    this.#logger.warn({ err }, 'no thread for the log of the index: requests wait while it is taken in');
  }

  #hear(message: FromCheckpointWorker): void {
    if (message !== 'few left') this.#failed(message.failed);
    else if (!this.#over) this.#finish();
  }

  /** Nothing is committed meanwhile, and so nothing is left: the log begins anew. */
  #finish(): void {
    try {
      this.#db.checkpoint();
      this.#failing = false;
    } catch (err) {
      if (!isSqliteError(err)) throw err;
      this.#failed(err);
    }
  }

  #failed(err: unknown): void {
    if (!this.#failing)
      this.#logger.warn({ err }, 'the log of the index cannot be taken in: it grows until it can');
    this.#failing = true;
  }
}
