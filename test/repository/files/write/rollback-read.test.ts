import { expect, it } from 'vitest';
import { whileNoFileOpens } from '../no-files.ts';
import { contents, exchange, TestStore } from '../store.ts';

it('the retry of a rollback is told that it is recorded, where what it dropped cannot be read for the answer', async () => {
  const store = await TestStore.make();
  const limit = { messages: 10, bytes: 1e6, shown: undefined };
  const operation = { id: 'once', fingerprint: '0'.repeat(32) };
  const input = { sessionId: 'a', keep: 0 };
  await store.during(async (repository) => {
    await repository.create({ id: 'a' });
    await repository.append({ sessionId: 'a', messages: exchange(1) });
    await repository.truncate(input, limit, operation);
  });
  const repository = await store.open();
  const again = () => repository.truncate(input, limit, operation);
  await whileNoFileOpens(() =>
    expect(again()).rejects.toMatchObject({
      message: expect.stringMatching(/^The operation is recorded.*same operationId/),
      isRetryable: true,
    }),
  );
  expect((await again()).removed.map(({ content }) => content)).toEqual(['question 1', 'answer 1']);
  expect(await contents(repository, 'a')).toEqual([]);
});

it('a rollback is refused, and nothing is dropped, where what it drops cannot be read for the answer', async () => {
  const store = await TestStore.make();
  const limit = { messages: 10, bytes: 1e6, shown: undefined };
  const input = { sessionId: 'a', keep: 0 };
  await store.during(async (repository) => {
    await repository.create({ id: 'a' });
    await repository.append({ sessionId: 'a', messages: exchange(1) });
  });
  const repository = await store.open();
  await whileNoFileOpens(() =>
    expect(repository.truncate(input, limit)).rejects.toMatchObject({
      name: 'StorageError',
      isRetryable: true,
    }),
  );
  expect(await contents(repository, 'a')).toEqual(['question 1', 'answer 1']);
});
