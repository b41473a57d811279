import { parentPort, workerData } from 'node:worker_threads';
import { openDatabase } from './open-database.ts';

/* The worker thread of `Checkpoints`. */

/** A message of the worker: too few pages are left for another pass, or the error of a failed checkpoint. */
export type FromCheckpointWorker = 'few left' | { readonly failed: unknown };

/**
 * Pages in the WAL (8 MiB) from which on a checkpoint runs. A page that changes many times before is copied into
 * the index only once.
 */
const WAL_PAGES_MIN = 2_048;
/** The most pages left to the committing thread: while that thread writes, the WAL is never quite empty. */
const PAGES_LEFT_MAX = 256;
/** The most passes of one checkpoint. */
const PASSES_MAX = 10;

interface Checkpoint {
  /** 1 if another connection is running a checkpoint. The other columns are then not valid. */
  readonly busy: number;
  /** Pages in the WAL. */
  readonly log: number;
  /** Pages of the WAL that are already copied into the index. */
  readonly checkpointed: number;
}

const index = openDatabase(workerData as string);
// SQLite before 3.51 treats NOOP as PASSIVE: more checkpoints then run, with the same result.
const look = index.prepare('PRAGMA wal_checkpoint(NOOP)');
const checkpoint = index.prepare('PRAGMA wal_checkpoint(PASSIVE)');

const port = parentPort!;
const post = (message: FromCheckpointWorker) => port.postMessage(message);

function checkpointPages(): void {
  let { busy, log, checkpointed } = look.get() as unknown as Checkpoint;
  if (log < WAL_PAGES_MIN) return;
  for (let pass = 0; pass < PASSES_MAX && busy === 0 && log - checkpointed > PAGES_LEFT_MAX; pass += 1)
    ({ busy, log, checkpointed } = checkpoint.get() as unknown as Checkpoint);
  if (busy === 0 && log - checkpointed <= PAGES_LEFT_MAX) post('few left');
}

port.on('message', (message: 'look' | 'close') => {
  if (message === 'close') {
    index.close();
    port.close();
    return;
  }
  try {
    checkpointPages();
  } catch (error) {
    post({ failed: error });
  }
});
