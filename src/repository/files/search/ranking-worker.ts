import { parentPort, workerData } from 'node:worker_threads';
import { FairTurns } from './fair-turns.ts';
import { Places } from './places.ts';
import type { FromRankingWorker, ToRankingWorker } from './protocol.ts';
import { rank } from './rank.ts';
import { Readers } from './readers.ts';
import { CancelledError, Work } from './work.ts';

/*
 * The thread of long rankings, a thread of the search thread: one step of FTS5 can take a long time for a prefix or
 * a long phrase, and cannot be interrupted. Searches for a few words do not wait for it.
 */

const port = parentPort!;
const post = (message: FromRankingWorker) => port.postMessage(message);
const readers = new Readers(workerData as string);
const turns = new FairTurns();
/** FTS5 holds all places of the words of a prefix: up to 64 MB for 8 prefixes that find every word of a partition. */
const places = new Places(2);
const running = new Map<number, Work>();

type Request = Extract<ToRankingWorker, { kind: 'rank' }>;

async function answer({ request, msLeft, state, ...match }: Request): Promise<void> {
  const work = new Work(turns, performance.now() + msLeft, (used) =>
    post({ kind: 'used', request, ...used }),
  );
  running.set(request, work);
  try {
    await work.rest();
    const ranked = await readers.use(state, (reader) => rank(reader, match, work, places));
    work.report();
    post({ kind: 'ranked', request, ranked });
  } catch (error) {
    if (error instanceof CancelledError) return;
    const { message, code, errcode, path } = error as NodeJS.ErrnoException & { errcode?: unknown };
    post({ kind: 'failed', request, message, code, errcode, path });
  } finally {
    running.delete(request);
  }
}

port.on('message', (message: ToRankingWorker) => {
  if (message.kind === 'rank') void answer(message);
  else if (message.kind === 'cancel') running.get(message.request)?.cancel();
  else if (message.kind === 'anew') readers.close();
  else for (const work of running.values()) work.endBy(performance.now() + message.ms);
});
