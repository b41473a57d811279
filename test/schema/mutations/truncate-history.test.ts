import { expect, test } from 'vitest';
import { graphql } from '../../generated/index.ts';
import { createApi } from '../../support/api.ts';
import { openTestRepository } from '../../support/repository.ts';
import { watched } from '../../support/watched-repository.ts';

const TRUNCATE = graphql(`
  mutation Truncate($input: TruncateHistoryInput!) {
    truncateHistory(input: $input) {
      __typename
      ... on TruncateHistoryPayload { removed { id content session { id } } session { historyLength version } }
      ... on InvalidInputError { issues { path message } }
    }
  }
`);

async function openApi() {
  const store = await openTestRepository();
  const messages = ['one', 'two', 'three'].map((content) => ({ role: 'USER' as const, content }));
  await store.create({ id: 'root-0', messages });
  const { repository, calls } = watched(store);
  return { store, api: createApi(repository), calls };
}

test('truncateHistory answers with what it dropped, and a dry run only says so', async () => {
  const { api } = await openApi();
  const truncate = async (input: { keep: number; dryRun?: boolean; operationId?: string }) =>
    (await api.query(TRUNCATE, { input: { sessionId: 'root-0', ...input } })).truncateHistory;
  const removed = ['two', 'three'].map((content, n) => ({
    id: `root-0:${n + 1}`,
    content,
    session: { id: 'root-0' },
  }));
  const session = { historyLength: 3, version: 1 };
  expect(await truncate({ keep: 1, dryRun: true, operationId: 'op' })).toMatchObject({ removed, session });
  // The dry run did not take the id.
  const dropped = { removed, session: { historyLength: 1, version: 2 } };
  expect(await truncate({ keep: 1, operationId: 'op' })).toMatchObject(dropped);
  expect(await truncate({ keep: 1, operationId: 'op' })).toMatchObject(dropped);
  expect(await truncate({ keep: 2 })).toMatchObject({
    __typename: 'InvalidInputError',
    issues: [{ path: ['input', 'keep'], message: 'expected at most 1, the length of the history, got 2' }],
  });
});

test('truncateHistory drops nothing where the answer could not hold it', async () => {
  const { store } = await openApi();
  const truncate = async (objects: number, removed: string) => {
    const query = `mutation { truncateHistory(input: { sessionId: "root-0", keep: 0 }) {
      __typename ... on InvalidInputError { issues { path message } } ... on TruncateHistoryPayload { ${removed} } } }`;
    const { data, errors } = await createApi(store, { objects }).send(query);
    expect(errors).toBeUndefined();
    return (data as { readonly truncateHistory: unknown }).truncateHistory;
  };
  for (const [objects, removed, most] of [
    [3, 'session { id } removed { id }', 2],
    [6, 'session { id } a: removed { id } b: removed { content }', 2],
    [9, 'a: removed { id } b: removed { id } ... on TruncateHistoryPayload { c: removed { id } }', 2],
  ] as const) {
    expect(await truncate(objects, removed)).toMatchObject({
      __typename: 'InvalidInputError',
      issues: [{ path: ['input', 'keep'], message: expect.stringContaining(`at most ${most} messages`) }],
    });
    expect((await store.findMany(['root-0']))[0]).toMatchObject({ historyLength: 3 });
  }
  expect(await truncate(7, 'session { id } a: removed { id } b: removed { id }')).toMatchObject({
    __typename: 'TruncateHistoryPayload',
    b: [{}, {}, {}],
  });
});

test('truncateHistory reads and shows only the first of what it dropped, and counts all', async () => {
  const { store, api, calls } = await openApi();
  const messages = Array.from({ length: 9 }, (_, n) => ({ role: 'USER' as const, content: `${n}` }));
  await store.create({ id: 'root', messages });
  const truncate = (fields: string) =>
    api.send(`mutation { truncateHistory(input: { sessionId: "root", keep: 2, operationId: "op" }) {
      ... on TruncateHistoryPayload { isDryRun removedCount ${fields} } } }`);
  expect(await truncate('a: removed(first: 1) { content } b: removed(first: 3) { position }')).toEqual({
    data: {
      truncateHistory: {
        isDryRun: false,
        removedCount: 7,
        a: [{ content: '2' }],
        b: [{ position: 2 }, { position: 3 }, { position: 4 }],
      },
    },
  });
  expect(calls).toMatchObject([['truncate', { keep: 2 }, { first: 3 }, {}]]);
  calls.length = 0;
  expect(await truncate('')).toEqual({ data: { truncateHistory: { isDryRun: false, removedCount: 7 } } });
  expect(await truncate('removed(first: 0) { id }')).toMatchObject({
    data: { truncateHistory: { removed: [] } },
  });
  expect(calls).toMatchObject([
    ['truncate', { keep: 2 }, null, {}],
    ['truncate', { keep: 2 }, null, {}],
  ]);
});
