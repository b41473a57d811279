import { Worker } from 'node:worker_threads';
import { type OpenFile, withFileChunks } from '../scan-lines.ts';
import { type FilesRead, NOT_READ } from './protocol.ts';

const WORKER = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);

/** Files read in one go, and how many such goes may wait to be taken. */
const BATCH = 256;
const AHEAD = 4;
/** With fewer files a thread takes longer to start than it spares. */
const WORTH_A_THREAD = 2_000;

export interface Batch<Item> {
  readonly items: readonly Item[];
  /** Opens files of the batch without going to the disk, and any other as `withFileChunks` does. */
  readonly open: OpenFile;
}

/** `items` in batches whose small files another thread has read already, where there are many. */
export async function* readingAhead<Item>(
  items: readonly Item[],
  pathOf: (item: Item) => string,
): AsyncGenerator<Batch<Item>> {
  if (items.length < WORTH_A_THREAD) {
    yield { items, open: withFileChunks };
    return;
  }
  const worker = new Worker(WORKER);
  try {
    const batches = Array.from({ length: Math.ceil(items.length / BATCH) }, (_, n) =>
      items.slice(n * BATCH, (n + 1) * BATCH),
    );
    const asked: string[][] = [];
    const ask = (batch: readonly Item[] | undefined) => {
      if (!batch) return;
      const paths = batch.map(pathOf);
      asked.push(paths);
      worker.postMessage(paths);
    };
    const answers = answersOf(worker);
    for (const batch of batches.slice(0, AHEAD)) ask(batch);
    for (const [n, batch] of batches.entries()) {
      const files = await answers.next();
      const paths = asked.shift()!;
      ask(batches[n + AHEAD]);
      yield { items: batch, open: files ? openAmong(paths, files) : withFileChunks };
    }
  } finally {
    await worker.terminate();
  }
}

/** What the worker answers, in its order; null from when it has failed: then each file is read in its turn. */
function answersOf(worker: Worker): { next(): Promise<FilesRead | null> } {
  const waiting: FilesRead[] = [];
  let failed = false;
  let wake = () => {};
  const fail = () => {
    failed = true;
    wake();
  };
  worker
    .on('message', (files: FilesRead) => {
      waiting.push(files);
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

function openAmong(paths: readonly string[], { bytes, places }: FilesRead): OpenFile {
  const files = new Map<string, { readonly contents: Buffer; readonly mtimeMs: number }>();
  let offset = 0;
  for (const [n, path] of paths.entries()) {
    const size = places[2 * n]!;
    if (size === NOT_READ) continue;
    files.set(path, { contents: Buffer.from(bytes.buffer, offset, size), mtimeMs: places[2 * n + 1]! });
    offset += size;
  }
  return (path, use) => {
    const file = files.get(path);
    return file ? use((at) => file.contents.subarray(at), file.mtimeMs) : withFileChunks(path, use);
  };
}
