import type { Worker } from 'node:worker_threads';
import { isOutOfThreads, startThread } from '../../../../threads.ts';
import { type Packed, unpack } from './packed.ts';
import type { Sound, ToScan } from './protocol.ts';

/** Files in a batch, and the most batches that are read ahead. */
const BATCH_FILES = 256;
const BATCHES_AHEAD_MAX = 4;
/** One worker reads batches more slowly than this thread indexes them; two do not. */
const THREADS = 2;
/** With fewer files, starting a thread takes longer than the thread saves. */
const WORTH_A_THREAD = 2_000;

export interface Batch {
  readonly ids: readonly string[];
  /** The scanned files, in the same order; null or missing for a file that is still to be read. */
  readonly read: readonly (Sound | null)[];
}

/**
 * Yields the sessions `ids` of the store at `root` in batches. If there are many, worker threads have read
 * the small files already.
 */
export async function* scanningAhead(
  root: string,
  ids: readonly string[],
  elsewhereOf: (id: string) => ReadonlySet<number>,
): AsyncGenerator<Batch> {
  const workers = ids.length < WORTH_A_THREAD ? [] : startWorkers();
  if (workers.length === 0) {
    yield { ids, read: [] };
    return;
  }
  try {
    const batches = Array.from({ length: Math.ceil(ids.length / BATCH_FILES) }, (_, n) =>
      ids.slice(n * BATCH_FILES, (n + 1) * BATCH_FILES),
    );
    const ask = (n: number) => {
      const batch = batches[n];
      if (!batch) return;
      const elsewhere = batch.map((id) => [id, elsewhereOf(id)] as const).filter(([, { size }]) => size > 0);
      workers[n % workers.length]!.postMessage({
        root,
        ids: JSON.stringify(batch),
        elsewhere: new Map(elsewhere),
      } satisfies ToScan);
    };
    const answers = workers.map(answersOf);
    for (let n = 0; n < BATCHES_AHEAD_MAX; n += 1) ask(n);
    for (const [n, batch] of batches.entries()) {
      const packed = await answers[n % answers.length]!.next();
      ask(n + BATCHES_AHEAD_MAX);
      yield { ids: batch, read: packed ? unpack(packed, batch) : [] };
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** As many workers as the system allows. Without any, the caller reads all files, only slower. */
function startWorkers(): Worker[] {
  const workers: Worker[] = [];
  try {
    while (workers.length < THREADS) workers.push(startThread(import.meta.url, 'worker'));
  } catch (error) {
    if (!isOutOfThreads(error)) throw error;
  }
  return workers;
}

/**
 * The answers of a worker, in order; null once the worker has failed: the caller then reads each file itself.
 */
function answersOf(worker: Worker): { next(): Promise<Packed | null> } {
  const waiting: Packed[] = [];
  let failed = false;
  let wake = () => {};
  const fail = () => {
    failed = true;
    wake();
  };
  worker
    .on('message', (answer: Packed) => {
      // A failed worker may have skipped an answer: the next answer would be taken for the skipped one.
      if (!failed) waiting.push(answer);
      wake();
    })
    .on('error', fail)
    .on('messageerror', fail)
    .on('exit', fail);
  return {
    async next() {
      while (waiting.length === 0 && !failed) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return waiting.shift() ?? null;
    },
  };
}
