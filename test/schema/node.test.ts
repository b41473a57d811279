import { expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { NO_TEXTS } from '../../src/model/message.ts';
import { graphql } from '../generated/index.ts';
import { createApi } from '../support/api.ts';
import { openTestRepository } from '../support/repository.ts';
import { watched } from '../support/watched-repository.ts';

const NODES = graphql(`
  query Nodes($ids: [ID!]!) {
    nodes(ids: $ids) {
      __typename
      id
      ... on Session { title }
      ... on Message { content position session { id title } }
    }
  }
`);

const NODE = graphql(`
  query Node($id: ID!) { node(id: $id) { __typename id } session(id: $id) { id } }
`);

async function openStore() {
  const store = await openTestRepository();
  await store.create({ id: 'a', title: 'A' });
  await store.create({ id: 'b', title: 'B' });
  await store.append({
    sessionId: 'a',
    messages: [
      { role: 'USER', content: 'hi' },
      { role: 'ASSISTANT', content: 'hello' },
    ],
  });
  return store;
}

test('sessions and messages are found by their ids, in the order asked for, in one batch each', async () => {
  const { repository, calls } = watched(await openStore());
  const { nodes } = await createApi(repository).query(NODES, {
    ids: ['a:1', 'b', 'nowhere', 'a:0', 'a', 'a:1'],
  });
  const hello = {
    __typename: 'Message',
    id: 'a:1',
    content: 'hello',
    position: 1,
    session: { id: 'a', title: 'A' },
  };
  expect(nodes).toEqual([
    hello,
    { __typename: 'Session', id: 'b', title: 'B' },
    null,
    { ...hello, id: 'a:0', content: 'hi', position: 0 },
    { __typename: 'Session', id: 'a', title: 'A' },
    hello,
  ]);
  const shown = { ...NO_TEXTS, content: 1 };
  const requests = [
    { sessionId: 'a', ordinal: 1, shown },
    { sessionId: 'a', ordinal: 0, shown },
  ];
  expect(calls).toEqual([
    ['findMessages', requests, 67_108_864],
    ['findMany', ['a', 'b', 'nowhere']],
  ]);
});

test.each([
  '',
  'nowhere',
  'a:7',
  'a:',
  ':0',
  'a:00',
  'a:-1',
  'a:1:2',
  '../a',
  'é',
  'a\0',
  'x'.repeat(10_000),
])('there is no node with the id %j', async (id) => {
  expect(await createApi(await openStore()).query(NODE, { id })).toEqual({ node: null, session: null });
});

test('an id of another case is another id', async () => {
  const answer = await createApi(await openStore()).query(NODE, { id: 'A' });
  expect(answer).toEqual({ node: null, session: null });
});

test('a message id is no session', async () => {
  const answer = await createApi(await openStore()).query(NODE, { id: 'a:0' });
  expect(answer).toEqual({ node: { __typename: 'Message', id: 'a:0' }, session: null });
});

test('more ids than the limit are refused', async () => {
  const api = createApi(await openStore());
  const ids = Array.from({ length: 1_001 }, (_, index) => `x${index}`);
  const most = await api.query(NODES, { ids: ids.slice(1) });
  expect(most.nodes.length).toBe(1_000);
  const { data, errors } = await api.run(NODES, { ids });
  expect(data).toBeUndefined();
  expect(errors).toMatchObject([
    {
      message: 'ids: expected at most 1000 ids (the limit nodeIds), got 1001. Ask for them in parts.',
      extensions: { code: 'BAD_USER_INPUT' },
    },
  ]);
});

const STORE = graphql(`
  query Store { store { version sessionCount messageCount quarantined { path reason since } } }
`);

test('the store says what it holds, and which server serves it', async () => {
  const { store } = await createApi(await openStore()).query(STORE);
  expect(store).toEqual({ version: packageJson.version, sessionCount: 2, messageCount: 1, quarantined: [] });
});
