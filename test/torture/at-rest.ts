import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { openFileRepository } from '../../src/repository/files/open.ts';
import { checkDataDirectory } from '../../src/repository/files/tools/check.ts';
import { childrenRequests } from '../support/children.ts';
import { Fault } from './part.ts';
import type { Reader, Workload } from './workload.ts';

/** `check` finds nothing, beside a process that has the store open or not. */
export async function verifyChecked(directory: string): Promise<void> {
  const { problems } = await checkDataDirectory({ directory });
  if (problems.length > 0) throw new Fault(`check found ${JSON.stringify(problems.slice(0, 5))}`);
}

/** While the store is closed: its files are complete, `check` finds nothing, and a new index gives the same answers. */
export async function verifyAtRest(workload: Workload, directory: string): Promise<void> {
  const before = await openedHere(directory, async (reader) => {
    await workload.verify(reader, directory);
    return everything(workload.ids(), reader);
  });
  await verifyChecked(directory);
  removeIndex(directory);
  const after = await openedHere(directory, async (reader) => {
    await workload.verify(reader, directory);
    return everything(workload.ids(), reader);
  });
  if (!isDeepStrictEqual(after, before)) throw new Fault('the index was built again, and answers differ');
  await verifyChecked(directory);
}

export function removeIndex(directory: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(join(directory, `index.db${suffix}`), { force: true });
}

async function openedHere<T>(directory: string, use: (reader: Reader) => Promise<T>): Promise<T> {
  const repository = await openFileRepository({ directory });
  try {
    return await use(repository);
  } finally {
    await repository.close();
  }
}

async function everything(ids: readonly string[], reader: Reader) {
  const all = { limit: 1_000_000, from: 'start' } as const;
  return {
    sessions: await reader.findMany(ids),
    histories: await reader.historyOf(
      ids.map((sessionId) => ({ sessionId, page: all })),
      2 ** 40,
    ),
    byActivity: await reader.list(
      { archived: 'INCLUDE' },
      { field: 'LAST_ACTIVE_AT', direction: 'DESC' },
      all,
    ),
    children: await reader.childrenOf(childrenRequests(ids, all)),
    status: await reader.status(),
  };
}
