import { openFileRepository } from '../../src/repository/files/open.ts';
import { caughtUp } from '../measure/catch-up.ts';

/** Forks the session `history` of the data directory it is given, again and again, and says how many milliseconds each took. */
const FORKS = 20;

const repository = await openFileRepository({ directory: process.argv[2]! });
process.once('disconnect', () => repository.close());
const times: number[] = [];
for (let n = 0; n < FORKS; n += 1) {
  const started = performance.now();
  await repository.fork({ sessionId: 'history', asRoot: true });
  times.push(performance.now() - started);
  // Nobody forks without a pause: the next is not to wait for the text of this one.
  await caughtUp(repository);
}
process.send!(times);
