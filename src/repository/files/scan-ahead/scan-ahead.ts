import { Worker } from 'node:worker_threads';
import { type ScanFile, scanFile } from '../scan-file.ts';
import type { Answer, ToScan } from './protocol.ts';

const WORKER = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);

/** Files read in one go, and how many such goes may wait to be taken. */
const BATCH = 256;
const AHEAD = 4;
/** One takes longer to read a batch than this thread to take it in; two do not. */
const THREADS = 2;
/** With fewer files a thread takes longer to start than it spares. */
const WORTH_A_THREAD = 2_000;

export interface Batch<Item> {
  readonly items: readonly Item[];
  /** Has what the batch's files came to, and reads any other as `scanFile` does. */
  readonly scan: ScanFile;
}

/** `items` in batches whose small files other threads have read already, where there are many. */
export async function* scanningAhead<Item>(
  items: readonly Item[],
  fileOf: (item: Item) => ToScan,
): AsyncGenerator<Batch<Item>> {
  if (items.length < WORTH_A_THREAD) {
    yield { items, scan: scanFile };
    return;
  }
  const workers: Worker[] = [];
  try {
    while (workers.length < THREADS) workers.push(new Worker(WORKER));
    const batches = Array.from({ length: Math.ceil(items.length / BATCH) }, (_, n) =>
      items.slice(n * BATCH, (n + 1) * BATCH),
    );
    const asked: ToScan[][] = [];
    const ask = (n: number) => {
      const files = batches[n]?.map(fileOf);
      if (!files) return;
      asked.push(files);
      workers[n % THREADS]!.postMessage(files);
    };
    const answers = workers.map(answersOf);
    for (let n = 0; n < AHEAD; n += 1) ask(n);
    for (const [n, batch] of batches.entries()) {
      const answer = await answers[n % THREADS]!.next();
      const files = asked.shift()!;
      ask(n + AHEAD);
      yield { items: batch, scan: answer ? scanAmong(files, answer) : scanFile };
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** What a worker answers, in its order; null from when it has failed: then each file is read in its turn. */
function answersOf(worker: Worker): { next(): Promise<Answer | null> } {
  const waiting: string[] = [];
  let failed = false;
  let wake = () => {};
  const fail = () => {
    failed = true;
    wake();
  };
  worker
    .on('message', (answer: string) => {
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
      const answer = waiting.shift();
      return answer === undefined ? null : (JSON.parse(answer) as Answer);
    },
  };
}

function scanAmong(files: readonly ToScan[], answer: Answer): ScanFile {
  const places = new Map(files.map(({ id }, n) => [id, n]));
  return (path, id, acknowledged, task) => {
    const sound = answer[places.get(id) ?? -1];
    if (!sound || acknowledged !== null) return scanFile(path, id, acknowledged, task);
    for (const effects of sound.effects) task.emit(effects);
    return { ...sound, end: sound.state.size, ...NOTHING_AMISS };
  };
}

const NOTHING_AMISS = { faults: [], torn: false, unterminated: false, damagedNewline: false } as const;
