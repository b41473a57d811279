import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { checkDataDirectory } from '../../src/repository/files/check.ts';
import { openFileRepository } from '../../src/repository/files/open.ts';
import type { Model } from './model.ts';
import { Fault } from './part.ts';
import { type Reader, verify } from './verify.ts';

/** `check` finds nothing, beside a process that has the store open or not. */
export async function verifyChecked(directory: string): Promise<void> {
  const { problems } = await checkDataDirectory({ directory });
  if (problems.length > 0) throw new Fault(`check found ${JSON.stringify(problems.slice(0, 5))}`);
}

/** Nobody has the store open: it is whole, `check` finds nothing, and a new index gives the same answers. */
export async function verifyAtRest(model: Model, directory: string): Promise<void> {
  const before = await openedHere(directory, async (reader) => {
    await verify(model, reader, directory);
    return everything(model, reader);
  });
  await verifyChecked(directory);
  removeIndex(directory);
  const after = await openedHere(directory, async (reader) => {
    await verify(model, reader, directory);
    return everything(model, reader);
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

async function everything(model: Model, reader: Reader) {
  const ids = [...model.sessions.keys()];
  const all = { limit: 1_000_000, from: 'start' } as const;
  return {
    sessions: await reader.findMany(ids),
    histories: await reader.historyOf(
      ids.map((sessionId) => ({ sessionId, page: all })),
      2 ** 40,
    ),
    byActivity: await reader.list({}, { field: 'LAST_ACTIVE_AT', direction: 'DESC' }, all),
    children: await reader.childrenOf(ids, all),
    status: await reader.status(),
  };
}
