import { expect, onTestFinished, test } from 'vitest';
import { openFileRepository } from '../../../../src/repository/files/open.ts';
import type { SessionRepository } from '../../../../src/repository/repository.ts';
import { temporaryDirectory } from '../../../support/repository.ts';

/* Long metadata is not read with its session, but when it is used: a list of sessions has it only where it is shown. */

const METADATA = { text: 'x'.repeat(50_000) };

/** A store with the session "a", which was opened after "a" was written: nothing of "a" is cached. */
async function openLater(): Promise<SessionRepository> {
  const directory = await temporaryDirectory();
  const before = await openFileRepository({ directory });
  await before.create({ id: 'a', metadata: METADATA });
  await before.close();
  const repository = await openFileRepository({ directory });
  onTestFinished(() => repository.close());
  return repository;
}

const find = async (store: SessionRepository, id = 'a') => (await store.findMany([id]))[0]!;

test('a session has its long metadata, and says its size', async () => {
  const session = await find(await openLater());
  expect(session.metadataBytes).toBe(JSON.stringify(METADATA).length);
  expect({ ...session }.metadata).toEqual(METADATA);
});

test('an append, an update of something else and a fork keep it', async () => {
  for (const write of [
    (store: SessionRepository) =>
      store.append({ sessionId: 'a', messages: [{ role: 'USER', content: 'b' }] }),
    (store: SessionRepository) => store.update({ sessionId: 'a', title: 'b' }),
    (store: SessionRepository) => store.fork({ sessionId: 'a', id: 'copy', asRoot: false }),
  ]) {
    const store = await openLater();
    await write(store);
    const [session, copy] = await store.findMany(['a', 'copy']);
    expect(session!.metadata).toEqual(METADATA);
    if (copy) expect(copy.metadata).toEqual(METADATA);
  }
});

test('an update merges with it', async () => {
  const store = await openLater();
  await store.update({ sessionId: 'a', metadata: { more: 1 } });
  expect((await find(store)).metadata).toEqual({ ...METADATA, more: 1 });
});

test('metadata of a session that is deleted before it is used is an error that passes', async () => {
  const store = await openLater();
  const session = await find(store);
  await store.delete({ sessionId: 'a', mode: 'CASCADE' });
  expect(() => session.metadata).toThrow(
    expect.objectContaining({
      name: 'StorageError',
      isRetryable: true,
      message: 'The session "a" was deleted while it was read. Read again.',
    }),
  );
});
