import type { Worker } from 'node:worker_threads';
import { startThread } from '../../../threads.ts';
import type { Logger } from '../../observer.ts';
import type { FromCheckpointWorker } from './checkpoint-worker.ts';
import type { IndexDatabase } from './database.ts';
import { isSqliteError } from './statements.ts';

/** Changes between two messages to the worker, which then checks whether the WAL is worth a checkpoint. */
const CHANGES_PER_LOOK = 64;

/**
 * Checkpoints the index's WAL, nearly all of it in a worker thread: a checkpoint syncs the index, which takes
 * as long as a hundred requests. If no thread can run, SQLite checkpoints by itself on the committing thread.
 */
export class Checkpoints {
  readonly #db: IndexDatabase;
  /** The index's file. */
  readonly #path: string;
  readonly #logger: Logger;
  #worker: Worker | null = null;
  #changes = 0;
  /** No further worker is started: the index is closing, or a worker could not run. */
  #over = false;
  /** The last checkpoint failed, and the failure is logged. */
  #failing = false;

  constructor(db: IndexDatabase, path: string, logger: Logger) {
    this.#db = db;
    this.#path = path;
    this.#logger = logger;
  }

  /**
   * Call after each change; never throws. `large`: the change wrote many pages, so the worker is told at
   * once.
   */
  changed(large: boolean): void {
    this.#changes += 1;
    if (!large && this.#changes % CHANGES_PER_LOOK !== 0) return;
    if (!this.#worker && !this.#over) this.#start();
    this.#worker?.postMessage('look');
  }

  /** Call before the index is closed. The last connection to close checkpoints the rest. */
  async close(): Promise<void> {
    this.#over = true;
    const worker = this.#worker;
    if (!worker) return;
    // Both a clean exit and a failure resolve this: a failure is already logged.
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    worker.ref();
    worker.postMessage('close');
    await ended;
  }

  #start(): void {
    try {
      const worker = startThread(import.meta.url, 'checkpoint-worker', this.#path);
      // The worker alone must not keep the process alive.
      worker.unref();
      worker.on('message', (message: FromCheckpointWorker) => this.#hear(message));
      worker.on('error', (err) => this.#lost(err));
      worker.on('exit', () => {
        this.#worker = null;
      });
      this.#worker = worker;
      this.#db.leaveLog('to a thread');
    } catch (err) {
      // For example, the system allows no more threads. The commit itself stands.
      this.#lost(err);
    }
  }

  #lost(err: unknown): void {
    this.#over = true;
    this.#db.leaveLog('to SQLite');
    this.#logger.warn({ err }, 'no thread can checkpoint the index: requests wait during each checkpoint');
  }

  #hear(message: FromCheckpointWorker): void {
    if (message !== 'few left') this.#failed(message.failed);
    else if (!this.#over) this.#finish();
  }

  /**
   * Runs on the committing thread. Nothing commits meanwhile, so the whole WAL is copied, and SQLite can begin
   * the WAL anew.
   */
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
      this.#logger.warn({ err }, 'the index cannot be checkpointed: its WAL grows until that succeeds');
    this.#failing = true;
  }
}
