import { expect, test } from 'vitest';
import { NO_TEXTS } from '../../src/model/message.ts';
import { graphql } from '../generated/index.ts';
import { createApi } from '../support/api.ts';
import { openTestRepository } from '../support/repository.ts';
import { watched } from '../support/watched-repository.ts';

const APPEND = graphql(`
  mutation AppendKeyed($input: AppendMessagesInput!) {
    appendMessages(input: $input) {
      __typename
      ... on AppendMessagesPayload { messages { id key } }
      ... on ConflictError { message reason key expectedVersion actualVersion }
      ... on InvalidInputError { issues { path message } }
    }
  }
`);

const BY_KEY = graphql(`
  query ByKey($ids: [ID!]!, $keys: [String!]!) {
    nodes(ids: $ids) { ... on Session { id messagesByKey(keys: $keys) { id key content session { id } } } }
  }
`);

const keyed = (key: string | null) => ({ role: 'USER' as const, content: `of ${key}`, key });

test('messages are found by their keys, of all sessions in one batch', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'a', messages: [keyed('k'), keyed(null), keyed('l')] });
  await store.create({ id: 'b', messages: [keyed('l')] });
  const { repository, calls } = watched(store);
  const { nodes } = await createApi(repository).query(BY_KEY, {
    ids: ['a', 'b'],
    keys: ['l', 'none', 'k', 'l'],
  });
  const shown = { ...NO_TEXTS, content: 1 };
  const asked = ['a', 'b'].flatMap((sessionId) =>
    ['l', 'none', 'k'].map((key) => ({ sessionId, key, shown })),
  );
  expect(calls).toEqual([
    ['findMany', ['a', 'b']],
    ['findMessagesByKey', asked, 67_108_864],
  ]);
  const message = (session: string, ordinal: number, key: string) => ({
    id: `${session}:${ordinal}`,
    key,
    content: `of ${key}`,
    session: { id: session },
  });
  expect(nodes).toEqual([
    { id: 'a', messagesByKey: [message('a', 2, 'l'), null, message('a', 0, 'k'), message('a', 2, 'l')] },
    { id: 'b', messagesByKey: [message('b', 0, 'l'), null, null, message('b', 0, 'l')] },
  ]);
});

test('a text that cannot be stored is the key of no message', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'a', messages: [keyed('\ufffd')] });
  const { nodes } = await createApi(store).query(BY_KEY, { ids: ['a'], keys: ['\ud800', '\0'] });
  expect(nodes).toEqual([{ id: 'a', messagesByKey: [null, null] }]);
});

test('more keys than nodeIds are refused before anything is read', async () => {
  const { repository, calls } = watched(await openTestRepository());
  const keys = Array.from({ length: 1_001 }, (_, n) => `${n}`);
  const { data, errors } = await createApi(repository).send(
    'query ($keys: [String!]!) { session(id: "a") { messagesByKey(keys: $keys) { id } } }',
    { keys },
  );
  expect(data).toBeFalsy();
  expect(errors![0]).toMatchObject({
    message: 'keys: expected at most 1000 keys (the limit nodeIds), got 1001. Ask for them in parts.',
    extensions: { code: 'BAD_USER_INPUT' },
  });
  expect(calls).toEqual([]);
});

test('the texts of messages that are found by their keys count', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'a', messages: [keyed('k')] });
  const api = createApi(store, { textBytes: 7 });
  const query = 'query ($keys: [String!]!) { session(id: "a") { messagesByKey(keys: $keys) { content } } }';
  expect((await api.send(query, { keys: ['k'] })).errors).toBeUndefined();
  const { errors } = await api.send(query, { keys: ['k', 'k'] });
  expect(errors![0]).toMatchObject({ extensions: { code: 'BUDGET_EXCEEDED' } });
});

test('a key that is taken is a conflict that names it', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'a', messages: [keyed('k')] });
  const api = createApi(store);
  const append = async (...keys: (string | null)[]) =>
    (await api.query(APPEND, { input: { sessionId: 'a', messages: keys.map(keyed) } })).appendMessages;
  expect(await append('new', 'k')).toEqual({
    __typename: 'ConflictError',
    message: 'The message "a:0" has the key "k". A key is unique in a history: choose another.',
    reason: 'KEY',
    key: 'k',
    expectedVersion: null,
    actualVersion: null,
  });
  expect(await append('new', null)).toEqual({
    __typename: 'AppendMessagesPayload',
    messages: [
      { id: 'a:1', key: 'new' },
      { id: 'a:2', key: null },
    ],
  });
});

test('a key twice in one write, an empty one, and one that is too long or no text are invalid', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'a' });
  const api = createApi(store);
  const faults = async (...keys: (string | null)[]) => {
    const { appendMessages } = await api.query(APPEND, {
      input: { sessionId: 'a', messages: keys.map(keyed) },
    });
    if (appendMessages.__typename !== 'InvalidInputError') throw new Error(appendMessages.__typename);
    return appendMessages.issues.map(({ path, message }) => [path.join('.'), message]);
  };
  expect(await faults('k', null, 'l', null, 'k')).toEqual([
    ['input.messages.4.key', 'expected a key that no other message of the input has, got that of message 0'],
  ]);
  expect(await faults('')).toEqual([
    ['input.messages.0.key', 'expected at least one character, got an empty string'],
  ]);
  expect((await faults('x'.repeat(257)))[0]![1]).toContain('(the limit nameLength)');
  expect((await faults('\0'))[0]![1]).toContain('NUL');
});
