import { expect, test } from 'vitest';
import type { MoveSessionInput } from '../../generated/graphql.ts';
import { graphql } from '../../generated/index.ts';
import { createApi } from '../../support/api.ts';
import { openTestRepository } from '../../support/repository.ts';
import { growTree } from '../../support/tree.ts';

const FORK = graphql(`
  mutation ForkAt($input: ForkSessionInput!) {
    forkSession(input: $input) {
      __typename
      ... on ForkSessionPayload {
        session { id parentId title historyLength forkedFrom { session { id } sessionId messageId historyLength } }
        origin { id childCount }
      }
      ... on SessionNotFoundError { sessionId }
      ... on SessionExistsError { sessionId }
      ... on InvalidInputError { issues { path message } }
      ... on ConflictError { reason }
    }
  }
`);

const MOVE = graphql(`
  mutation MoveTo($input: MoveSessionInput!) {
    moveSession(input: $input) {
      __typename
      ... on MoveSessionPayload { session { id parentId rootId depth version parent { id childCount } } }
      ... on SessionNotFoundError { sessionId }
      ... on InvalidInputError { issues { path message } }
      ... on ConflictError { reason actualVersion }
    }
  }
`);

const ARCHIVE = graphql(`
  mutation ArchiveIt($input: ArchiveSessionInput!) {
    archiveSession(input: $input) {
      __typename
      ... on ArchiveSessionPayload { archivedIds session { id archivedAt version } }
      ... on SessionNotFoundError { sessionId }
      ... on InvalidInputError { issues { path } }
    }
  }
`);

const UNARCHIVE = graphql(`
  mutation UnarchiveIt($input: UnarchiveSessionInput!) {
    unarchiveSession(input: $input) {
      __typename
      ... on UnarchiveSessionPayload { unarchivedIds session { archivedAt } }
      ... on ConflictError { reason }
    }
  }
`);

const TRUNCATE_ARCHIVED = graphql(`
  mutation TruncateArchived {
    truncateHistory(input: { sessionId: "root-0", keep: 0 }) { __typename ... on SessionArchivedError { sessionId } }
  }
`);

const SPAWN = graphql(`
  mutation SpawnBeneath($input: SpawnSessionInput!) {
    spawnSession(input: $input) { __typename ... on SessionArchivedError { sessionId message } }
  }
`);

const LISTED = graphql(`
  query Listed($archived: ArchivedFilter) {
    sessions(filter: { archived: $archived }, orderBy: { field: CREATED_AT, direction: ASC }) {
      totalCount
      nodes { id }
    }
  }
`);

async function openApi() {
  const store = await openTestRepository();
  await growTree(store, { breadth: 2, depth: 2 });
  const messages = ['one', 'two', 'three'].map((content) => ({ role: 'USER' as const, content }));
  await store.append({ sessionId: 'root-0', messages });
  return { store, api: createApi(store) };
}

test('forkSession answers with the fork and its origin, and its retry too', async () => {
  const { api } = await openApi();
  const input = { sessionId: 'root-0', throughMessageId: 'root-0:1', id: 'fork', operationId: 'op' };
  const forked = {
    __typename: 'ForkSessionPayload',
    session: {
      id: 'fork',
      parentId: 'root-0',
      title: 'root-0',
      historyLength: 2,
      forkedFrom: { session: { id: 'root-0' }, sessionId: 'root-0', messageId: 'root-0:1', historyLength: 2 },
    },
    origin: { id: 'root-0', childCount: 3 },
  };
  expect((await api.query(FORK, { input })).forkSession).toEqual(forked);
  expect((await api.query(FORK, { input })).forkSession).toEqual(forked);
  const other = await api.query(FORK, { input: { ...input, asRoot: true } });
  expect(other.forkSession).toEqual({ __typename: 'ConflictError', reason: 'OPERATION' });
});

const FORK_OF_THEN = graphql(`
  mutation ForkOfThen($createdAt: DateTime) {
    forkSession(input: { sessionId: "root-0", createdAt: $createdAt, operationId: "then" }) {
      ... on ForkSessionPayload { session { createdAt lastActiveAt } }
    }
  }
`);

test('a fork can be dated, and its retry is the same fork', async () => {
  const { api } = await openApi();
  const createdAt = '2026-01-31T09:30:00.000Z';
  const answer = { forkSession: { session: { createdAt, lastActiveAt: createdAt } } };
  expect(await api.query(FORK_OF_THEN, { createdAt })).toEqual(answer);
  expect(await api.query(FORK_OF_THEN, { createdAt: '2026-01-31T10:30:00+01:00' })).toEqual(answer);
});

test('what cannot be forked is a typed error', async () => {
  const { api } = await openApi();
  const fork = async (input: { sessionId: string; throughMessageId?: string; id?: string }) =>
    (await api.query(FORK, { input })).forkSession;
  expect(await fork({ sessionId: 'none' })).toEqual({
    __typename: 'SessionNotFoundError',
    sessionId: 'none',
  });
  expect(await fork({ sessionId: 'root', id: 'root-1' })).toMatchObject({ __typename: 'SessionExistsError' });
  for (const throughMessageId of ['root-0:9', 'root-1:0', 'nonsense']) {
    expect(await fork({ sessionId: 'root-0', throughMessageId })).toMatchObject({
      __typename: 'InvalidInputError',
      issues: [{ path: ['input', 'throughMessageId'] }],
    });
  }
});

test('forkedFrom names the origin of a fork after the origin is deleted', async () => {
  const { api, store } = await openApi();
  const input = { sessionId: 'root-0', id: 'fork', asRoot: true };
  await api.query(FORK, { input });
  await store.delete({ sessionId: 'root-0', mode: 'CASCADE' });
  const { data } = await api.send(
    '{ session(id: "fork") { forkedFrom { session { id } sessionId historyLength } } }',
  );
  expect(data).toEqual({ session: { forkedFrom: { session: null, sessionId: 'root-0', historyLength: 3 } } });
});

test('moveSession takes a subtree under another parent, or on its own', async () => {
  const { api } = await openApi();
  const move = async (input: MoveSessionInput) => (await api.query(MOVE, { input })).moveSession;
  expect(await move({ sessionId: 'root-0', parentId: 'root-1-1' })).toEqual({
    __typename: 'MoveSessionPayload',
    session: {
      id: 'root-0',
      parentId: 'root-1-1',
      rootId: 'root',
      depth: 3,
      version: 3,
      parent: { id: 'root-1-1', childCount: 1 },
    },
  });
  expect(await move({ sessionId: 'root-1', asRoot: true })).toMatchObject({
    session: { parentId: null, rootId: 'root-1', depth: 0 },
  });
  expect(await move({ sessionId: 'root-1', parentId: 'root-0-1' })).toEqual({
    __typename: 'InvalidInputError',
    issues: [
      {
        path: ['input', 'parentId'],
        message: 'expected a session that is not beneath "root-1", got "root-0-1", which is beneath it',
      },
    ],
  });
  expect(await move({ sessionId: 'root', parentId: 'none' })).toMatchObject({
    __typename: 'SessionNotFoundError',
  });
  expect(await move({ sessionId: 'root-1', asRoot: true, expectedVersion: 1 })).toEqual({
    __typename: 'ConflictError',
    reason: 'VERSION',
    actualVersion: 2,
  });
});

const NEITHER = {
  path: ['input', 'parentId'],
  message: 'expected the id of the new parent, or "asRoot: true" for a tree of its own, got neither',
};
const BOTH = {
  path: ['input', 'asRoot'],
  message: 'expected either "parentId" or "asRoot: true", got both. Leave one of them out',
};

test.each([
  [{}, NEITHER],
  [{ parentId: null }, NEITHER],
  [{ asRoot: null }, NEITHER],
  [{ asRoot: false }, NEITHER],
  [{ parentId: null, asRoot: false }, NEITHER],
  [{ parentId: 'root-0', asRoot: true }, BOTH],
])('moveSession to %o is refused, and the session stays where it is', async (destination, issue) => {
  const { api, store } = await openApi();
  const before = await store.findMany(['root-1-0']);
  const input = { sessionId: 'root-1-0', ...destination, operationId: 'move' };
  expect((await api.query(MOVE, { input })).moveSession).toEqual({
    __typename: 'InvalidInputError',
    issues: [issue],
  });
  expect(await store.findMany(['root-1-0'])).toEqual(before);
});

test.each([
  { parentId: 'root-0' },
  { parentId: 'root-0', asRoot: false },
  { parentId: 'root-0', asRoot: null },
])('moveSession to %o is taken', async (destination) => {
  const { api } = await openApi();
  const { moveSession } = await api.query(MOVE, { input: { sessionId: 'root-1-0', ...destination } });
  expect(moveSession).toMatchObject({ session: { parentId: 'root-0' } });
});

test('a variable of a move that is undefined in the client detaches nothing', async () => {
  const { api, store } = await openApi();
  const { data } = (await api.send(
    'mutation ($to: ID) { moveSession(input: { sessionId: "root-1", parentId: $to }) { __typename } }',
    { to: undefined },
  )) as { data: unknown };
  expect(data).toEqual({ moveSession: { __typename: 'InvalidInputError' } });
  expect(await store.findMany(['root-1'])).toMatchObject([{ parentId: 'root', version: 1 }]);
});

test('archiveSession takes the time since when, and a retry with the same time is the same', async () => {
  const { api } = await openApi();
  const input = { sessionId: 'root-1-0', operationId: 'op' };
  const archive = async (archivedAt: string) =>
    (await api.query(ARCHIVE, { input: { ...input, archivedAt } })).archiveSession;
  const archived = { archivedIds: ['root-1-0'], session: { archivedAt: '2026-01-31T09:30:00.000Z' } };
  expect(await archive('2026-01-31T09:30:00.000Z')).toMatchObject(archived);
  expect(await archive('2026-01-31T10:30:00+01:00')).toMatchObject(archived);
  expect(await archive('2026-01-31T09:30:00.001Z')).toMatchObject({ __typename: 'ConflictError' });
});

test('archiveSession hides a subtree from lists, and unarchiveSession brings it back', async () => {
  const { api } = await openApi();
  const listed = async (archived?: 'EXCLUDE' | 'INCLUDE' | 'ONLY') =>
    (await api.query(LISTED, archived ? { archived } : {})).sessions;
  const { archiveSession } = await api.query(ARCHIVE, { input: { sessionId: 'root-0' } });
  expect(archiveSession).toEqual({
    __typename: 'ArchiveSessionPayload',
    archivedIds: ['root-0', 'root-0-0', 'root-0-1'],
    session: { id: 'root-0', archivedAt: expect.stringMatching(/Z$/), version: 3 },
  });
  expect(await listed()).toMatchObject({ totalCount: 4 });
  expect(await listed('ONLY')).toMatchObject({ totalCount: 3, nodes: [{ id: 'root-0' }, {}, {}] });
  expect(await listed('INCLUDE')).toMatchObject({ totalCount: 7 });

  const refused = { __typename: 'SessionArchivedError', sessionId: 'root-0' };
  const spawned = await api.query(SPAWN, { input: { parentId: 'root-0' } });
  expect(spawned.spawnSession).toEqual({
    ...refused,
    message: 'The session "root-0" is archived. Unarchive it first.',
  });
  const truncated = await api.query(TRUNCATE_ARCHIVED);
  expect(truncated.truncateHistory).toEqual(refused);

  const alone = await api.query(UNARCHIVE, { input: { sessionId: 'root-0', subtree: false } });
  expect(alone.unarchiveSession).toEqual({
    __typename: 'UnarchiveSessionPayload',
    unarchivedIds: ['root-0'],
    session: { archivedAt: null },
  });
  expect((await api.query(UNARCHIVE, { input: { sessionId: 'root-0' } })).unarchiveSession).toMatchObject({
    unarchivedIds: ['root-0-0', 'root-0-1'],
  });
});
