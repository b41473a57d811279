import { expect, test } from 'vitest';
import { graphql } from '../../generated/index.ts';
import { createApi } from '../../support/api.ts';
import { openTestRepository } from '../../support/repository.ts';
import { growTree } from '../../support/tree.ts';
import { watched } from '../../support/watched-repository.ts';

/** root ── root-0, root-1, each with two children. */
async function openApi() {
  const store = await openTestRepository();
  await growTree(store, { breadth: 2, depth: 2 });
  const { repository, calls } = watched(store);
  return { store, api: createApi(repository), calls };
}

const NEW = graphql(`
  mutation New($create: CreateSessionInput!, $spawn: SpawnSessionInput!, $fork: ForkSessionInput!) {
    created: createSession(input: $create) { ... on CreateSessionPayload { isNew session { id } } }
    spawned: spawnSession(input: $spawn) {
      ... on SpawnSessionPayload { isNew edge { cursor node { id } } parent { id childCount } }
    }
    forked: forkSession(input: $fork) {
      ... on ForkSessionPayload { edge { cursor node { id parent { id childCount } } } }
    }
  }
`);

const AFTER = graphql(`
  query After($id: ID!, $cursor: String!) {
    session(id: $id) { children(after: $cursor) { nodes { id } } }
  }
`);

test('new sessions come with edges whose cursors their parents take, from one read each', async () => {
  const { api, calls } = await openApi();
  const input = {
    create: { id: 'new', operationId: 'create' },
    spawn: { id: 'child', parentId: 'root', operationId: 'spawn' },
    fork: { id: 'fork', sessionId: 'root', operationId: 'fork' },
  };
  const { created, spawned, forked } = await api.query(NEW, input);
  expect(created).toEqual({ isNew: true, session: { id: 'new' } });
  expect(spawned).toEqual({
    isNew: true,
    edge: { cursor: expect.any(String), node: { id: 'child' } },
    parent: { id: 'root', childCount: 3 },
  });
  expect(forked).toEqual({
    edge: { cursor: expect.any(String), node: { id: 'fork', parent: { id: 'root', childCount: 4 } } },
  });
  expect(calls.map(([method, first]) => (method === 'findMany' ? [method, first] : method))).toEqual([
    'create',
    'create',
    ['findMany', ['root']],
    'fork',
    ['findMany', ['root']],
  ]);
  const { session } = await api.query(AFTER, {
    id: 'root',
    cursor: (spawned as { edge: { cursor: string } }).edge.cursor,
  });
  expect(session!.children.nodes).toEqual([{ id: 'fork' }]);
  const { created: again, spawned: spawnedAgain } = await api.query(NEW, input);
  expect(again).toEqual(created);
  expect(spawnedAgain).toMatchObject({ isNew: true, edge: (spawned as { edge: object }).edge });
});

const FORK_AS_ROOT = graphql(`
  mutation ForkAsRoot {
    forkSession(input: { sessionId: "root", asRoot: true }) { ... on ForkSessionPayload { edge { cursor } } }
  }
`);

test('a fork as a root has no edge', async () => {
  const { api } = await openApi();
  expect(await api.query(FORK_AS_ROOT)).toEqual({ forkSession: { edge: null } });
});

const MOVE = graphql(`
  mutation MoveAndCorrect($input: MoveSessionInput!) {
    moveSession(input: $input) {
      ... on MoveSessionPayload {
        session { id parent { id childCount } }
        formerParent { id childCount }
        edge { cursor node { id } }
      }
    }
  }
`);

test('a move tells of both parents in one read, and a retry as the first time', async () => {
  const { store, api, calls } = await openApi();
  const input = { sessionId: 'root-0-0', parentId: 'root-1', operationId: 'move' };
  const { moveSession } = await api.query(MOVE, { input });
  expect(moveSession).toEqual({
    session: { id: 'root-0-0', parent: { id: 'root-1', childCount: 3 } },
    formerParent: { id: 'root-0', childCount: 1 },
    edge: { cursor: expect.any(String), node: { id: 'root-0-0' } },
  });
  expect(calls.slice(1)).toEqual([['findMany', ['root-1', 'root-0']]]);
  expect((await api.query(MOVE, { input })).moveSession).toEqual(moveSession);
  const { cursor } = (moveSession as { edge: { cursor: string } }).edge;
  await store.create({ id: 'later', parentId: 'root-1' });
  expect(await api.query(AFTER, { id: 'root-1', cursor })).toEqual({
    session: { children: { nodes: [{ id: 'later' }] } },
  });
});

test('a move from and to the top has no former parent, and no edge', async () => {
  const { api } = await openApi();
  const asRoot = await api.query(MOVE, { input: { sessionId: 'root-0', asRoot: true } });
  expect(asRoot.moveSession).toMatchObject({ formerParent: { id: 'root' }, edge: null });
  const back = await api.query(MOVE, { input: { sessionId: 'root-0', parentId: 'root' } });
  expect(back.moveSession).toMatchObject({ formerParent: null, edge: { node: { id: 'root-0' } } });
});

const DELETE = graphql(`
  mutation DeleteAndCorrect($input: DeleteSessionInput!) {
    deleteSession(input: $input) {
      ... on DeleteSessionPayload {
        isDryRun
        deletedIds
        reparented { id parentId version }
        one: reparented(first: 1) { id }
        parent { id childCount }
      }
    }
  }
`);

test('a deletion tells of the parent and of the children that moved, in one read', async () => {
  const { api, calls } = await openApi();
  const input = { sessionId: 'root-0', mode: 'REPARENT', operationId: 'delete' } as const;
  const dry = await api.query(DELETE, { input: { ...input, dryRun: true } });
  expect(dry.deleteSession).toMatchObject({
    isDryRun: true,
    reparented: [{ id: 'root-0-0', parentId: 'root-0' }, {}],
    parent: { id: 'root', childCount: 2 },
  });
  calls.length = 0;
  const { deleteSession } = await api.query(DELETE, { input });
  expect(deleteSession).toEqual({
    isDryRun: false,
    deletedIds: ['root-0'],
    reparented: ['root-0-0', 'root-0-1'].map((id) => ({ id, parentId: 'root', version: 2 })),
    one: [{ id: 'root-0-0' }],
    parent: { id: 'root', childCount: 3 },
  });
  expect(calls.slice(1)).toEqual([['findMany', ['root-0-0', 'root-0-1', 'root']]]);
  expect((await api.query(DELETE, { input })).deleteSession).toEqual(deleteSession);
});

test('a deletion of a root, or beneath a parent that is gone, has no parent', async () => {
  const { store, api } = await openApi();
  const input = { sessionId: 'root-0-0', operationId: 'delete' };
  await api.query(DELETE, { input });
  await store.delete({ sessionId: 'root-0', mode: 'CASCADE' });
  expect(await api.query(DELETE, { input })).toMatchObject({ deleteSession: { parent: null } });
  const root = await api.query(DELETE, { input: { sessionId: 'root', mode: 'CASCADE' } });
  expect(root).toMatchObject({ deleteSession: { parent: null, reparented: [] } });
});

const ARCHIVE = graphql(`
  mutation ArchiveAndBack {
    archiveSession(input: { sessionId: "root-0" }) {
      ... on ArchiveSessionPayload { session { id } archivedIds archived { id archivedAt } }
    }
    unarchiveSession(input: { sessionId: "root-0", operationId: "back" }) {
      ... on UnarchiveSessionPayload { session { id } unarchivedIds unarchived(first: 2) { id archivedAt } }
    }
  }
`);

test('archival and unarchival tell of all sessions that they changed, in one read', async () => {
  const { api, calls } = await openApi();
  const ids = ['root-0', 'root-0-0', 'root-0-1'];
  expect(await api.query(ARCHIVE)).toEqual({
    archiveSession: {
      session: { id: 'root-0' },
      archivedIds: ids,
      archived: ids.map((id) => ({ id, archivedAt: expect.any(String) })),
    },
    unarchiveSession: {
      session: { id: 'root-0' },
      unarchivedIds: ids,
      unarchived: ids.slice(0, 2).map((id) => ({ id, archivedAt: null })),
    },
  });
  expect(calls.filter(([method]) => method === 'findMany')).toEqual([
    ['findMany', ids.slice(1)],
    ['findMany', ['root-0-0']],
  ]);
});

test('sessions that a mutation changed count against the budget before any of them is read', async () => {
  const { store, calls } = await openApi();
  const { repository } = watched(store, (call) => void calls.push(call));
  const { errors } = await createApi(repository, { objects: 3 }).send(
    'mutation { archiveSession(input: { sessionId: "root" }) { ... on ArchiveSessionPayload { archived { id } } } }',
  );
  expect(errors).toMatchObject([
    {
      message: expect.stringContaining('was executed'),
      extensions: { code: 'BUDGET_EXCEEDED' },
    },
  ]);
  expect(calls.map(([method]) => method)).toEqual(['archive']);
});

test.each([
  'archiveSession(input: { sessionId: "root" }) { ... on ArchiveSessionPayload { archived(first: -1) { id } } }',
  'unarchiveSession(input: { sessionId: "root" }) { ... on UnarchiveSessionPayload { unarchived(first: -1) { id } } }',
  'deleteSession(input: { sessionId: "root" }) { ... on DeleteSessionPayload { reparented(first: -1) { id } } }',
  'truncateHistory(input: { sessionId: "root", keep: 0 }) { ... on TruncateHistoryPayload { removed(first: -1) { id } } }',
])('a negative first is refused before anything is changed: %s', async (mutation) => {
  const { api, calls } = await openApi();
  const { data, errors } = await api.send(`mutation { ${mutation} }`);
  expect(data).toBeUndefined();
  expect(errors).toMatchObject([
    { message: 'first: expected 0 or more, got -1.', extensions: { code: 'BAD_USER_INPUT' } },
  ]);
  expect(calls).toEqual([]);
});
