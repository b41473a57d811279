import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

/*
 * The thread of the `Checkpoints`.
 */

/** What it says: that the rest is for the thread that commits, or why the log could not be taken in. */
export type FromCheckpointWorker = 'few left' | { readonly failed: unknown };

/** Pages in the log (8 MiB) that are worth it: what is written again and again in between goes into the index once. */
const WORTH = 2_048;
/** So few pages are left to the thread that commits: while it goes on, there are always some. */
const FEW = 256;
const PASSES = 10;

interface Checkpoint {
  /** 1 where somebody else is making one: the rest is not known then. */
  readonly busy: number;
  /** Pages in the log. */
  readonly log: number;
  /** How many of them the index has. */
  readonly checkpointed: number;
}

const index = new DatabaseSync(workerData as string);
// SQLite before 3.51 takes this for PASSIVE, and so does more often what is asked for below.
const look = index.prepare('PRAGMA wal_checkpoint(NOOP)');
const checkpoint = index.prepare('PRAGMA wal_checkpoint(PASSIVE)');

const port = parentPort!;
const post = (message: FromCheckpointWorker) => port.postMessage(message);

function takeIn(): void {
  let { busy, log, checkpointed } = look.get() as unknown as Checkpoint;
  if (log < WORTH) return;
  for (let pass = 0; pass < PASSES && busy === 0 && log - checkpointed > FEW; pass += 1)
    ({ busy, log, checkpointed } = checkpoint.get() as unknown as Checkpoint);
  if (busy === 0 && log - checkpointed <= FEW) post('few left');
}

port.on('message', (message: 'look' | 'close') => {
  if (message === 'close') {
    index.close();
    port.close();
    return;
  }
  try {
    takeIn();
  } catch (error) {
    post({ failed: error });
  }
});
