import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { HandlePool } from '../../../../src/repository/files/disk/handle-pool.ts';
import { temporaryDirectory } from '../../../support/repository.ts';

/** A pool of two handles, and five files. `opened` are the handles that were given, in order. */
async function openPool() {
  const directory = await temporaryDirectory();
  const paths = Array.from({ length: 5 }, (_, n) => join(directory, String(n)));
  for (const path of paths) await writeFile(path, path);
  const pool = new HandlePool(directory, 2, constants.O_RDONLY);
  onTestFinished(() => pool.close());
  const opened: FileHandle[] = [];
  const read = (path: string) =>
    pool.with(path, async (handle) => {
      opened.push(handle);
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(1_000), 0, 1_000, 0);
      // fd is -1 once a handle is closed.
      expect(new Set(opened.filter(({ fd }) => fd !== -1)).size).toBeLessThanOrEqual(2);
      return buffer.toString('utf8', 0, bytesRead);
    });
  return { pool, paths, opened, read };
}

test('no more files are open than the pool holds, however many are read at once', async () => {
  const { paths, opened, read } = await openPool();
  for (let time = 0; time < 3; time += 1) expect(await Promise.all(paths.map(read))).toEqual(paths);
  expect(new Set(opened.filter(({ fd }) => fd !== -1)).size).toBe(2);
});

test('a file that was used lately stays open', async () => {
  const { paths, opened, read } = await openPool();
  for (const n of [0, 1, 0, 2, 0]) await read(paths[n]!);
  expect(opened[2]).toBe(opened[0]);
  expect(opened[4]).toBe(opened[0]);
  expect(opened[1]!.fd).toBe(-1);
});

test('a user waits until another is done', async () => {
  const { pool, paths } = await openPool();
  const { promise, resolve } = Promise.withResolvers<void>();
  const started: string[] = [];
  const all = paths.slice(0, 3).map((path) =>
    pool.with(path, async () => {
      started.push(path);
      await promise;
    }),
  );
  while (started.length < 2) await nextTurn();
  for (let turn = 0; turn < 10; turn += 1) await nextTurn();
  // Both are opened at once: which is open first is up to the disk.
  expect(started.toSorted()).toEqual(paths.slice(0, 2));
  resolve();
  await Promise.all(all);
  expect(started.slice(2)).toEqual([paths[2]]);
});
