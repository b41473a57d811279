import { constants, lstatSync } from 'node:fs';
import { copyFile, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { descriptorShares } from '../../descriptors.ts';
import { findDataDirectory } from './disk/data-directory.ts';
import { isPlainDatabase } from './disk/database-file.ts';
import { HandlePool } from './disk/handle-pool.ts';
import { refuseOwned } from './disk/lock.ts';
import { type Layout, layoutOf } from './format/layout.ts';
import { IndexDatabase } from './index/database.ts';
import { ReadOnlyRepository } from './read-only-repository.ts';
import { refuseUnrestored } from './recovery/journal-faults.ts';
import { buildInto, openCurrentIndex, type StoreToRead } from './recovery/read-index.ts';
import { type FileRepositoryOptions, withDefaults } from './runtime/options.ts';
import { readStoreId, UnreadableStoreError } from './scan/store-id.ts';
import { searchIndexPath } from './search/search-index.ts';

/** A repository of what a data directory holds while nobody has it open. */
export interface Snapshot {
  readonly repository: ReadOnlyRepository;
  /**
   * True if another process has had the directory open since: the snapshot may lack what that wrote. Throws a DataDirectoryInUseError if one
   * has it open now.
   */
  isOutdated(): boolean;
}

/**
 * Opens a data directory that no process has open, for reading and searching. Nothing is changed or locked there, so that any number of
 * processes can do so, and a server can start meanwhile: the index and the search index are copied to a temporary directory, or built
 * there if they are not current. Rejects with a DataDirectoryInUseError, and as `openFileRepositoryForReading` does.
 */
export async function openSnapshot(options: FileRepositoryOptions): Promise<Snapshot> {
  const { directory, logger, onProgress } = withDefaults(options);
  const layout = findDataDirectory(directory);
  const store = readStoreId(layout);
  refuseUnrestored(layout, store);
  refuseOwned(layout);
  const stop = stateOf(layout);
  // Of this user alone: what is indexed is as private as what is stored.
  const temporary = layoutOf(await mkdtemp(join(tmpdir(), 'sessiontree-')));
  const release = () => rm(temporary.root, { recursive: true, force: true });
  let db: IndexDatabase | undefined;
  try {
    await symlink(layout.sessions, temporary.sessions, 'junction');
    db = await indexIn(temporary, { layout, store, logger, onProgress });
    await copySearchIndex(layout, temporary);
    const isOutdated = () => {
      refuseOwned(layout);
      return stateOf(layout) !== stop;
    };
    // A process that opened the directory meanwhile may have changed what was copied.
    if (isOutdated())
      throw new UnreadableStoreError(`${layout.root}: another process changed the store. Try again.`);
    const handles = new HandlePool(temporary.root, descriptorShares().files, constants.O_RDONLY);
    const repository = new ReadOnlyRepository({ store, layout: temporary, db, handles, logger, release });
    return { repository, isOutdated };
  } catch (error) {
    db?.close();
    await release();
    throw error;
  }
}

/** What changes whenever a process has had the directory open: at the latest then, the owner's name was written there. */
function stateOf({ root, indexClean, storeLog }: Layout): string {
  return [root, indexClean, storeLog]
    .map((path) => {
      const stats = lstatSync(path, { throwIfNoEntry: false });
      return stats ? `${stats.ino} ${stats.mtimeMs} ${stats.size}` : '';
    })
    .join();
}

async function indexIn(temporary: Layout, reading: StoreToRead): Promise<IndexDatabase> {
  const { layout, store } = reading;
  const current = await openCurrentIndex(reading);
  current?.close();
  if (current) await copyFile(layout.index, temporary.index, constants.COPYFILE_FICLONE);
  else (await buildInto(IndexDatabase.create(temporary.index), reading)).close();
  const db = IndexDatabase.open(temporary.index, store, { readOnly: true, verify: false });
  if (db) return db;
  throw new Error('the index that was just copied or built cannot be opened');
}

/** What the copy lacks is indexed again, in the copy. */
async function copySearchIndex(layout: Layout, temporary: Layout): Promise<void> {
  const [from, to] = [searchIndexPath(layout.root), searchIndexPath(temporary.root)];
  const isClosed = lstatSync(`${from}-wal`, { throwIfNoEntry: false }) === undefined;
  if (isClosed && isPlainDatabase(from)) await copyFile(from, to, constants.COPYFILE_FICLONE);
}
