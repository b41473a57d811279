import { fsyncSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import {
  type SyncFailure,
  syncEach,
  syncFiles,
} from '../../../../../src/repository/files/durable/journal/sync-files.ts';
import { temporaryDirectory } from '../../../../support/repository.ts';

/** No file can have such a name. */
const impossible = (n: number) => `sessions/${n}${'x'.repeat(300)}`;

/** Files, with three names among theirs that cannot be synced. */
async function filesToSync(count: number) {
  const root = await temporaryDirectory();
  await mkdir(join(root, 'sessions'));
  const names = Array.from({ length: count }, (_, n) => `sessions/${n}`);
  for (const name of names) await writeFile(join(root, name), name);
  return { root, names: [impossible(1), ...names, impossible(2), 'sessions', impossible(3)] };
}

const namesOf = (failures: readonly SyncFailure[]) => failures.map(({ name }) => name).sort();

test.each([
  ['one after the other', 10],
  ['by a thread', 300],
])(
  'a sync %s that is hurried in the middle reports every file that could not be synced, once',
  async (_, count) => {
    const toSync = await filesToSync(count);
    const controller = new AbortController();
    const hurry = { signal: controller.signal, width: () => 8 };
    const syncing = syncFiles(toSync, { hurry });
    await nextTurn();
    controller.abort();
    expect(namesOf(await syncing)).toEqual([1, 2, 3].map(impossible));
    const hurriedFromTheStart = await syncFiles(toSync, { hurry });
    expect(namesOf(hurriedFromTheStart)).toEqual([1, 2, 3].map(impossible));
  },
);

test('two that sync the same files share them', async () => {
  const toSync = await filesToSync(100);
  const syncing = { ...toSync, taken: new Int32Array(new SharedArrayBuffer(4)) };
  let synced = 0;
  const sync = async (fd: number) => {
    fsyncSync(fd);
    synced += 1;
    await nextTurn();
  };
  const failures = await Promise.all([syncEach(syncing, sync), syncEach(syncing, sync, 8)]);
  expect(synced).toBe(101);
  expect(namesOf(failures.flat())).toEqual([1, 2, 3].map(impossible));
});
