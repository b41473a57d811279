import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { LatestSnapshot } from '../../src/mcp/latest-snapshot.ts';
import { openFileRepository } from '../../src/repository/files/open.ts';
import { openSnapshot } from '../../src/repository/files/open-snapshot.ts';
import { createTestLogger } from '../server/support.ts';
import { temporaryDirectory } from '../support/repository.ts';

/** Opens a data directory as a server would, and leaves it with one session more. */
async function addSession(directory: string, id: string): Promise<void> {
  const repository = await openFileRepository({ directory });
  await repository.create({ id });
  await repository.close();
}

/** The latest snapshot of a data directory with the session `first`, and the temporary directories of all snapshots that are open. */
async function openLatest(beforeOpen: () => Promise<void> = async () => {}) {
  const temporary = await temporaryDirectory();
  const directory = await temporaryDirectory();
  await addSession(directory, 'first');
  vi.stubEnv('TMPDIR', temporary);
  onTestFinished(() => void vi.unstubAllEnvs());
  const { logger } = createTestLogger();
  const latest = await LatestSnapshot.open(async () => {
    await beforeOpen();
    return openSnapshot({ directory, logger });
  }, logger);
  onTestFinished(() => latest.close());
  const has = (id: string) =>
    latest.use(async ({ repository }) => (await repository.findMany([id]))[0] !== null);
  return { directory, latest, has, opened: () => readdir(temporary) };
}

test('a snapshot that is outdated stays open until its last use ends', async () => {
  const { directory, latest, has, opened } = await openLatest();
  const begun = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const slow = latest.use(async ({ repository }) => {
    begun.resolve();
    await end.promise;
    return repository.findMany(['first', 'second']);
  });
  await begun.promise;
  await addSession(directory, 'second');
  expect(await Promise.all([has('second'), has('second'), has('first')])).toEqual([true, true, true]);
  expect(await opened()).toHaveLength(2);
  end.resolve();
  expect(await slow).toMatchObject([{ id: 'first' }, null]);
  await expect.poll(opened).toHaveLength(1);
});

test('closing leaves no temporary file though a newer snapshot cannot be opened', async () => {
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  let opens = 0;
  const { directory, latest, has, opened } = await openLatest(async () => {
    opens += 1;
    if (opens === 1) return;
    begun.resolve();
    await goOn.promise;
  });
  await rm(join(directory, 'store.jsonl'));
  const refused = expect(has('first')).rejects.toThrow(/no store\.jsonl/);
  await begun.promise;
  const closed = latest.close();
  goOn.resolve();
  await refused;
  await closed;
  expect(await opened()).toEqual([]);
  await expect(has('first')).rejects.toThrow(/closed/);
});

test('a snapshot is kept while no newer one can be opened', async () => {
  const { directory, has, opened } = await openLatest();
  const repository = await openFileRepository({ directory });
  await expect(has('first')).rejects.toThrow(/is in use by process/);
  await repository.close();
  expect(await has('first')).toBe(true);
  await expect.poll(opened).toHaveLength(1);
});
