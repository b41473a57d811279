import { expect, test } from 'vitest';
import { graphql } from '../../generated/index.ts';
import { createApi } from '../../support/api.ts';
import { openTestRepository } from '../../support/repository.ts';
import { growTree } from '../../support/tree.ts';

const DELETE = graphql(`
  mutation Delete($input: DeleteSessionInput!) {
    deleteSession(input: $input) {
      __typename
      ... on DeleteSessionPayload { deletedIds }
      ... on SessionNotFoundError { sessionId }
      ... on SessionHasChildrenError { message sessionId childCount }
      ... on InvalidInputError { issues { path } }
      ... on ConflictError { reason }
    }
  }
`);

const LEFT = graphql(`
  query Left { sessions(orderBy: { field: CREATED_AT, direction: ASC }) { nodes { id childCount } } }
`);

async function openApi() {
  const store = await openTestRepository();
  await growTree(store, { breadth: 2, depth: 2 });
  return createApi(store);
}

test('a session without children is deleted, with null for what is left out', async () => {
  const api = await openApi();
  const { deleteSession } = await api.query(DELETE, {
    input: { sessionId: 'root-1-0', mode: null, dryRun: null },
  });
  expect(deleteSession).toEqual({ __typename: 'DeleteSessionPayload', deletedIds: ['root-1-0'] });
  const { sessions } = await api.query(LEFT);
  expect(sessions.nodes.find(({ id }) => id === 'root-1')).toEqual({ id: 'root-1', childCount: 1 });
  expect(sessions.nodes.length).toBe(6);
});

test('a session with children is not deleted unless it is asked for', async () => {
  const api = await openApi();
  const { deleteSession } = await api.query(DELETE, { input: { sessionId: 'root-1' } });
  expect(deleteSession).toEqual({
    __typename: 'SessionHasChildrenError',
    message:
      'The session "root-1" has 2 children. Delete them first, or delete with mode CASCADE or REPARENT.',
    sessionId: 'root-1',
    childCount: 2,
  });
  expect((await api.query(LEFT)).sessions.nodes.length).toBe(7);
});

test('CASCADE deletes all that is beneath, and a dry run only says what', async () => {
  const api = await openApi();
  const gone = { __typename: 'DeleteSessionPayload', deletedIds: ['root-0', 'root-0-0', 'root-0-1'] };
  const dry = await api.query(DELETE, {
    input: { sessionId: 'root-0', mode: 'CASCADE', dryRun: true, operationId: 'op' },
  });
  expect(dry.deleteSession).toEqual(gone);
  expect((await api.query(LEFT)).sessions.nodes.length).toBe(7);
  const real = await api.query(DELETE, {
    input: { sessionId: 'root-0', mode: 'CASCADE', operationId: 'op' },
  });
  expect(real.deleteSession).toEqual(gone);
  const { sessions } = await api.query(LEFT);
  expect(sessions.nodes.map(({ id }) => id)).toEqual(['root', 'root-1', 'root-1-0', 'root-1-1']);
});

test('deleteSession of what is not there, at another version or with a bad id is a typed error', async () => {
  const api = await openApi();
  const remove = async (input: { sessionId: string; expectedVersion?: number }) =>
    (await api.query(DELETE, { input })).deleteSession;
  expect(await remove({ sessionId: 'nowhere' })).toEqual({
    __typename: 'SessionNotFoundError',
    sessionId: 'nowhere',
  });
  expect(await remove({ sessionId: 'root-0-0', expectedVersion: 9 })).toEqual({
    __typename: 'ConflictError',
    reason: 'VERSION',
  });
  expect(await remove({ sessionId: '..' })).toEqual({
    __typename: 'InvalidInputError',
    issues: [{ path: ['input', 'sessionId'] }],
  });
});
