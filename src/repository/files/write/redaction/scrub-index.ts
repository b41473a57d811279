import { setTimeout as pause } from 'node:timers/promises';
import { StorageError } from '../../../../model/errors.ts';
import type { Committer } from '../../commit/committer.ts';
import type { IndexDatabase } from '../../index/database.ts';

/** Tries to empty the WAL of the index, and the pause between two of them: together longer than a read may take. */
const EMPTYING_TRIES = 700;
const EMPTYING_PAUSE_MS = 50;

/**
 * Removes from the files of the index what was removed from its tables. Rejects with a StorageError if a read keeps the earlier pages for
 * too long.
 */
export async function scrubIndex({
  db,
  committer,
}: {
  readonly db: IndexDatabase;
  readonly committer: Pick<Committer, 'alone'>;
}): Promise<void> {
  await committer.alone(() => db.vacuum());
  for (let tries = 1; !db.emptyLog(); tries += 1) {
    if (tries === EMPTYING_TRIES)
      throw new StorageError(
        'A read that takes long, of this server or of another program, keeps earlier pages of the index.',
        true,
      );
    await pause(EMPTYING_PAUSE_MS);
  }
}
