import { expect, test } from 'vitest';
import { graphql } from '../../generated/index.ts';
import { createApi } from '../../support/api.ts';
import { openTestRepository } from '../../support/repository.ts';
import { watched } from '../../support/watched-repository.ts';

async function openApi() {
  const store = await openTestRepository();
  await store.create({ id: 'root' });
  const { repository, calls } = watched(store);
  return { store, api: createApi(repository), calls };
}

const APPEND = graphql(`
  mutation AppendEdges {
    sent: sendMessage(input: { sessionId: "root", message: "m", response: "r", model: "gpt" }) {
      ... on SendMessagePayload { messages { id model } edges { cursor node { id content } } }
    }
    asked: sendMessage(input: { sessionId: "root", message: "alone" }) {
      ... on SendMessagePayload { edges { node { role content } } session { historyLength messageCount } }
    }
    appended: appendMessages(input: { sessionId: "root", messages: [{ role: TOOL, content: "t" }] }) {
      ... on AppendMessagesPayload { edges { cursor node { id content } } }
    }
  }
`);

const HISTORY_AFTER = graphql(`
  query HistoryAfter($cursor: String!) {
    session(id: "root") { history(after: $cursor) { nodes { id } } }
  }
`);

test('new messages come with edges whose cursors the history takes, and nothing is read for them', async () => {
  const { api, calls } = await openApi();
  const { sent, asked, appended } = await api.query(APPEND);
  expect(sent).toEqual({
    messages: [
      { id: 'root:0', model: null },
      { id: 'root:1', model: 'gpt' },
    ],
    edges: [
      { cursor: expect.any(String), node: { id: 'root:0', content: 'm' } },
      { cursor: expect.any(String), node: { id: 'root:1', content: 'r' } },
    ],
  });
  expect(asked).toEqual({
    edges: [{ node: { role: 'USER', content: 'alone' } }],
    session: { historyLength: 3, messageCount: 2 },
  });
  expect(calls.map(([method]) => method)).toEqual(['append', 'append', 'append']);
  const cursorsOf = (payload: unknown) => (payload as { edges: { cursor: string }[] }).edges;
  const after = async (cursor: string) => (await api.query(HISTORY_AFTER, { cursor })).session!.history.nodes;
  expect(await after(cursorsOf(sent)[0]!.cursor)).toEqual(
    ['root:1', 'root:2', 'root:3'].map((id) => ({ id })),
  );
  expect(await after(cursorsOf(appended)[0]!.cursor)).toEqual([]);
});

test('edges of new messages count against the budget as messages do', async () => {
  const { store } = await openApi();
  const send = (fields: string, limits: object) =>
    createApi(store, limits).send(
      `mutation { sendMessage(input: { sessionId: "root", message: "mm", response: "rr" }) { ... on SendMessagePayload { ${fields} } } }`,
    );
  const exceeded = { errors: [{ extensions: { code: 'BUDGET_EXCEEDED' } }] };
  expect(await send('edges { cursor }', { objects: 1 })).toMatchObject(exceeded);
  expect(await send('edges { node { a: content b: content } }', { textBytes: 7 })).toMatchObject(exceeded);
  expect(await send('edges { node { a: content b: content } }', { textBytes: 8 })).not.toHaveProperty(
    'errors',
  );
});

test('a usage or a model without the answer that it belongs to is refused', async () => {
  const { api, store } = await openApi();
  const send = (more: string) =>
    api.send(`mutation {
      sendMessage(input: { sessionId: "root", message: "m", ${more} }) { ... on InvalidInputError { issues { path message } } }
    }`);
  const issue = (member: string) => ({
    path: ['input', member],
    message: 'expected a "response" that it belongs to, got none',
  });
  expect(await send('response: null, model: "gpt", usage: { inputTokens: 1, outputTokens: 1 }')).toEqual({
    data: { sendMessage: { issues: [issue('usage'), issue('model')] } },
  });
  expect(await store.findMany(['root'])).toMatchObject([{ version: 1 }]);
});
