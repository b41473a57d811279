import { openFileRepository } from '../../src/repository/files/open.ts';
import { caughtUp } from '../measure/catch-up.ts';

/** Forks the session `history` of a data directory repeatedly, and sends the milliseconds that each fork took. */
const FORKS = 20;

const repository = await openFileRepository({ directory: process.argv[2]! });
process.once('disconnect', () => repository.close());
const times: number[] = [];
for (let n = 0; n < FORKS; n += 1) {
  const started = performance.now();
  await repository.fork({ sessionId: 'history', asRoot: true });
  times.push(performance.now() - started);
  // A pause, as between real forks: the next fork should not wait for the full-text indexing of this one.
  await caughtUp(repository);
}
process.send!(times);
