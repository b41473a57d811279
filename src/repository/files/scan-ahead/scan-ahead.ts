import type { Worker } from 'node:worker_threads';
import { isWantOfThreads, startThread } from '../threads.ts';
import { type Packed, unpack } from './packed.ts';
import type { Sound, ToScan } from './protocol.ts';

/** Files read in one go, and how many such goes may wait to be taken. */
const BATCH = 256;
const AHEAD = 4;
/** One takes longer to read a batch than this thread to take it in; two do not. */
const THREADS = 2;
/** With fewer files a thread takes longer to start than it spares. */
const WORTH_A_THREAD = 2_000;

export interface Batch {
  readonly ids: readonly string[];
  /** What their files came to, in the same order; null, or nothing at all, for one that is still to be read. */
  readonly read: readonly (Sound | null)[];
}

/** The sessions `ids` of the store at `root` in batches, whose small files other threads have read already where there are many. */
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
    const batches = Array.from({ length: Math.ceil(ids.length / BATCH) }, (_, n) =>
      ids.slice(n * BATCH, (n + 1) * BATCH),
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
    for (let n = 0; n < AHEAD; n += 1) ask(n);
    for (const [n, batch] of batches.entries()) {
      const packed = await answers[n % answers.length]!.next();
      ask(n + AHEAD);
      yield { ids: batch, read: packed ? unpack(packed, batch) : [] };
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** As many as the system allows: with none, all is read where it was asked for, only later. */
function startWorkers(): Worker[] {
  const workers: Worker[] = [];
  try {
    while (workers.length < THREADS) workers.push(startThread(import.meta.url, 'worker'));
  } catch (error) {
    if (!isWantOfThreads(error)) throw error;
  }
  return workers;
}

/** What a worker answers, in its order; null from when it has failed: then each file is read in its turn. */
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
      // Of one that has failed, an answer may be missing: those after it would be taken for others.
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
