import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileRepository } from '../../../src/repository/files/open.ts';
import type { Store } from '../contract/store.ts';

/** Sets up a store of files for each test. */
export async function setUpFileStore(): Promise<Store> {
  const directory = await mkdtemp(join(tmpdir(), 'sessiontree-'));
  return {
    open: () => openFileRepository({ directory, mayBeUnfinished: true }),
    async rebuild() {
      const names = await readdir(directory);
      const cache = names.filter((name) => name.startsWith('index.db'));
      if (cache.length === 0) throw new Error(`expected an index.db in the data directory, got ${names}`);
      for (const name of cache) await rm(join(directory, name));
    },
    cleanup: () => rm(directory, { recursive: true }),
  };
}
