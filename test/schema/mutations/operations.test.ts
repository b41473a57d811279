import { expect, test } from 'vitest';
import { graphql } from '../../generated/index.ts';
import { createApi } from '../../support/api.ts';
import { openTestRepository } from '../../support/repository.ts';

const CREATE_ONCE = graphql(`
  mutation CreateOnce($input: CreateSessionInput!) {
    createSession(input: $input) {
      __typename
      ... on CreateSessionPayload { session { id title version } }
      ... on ConflictError { message reason expectedVersion actualVersion }
      ... on SessionExistsError { sessionId }
    }
  }
`);

const SEND_ONCE = graphql(`
  mutation SendOnce($input: SendMessageInput!) {
    sendMessage(input: $input) {
      __typename
      ... on SendMessagePayload { session { id } messages { id content session { id } } }
      ... on ConflictError { reason }
      ... on SessionNotFoundError { sessionId }
    }
  }
`);

const SEND_MESSAGES_ONLY = graphql(`
  mutation SendMessagesOnly($input: SendMessageInput!) {
    sendMessage(input: $input) { ... on SendMessagePayload { messages { session { id } } } }
  }
`);

const SPAWN_ONCE = graphql(`
  mutation SpawnOnce($input: SpawnSessionInput!) {
    spawnSession(input: $input) {
      __typename
      ... on SpawnSessionPayload { session { id parent { id } root { id } } parent { id childCount } }
      ... on ConflictError { reason }
      ... on SessionNotFoundError { sessionId }
    }
  }
`);

const UPDATE_ONCE = graphql(`
  mutation UpdateOnce($input: UpdateSessionInput!) {
    updateSession(input: $input) {
      __typename
      ... on UpdateSessionPayload { session { title } }
      ... on ConflictError { reason }
    }
  }
`);

const DELETE_ONCE = graphql(`
  mutation DeleteOnce($input: DeleteSessionInput!) {
    deleteSession(input: $input) {
      __typename
      ... on DeleteSessionPayload { deletedIds }
      ... on ConflictError { reason }
    }
  }
`);

test('a retry answers as the first time and changes nothing more', async () => {
  const store = await openTestRepository();
  const api = createApi(store);
  const create = { input: { title: 'A', operationId: 'create-1' } };
  const first = await api.query(CREATE_ONCE, create);
  expect(await api.query(CREATE_ONCE, create)).toEqual(first);
  expect(await store.count({})).toBe(1);

  const [session] = (
    await store.list({}, { field: 'CREATED_AT', direction: 'ASC' }, { limit: 1, from: 'start' })
  ).items;
  const { id } = session!;
  const send = {
    input: { sessionId: id, message: 'a', response: 'b', expectedVersion: 1, operationId: 'send-1' },
  };
  const sent = await api.query(SEND_ONCE, send);
  expect(sent.sendMessage.__typename).toBe('SendMessagePayload');
  expect(await api.query(SEND_ONCE, send)).toEqual(sent);

  const spawn = { input: { parentId: id, operationId: 'spawn-1' } };
  const spawned = await api.query(SPAWN_ONCE, spawn);
  expect(spawned.spawnSession).toMatchObject({ parent: { childCount: 1 } });
  expect(await api.query(SPAWN_ONCE, spawn)).toEqual(spawned);

  const update = { input: { sessionId: id, title: 'B', expectedVersion: 2, operationId: 'update-1' } };
  const updated = await api.query(UPDATE_ONCE, update);
  expect(updated.updateSession).toMatchObject({ session: { title: 'B' } });
  expect(await api.query(UPDATE_ONCE, update)).toEqual(updated);

  expect(await store.findMany([id])).toMatchObject([{ version: 3, historyLength: 2, childCount: 1 }]);

  const remove = { input: { sessionId: id, mode: 'CASCADE' as const, operationId: 'delete-1' } };
  const removed = await api.query(DELETE_ONCE, remove);
  expect(removed.deleteSession).toMatchObject({ deletedIds: [id, expect.any(String)] });
  expect(await api.query(DELETE_ONCE, remove)).toEqual(removed);
});

test('an operationId with other input, or for another mutation, is a ConflictError', async () => {
  const store = await openTestRepository();
  const api = createApi(store);
  await api.query(CREATE_ONCE, { input: { id: 'a', operationId: 'op' } });
  const other = await api.query(CREATE_ONCE, { input: { id: 'b', operationId: 'op' } });
  expect(other.createSession).toEqual({
    __typename: 'ConflictError',
    message: 'The operation id "op" was used before with other input. Use a new one for a new operation.',
    reason: 'OPERATION',
    expectedVersion: null,
    actualVersion: null,
  });
  const conflict = { __typename: 'ConflictError', reason: 'OPERATION' };
  const update = await api.query(UPDATE_ONCE, { input: { sessionId: 'a', operationId: 'op' } });
  expect(update.updateSession).toEqual(conflict);
  const remove = await api.query(DELETE_ONCE, { input: { sessionId: 'a', operationId: 'op' } });
  expect(remove.deleteSession).toEqual(conflict);
  expect(await store.findMany(['a', 'b'])).toMatchObject([{ id: 'a', version: 1 }, null]);
});

test('a refusal is not recorded: its operationId can be used again', async () => {
  const store = await openTestRepository();
  const api = createApi(store);
  const input = { sessionId: 'a', message: 'm', response: 'r', operationId: 'op' };
  const refused = await api.query(SEND_ONCE, { input });
  expect(refused.sendMessage).toEqual({ __typename: 'SessionNotFoundError', sessionId: 'a' });
  await store.create({ id: 'a' });
  const sent = await api.query(SEND_ONCE, { input });
  expect(sent.sendMessage).toMatchObject({ __typename: 'SendMessagePayload', session: { id: 'a' } });
});

test('two requests with one operationId at the same time are one operation', async () => {
  const store = await openTestRepository();
  const api = createApi(store);
  const input = { title: 'once', operationId: 'op' };
  const answers = await Promise.all([1, 2, 3, 4].map(() => api.query(CREATE_ONCE, { input })));
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect(await store.count({})).toBe(1);
});

test('a retry is answered also when its session was deleted since', async () => {
  const store = await openTestRepository();
  const api = createApi(store);
  await store.create({ id: 'root' });
  const create = { input: { id: 'a', operationId: 'create' } };
  const spawn = { input: { parentId: 'root', id: 'b', operationId: 'spawn' } };
  await api.query(CREATE_ONCE, create);
  await api.query(SPAWN_ONCE, spawn);
  await store.delete({ sessionId: 'a', mode: 'RESTRICT' });
  await store.delete({ sessionId: 'b', mode: 'RESTRICT' });

  expect(await api.query(CREATE_ONCE, create)).toMatchObject({ createSession: { session: { id: 'a' } } });
  expect(await api.query(SPAWN_ONCE, spawn)).toMatchObject({
    spawnSession: {
      session: { id: 'b', parent: { id: 'root' }, root: { id: 'root' } },
      parent: { id: 'root' },
    },
  });
  expect(await store.findMany(['a', 'b'])).toEqual([null, null]);
});

test('a retried exchange is answered also when its session was deleted since', async () => {
  const store = await openTestRepository();
  const api = createApi(store);
  await store.create({ id: 'a' });
  const send = { input: { sessionId: 'a', message: 'm', response: 'r', operationId: 'send' } };
  const first = await api.query(SEND_ONCE, send);
  await store.delete({ sessionId: 'a', mode: 'RESTRICT' });

  expect(await api.query(SEND_ONCE, send)).toEqual(first);
  expect(await api.query(SEND_MESSAGES_ONLY, send)).toEqual({
    sendMessage: { messages: [{ session: { id: 'a' } }, { session: { id: 'a' } }] },
  });
});

test('a retried spawn whose parent was deleted since says that the parent is gone', async () => {
  const store = await openTestRepository();
  const api = createApi(store);
  await store.create({ id: 'root' });
  const spawn = { input: { parentId: 'root', id: 'b', operationId: 'spawn' } };
  await api.query(SPAWN_ONCE, spawn);
  await store.delete({ sessionId: 'root', mode: 'CASCADE' });
  expect((await api.query(SPAWN_ONCE, spawn)).spawnSession).toEqual({
    __typename: 'SessionNotFoundError',
    sessionId: 'root',
  });
});
