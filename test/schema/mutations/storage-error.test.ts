import { expect, test } from 'vitest';
import { StorageError } from '../../../src/model/errors.ts';
import { graphql } from '../../generated/index.ts';
import { createApi } from '../../support/api.ts';
import { openTestRepository } from '../../support/repository.ts';
import { watched } from '../../support/watched-repository.ts';

const EVERY_MUTATION = graphql(`
  mutation EveryMutation {
    created: createSession(input: {}) { ...Failed }
    sent: sendMessage(input: { sessionId: "a", message: "m", response: "r" }) { ...Failed }
    appended: appendMessages(input: { sessionId: "a", messages: [{ role: USER, content: "m" }] }) { ...Failed }
    spawned: spawnSession(input: { parentId: "a" }) { ...Failed }
    updated: updateSession(input: { sessionId: "a", title: "t" }) { ...Failed }
    deleted: deleteSession(input: { sessionId: "a" }) { ...Failed }
    forked: forkSession(input: { sessionId: "a" }) { ...Failed }
    moved: moveSession(input: { sessionId: "a", asRoot: true }) { ...Failed }
    archived: archiveSession(input: { sessionId: "a" }) { ...Failed }
    unarchived: unarchiveSession(input: { sessionId: "a" }) { ...Failed }
    truncated: truncateHistory(input: { sessionId: "a", keep: 0 }) { ...Failed }
  }

  fragment Failed on StorageError { __typename message isRetryable isOutcomeUnknown }
`);

test('what the store cannot write is a StorageError of every mutation', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'a' });
  await store.close();
  const error = {
    __typename: 'StorageError',
    message: 'The store is closing: nothing was recorded. Try again later.',
    isRetryable: true,
    isOutcomeUnknown: false,
  };
  const answers = await createApi(store).query(EVERY_MUTATION);
  expect(Object.keys(answers)).toHaveLength(11);
  for (const [name, answer] of Object.entries(answers)) expect([name, answer]).toEqual([name, error]);
});

const UNREAD = graphql(`
  mutation Unread($isSpawn: Boolean!) {
    spawned: spawnSession(input: { parentId: "a" }) @include(if: $isSpawn) { ...Failed }
    forked: forkSession(input: { sessionId: "a" }) @skip(if: $isSpawn) { ...Failed }
  }
`);

test.each([
  ['a spawn', 'create'],
  ['a fork', 'fork'],
])('%s that took effect, and whose payload cannot be read, says so', async (_, method) => {
  const store = await openTestRepository();
  await store.create({ id: 'a' });
  let isMade = false;
  const { repository } = watched(store, async ([called]) => {
    if (called === 'findMany' && isMade) throw new StorageError('The database cannot be reached.', true);
    isMade ||= called === method;
  });
  const answer = await createApi(repository).query(UNREAD, { isSpawn: method === 'create' });
  const expected = { __typename: 'StorageError', isRetryable: true, isOutcomeUnknown: true };
  expect(Object.values(answer)).toEqual([expect.objectContaining(expected)]);
});
