import { expect, test } from 'vitest';
import { graphql } from '../../generated/index.ts';
import { createApi } from '../../support/api.ts';
import { openTestRepository } from '../../support/repository.ts';

const SPAWN = graphql(`
  mutation Spawn($input: SpawnSessionInput!) {
    spawnSession(input: $input) {
      __typename
      ... on SpawnSessionPayload {
        session { id userId title metadata parentId rootId depth version parent { childCount } root { id } }
        parent { id childCount version children { nodes { id } } }
      }
      ... on SessionNotFoundError { sessionId }
      ... on SessionExistsError { sessionId }
      ... on InvalidInputError { issues { path } }
    }
  }
`);

test("a child has its parent's user and tree, and its parent shows it and keeps its version", async () => {
  const store = await openTestRepository();
  await store.create({ id: 'root', userId: 'ada' });
  const api = createApi(store);
  await api.query(SPAWN, { input: { parentId: 'root', id: 'child' } });
  const { spawnSession } = await api.query(SPAWN, {
    input: { parentId: 'child', id: 'grandchild', title: 'T', metadata: { a: 1 } },
  });
  expect(spawnSession).toEqual({
    __typename: 'SpawnSessionPayload',
    session: {
      id: 'grandchild',
      userId: 'ada',
      title: 'T',
      metadata: { a: 1 },
      parentId: 'child',
      rootId: 'root',
      depth: 2,
      version: 1,
      parent: { childCount: 1 },
      root: { id: 'root' },
    },
    parent: { id: 'child', childCount: 1, version: 1, children: { nodes: [{ id: 'grandchild' }] } },
  });
});

test('a child that is given a userId has it, not that of its parent', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'root', userId: 'ada' });
  const { spawnSession } = await createApi(store).query(SPAWN, {
    input: { parentId: 'root', userId: 'bob' },
  });
  expect(spawnSession).toMatchObject({ session: { userId: 'bob' } });
});

test('a parent that is not there, an id that is taken and a bad id are typed errors', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'root' });
  const spawn = async (input: { parentId: string; id?: string }) =>
    (await createApi(store).query(SPAWN, { input })).spawnSession;
  expect(await spawn({ parentId: 'nowhere' })).toEqual({
    __typename: 'SessionNotFoundError',
    sessionId: 'nowhere',
  });
  expect(await spawn({ parentId: 'root', id: 'root' })).toEqual({
    __typename: 'SessionExistsError',
    sessionId: 'root',
  });
  expect(await spawn({ parentId: 'a/b', id: '' })).toEqual({
    __typename: 'InvalidInputError',
    issues: [{ path: ['input', 'id'] }, { path: ['input', 'parentId'] }],
  });
});

test.each([
  ['a child of the root', 'root', { __typename: 'SpawnSessionPayload', parent: { id: 'root' } }],
  ['a root', null, { __typename: 'SessionNotFoundError', sessionId: 'parent' }],
])(
  'a retry finds the session that the deletion of its parent has made %s',
  async (_name, parentId, answer) => {
    const store = await openTestRepository();
    await store.create({ id: 'root' });
    await store.create({ id: 'parent', ...(parentId && { parentId }) });
    const api = createApi(store);
    const input = { parentId: 'parent', id: 'child', operationId: 'spawn-1' };
    await api.query(SPAWN, { input });
    await store.delete({ sessionId: 'parent', mode: 'REPARENT' });
    const { spawnSession } = await api.query(SPAWN, { input });
    expect(spawnSession).toMatchObject(answer);
  },
);
