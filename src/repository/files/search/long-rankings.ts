import type { Worker } from 'node:worker_threads';
import type { Phrase } from '../../../model/search/query.ts';
import { isOutOfThreads, startThread } from '../../../threads.ts';
import type { Match } from './match.ts';
import type { FromRankingWorker, ToRankingWorker } from './protocol.ts';
import type { Ranked } from './rank.ts';
import type { Work } from './work.ts';

/** Up to this many tokens, one step over a partition takes some tens of milliseconds, whatever the texts are. */
const FEW_TOKENS = 4;

/** True if a single step of a search for these phrases can take long. */
export function isLong(phrases: readonly Phrase[]): boolean {
  let tokens = 0;
  for (const phrase of phrases) tokens += phrase.isPrefix ? FEW_TOKENS + 1 : phrase.tokens.length;
  return tokens > FEW_TOKENS;
}

interface Running {
  readonly work: Work;
  readonly resolve: (ranked: Ranked) => void;
  readonly reject: (error: Error) => void;
}

/** Ranks in a thread of its own, which starts with the first ranking. */
export class LongRankings {
  readonly #path: string;
  readonly #running = new Map<number, Running>();
  #worker: Worker | null = null;
  #requests = 0;

  /** `path` is that of the search index. */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * As `rank`, in the state of the search index with this number or a later one. Null if the system allows no more
   * threads.
   */
  async rank(
    { phrases, within, roles, fields, includeCopies }: Match,
    state: number,
    work: Work,
  ): Promise<Ranked | null> {
    if (!this.#start()) return null;
    const request = this.#requests;
    this.#requests += 1;
    const msLeft = work.end - performance.now();
    const { promise, ...settle } = Promise.withResolvers<Ranked>();
    this.#running.set(request, { work, ...settle });
    const match = { phrases, within, roles, fields, includeCopies };
    this.#post({ kind: 'rank', request, msLeft, state, ...match });
    try {
      return await work.unlessCancelled(promise);
    } finally {
      if (this.#running.delete(request)) this.#post({ kind: 'cancel', request });
    }
  }

  /** The search index was discarded. */
  anew(): void {
    this.#post({ kind: 'anew' });
  }

  /** Lets all rankings end within this time, with what they have. */
  endWithin(ms: number): void {
    this.#post({ kind: 'end', ms });
  }

  close(): void {
    // Not awaited: the thread ends after the step that it is in.
    void this.#worker?.terminate();
  }

  #post(message: ToRankingWorker): void {
    this.#worker?.postMessage(message);
  }

  #start(): boolean {
    if (this.#worker) return true;
    let worker: Worker;
    try {
      worker = startThread(import.meta.url, 'ranking-worker', this.#path);
    } catch (error) {
      if (!isOutOfThreads(error)) throw error;
      return false;
    }
    let failure = new Error('the thread of long rankings ended');
    worker.on('message', (message: FromRankingWorker) => this.#hear(message));
    worker.on('error', (error: Error) => {
      failure = error;
    });
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = null;
      const failed = [...this.#running.values()];
      this.#running.clear();
      for (const { reject } of failed) reject(failure);
    });
    this.#worker = worker;
    return true;
  }

  #hear(message: FromRankingWorker): void {
    const running = this.#running.get(message.request);
    if (!running) return;
    if (message.kind === 'used') {
      running.work.walk(message.rows);
      running.work.report();
      return;
    }
    this.#running.delete(message.request);
    if (message.kind === 'ranked') {
      running.resolve(message.ranked);
    } else {
      const { code, errcode, path } = message;
      running.reject(Object.assign(new Error(message.message), { code, errcode, path }));
    }
  }
}
