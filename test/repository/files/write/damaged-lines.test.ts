import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { NewMessage } from '../../../../src/model/message.ts';
import { contents, TestStore } from '../store.ts';

const keyed = (key: string, content = key): NewMessage => ({ role: 'USER', content, key });

const LIMIT = { messages: 10, bytes: 1e6, shown: undefined };

/** A store whose session "a" has the messages "one" and "two", of which the second has since lost a bit on the disk. */
async function openWithLostBit() {
  const store = await TestStore.make();
  await store.during(async (repository) => {
    await repository.create({ id: 'a' });
    for (const content of ['one', 'two'])
      await repository.append({ sessionId: 'a', messages: [keyed(content)] });
  });
  const path = store.sessionFile('a');
  // A whole second, so that the time can be set again exactly: a lost bit leaves it as it was.
  const time = Math.floor(Date.now() / 1_000);
  utimesSync(path, time, time);
  const repository = await store.open();
  expect(await contents(repository, 'a')).toEqual(['one', 'two']);
  const bytes = readFileSync(path);
  bytes[bytes.indexOf('"content":"two"') + 11]! ^= 1;
  writeFileSync(path, bytes);
  utimesSync(path, time, time);
  return { store, repository };
}

it('a rollback answers with what can be read of what it drops, where a line has lost a bit', async () => {
  const { repository } = await openWithLostBit();
  const { removed } = await repository.truncate({ sessionId: 'a', keep: 0 }, LIMIT);
  expect(removed.map(({ content }) => content)).toEqual(['one']);
});

it('a message is not replaced where the line of its earlier form has lost a bit', async () => {
  const { repository } = await openWithLostBit();
  const messages = [keyed('two', 'new')];
  await expect(repository.append({ sessionId: 'a', messages, onKey: 'REPLACE' })).rejects.toMatchObject({
    name: 'StorageError',
  });
});
