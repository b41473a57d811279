import { expect, test } from 'vitest';
import { graphql } from '../../generated/index.ts';
import { createApi } from '../../support/api.ts';
import { openTestRepository } from '../../support/repository.ts';

const EVERY_MUTATION = graphql(`
  mutation EveryMutation {
    created: createSession(input: {}) { ...Failed }
    sent: sendMessage(input: { sessionId: "a", message: "m", response: "r" }) { ...Failed }
    appended: appendMessages(input: { sessionId: "a", messages: [{ role: USER, content: "m" }] }) { ...Failed }
    spawned: spawnSession(input: { parentId: "a" }) { ...Failed }
    updated: updateSession(input: { sessionId: "a", title: "t" }) { ...Failed }
    deleted: deleteSession(input: { sessionId: "a" }) { ...Failed }
  }

  fragment Failed on StorageError { __typename message isRetryable }
`);

test('what the store cannot write is a StorageError of every mutation', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'a' });
  await store.close();
  const error = {
    __typename: 'StorageError',
    message: 'The store is closing: nothing was recorded. Try again later.',
    isRetryable: true,
  };
  expect(await createApi(store).query(EVERY_MUTATION)).toEqual({
    created: error,
    sent: error,
    appended: error,
    spawned: error,
    updated: error,
    deleted: error,
  });
});
