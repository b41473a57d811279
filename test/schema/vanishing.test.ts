import { expect, test } from 'vitest';
import { SHORT_METADATA_BYTES } from '../../src/model/session.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { graphql } from '../generated/index.ts';
import { type Api, createApi } from '../support/api.ts';
import { openTestRepository } from '../support/repository.ts';
import { growTree } from '../support/tree.ts';
import { watched } from '../support/watched-repository.ts';

const NODES_BESIDE = graphql(`
  query NodesBeside {
    nodes(ids: ["root-1", "root-1-1:1", "root-0-0-0", "stays-0", "root-0-0-0:0", "stays-0:1"]) {
      id
      ... on Session { ...All }
      ... on Message { session { ...All } }
    }
  }

  fragment All on Session {
    id
    metadata
    parent { id root { id } parent { id } }
    root { id parent { id } }
    ancestors { id parent { id } }
    history { totalCount nodes { content session { id root { id } parent { id } } } }
    answers: history(roles: [ASSISTANT]) { totalCount nodes { id } }
    descendants { totalCount nodes { id parent { id } root { id } ancestors { id } } }
  }
`);

const TREE_BESIDE = graphql(`
  query TreeBeside {
    session(id: "root") {
      ...All
      children { nodes {
        ...All
        children { nodes { ...All children { totalCount nodes { id } } } }
      } }
    }
  }
`);

const LIST_BESIDE = graphql(`
  query ListBeside { sessions(filter: { rootId: "root" }) { totalCount nodes { ...All } } }
`);

async function openTrees(): Promise<SessionRepository> {
  const store = await openTestRepository();
  await growTree(store, { breadth: 2, depth: 3 });
  await growTree(store, { root: 'stays', breadth: 1, depth: 1 });
  for (const sessionId of ['root', 'root-1', 'root-1-1', 'root-0-0-0', 'stays-0']) {
    await store.append({
      sessionId,
      messages: [
        { role: 'USER', content: 'q' },
        { role: 'ASSISTANT', content: 'a' },
      ],
    });
    // Long metadata is read by itself.
    await store.update({ sessionId, metadata: { text: 'x'.repeat(SHORT_METADATA_BYTES) } });
  }
  return store;
}

/** Deletes the tree just before the repository's n-th call. Returns the total number of calls. */
async function queryBesideDeletion(run: (api: Api) => Promise<unknown>, n: number): Promise<number> {
  const store = await openTrees();
  const { repository, calls } = watched(store, () =>
    calls.length === n ? store.delete({ sessionId: 'root', mode: 'CASCADE' }) : undefined,
  );
  await run(createApi(repository));
  const [root] = await store.findMany(['root']);
  expect(root === null).toBe(calls.length >= n);
  return calls.length;
}

test.each<[string, (api: Api) => Promise<unknown>]>([
  ['nodes', (api) => api.query(NODES_BESIDE)],
  ['a tree', (api) => api.query(TREE_BESIDE)],
  ['a list', (api) => api.query(LIST_BESIDE)],
])('%s can be deleted between any two reads, and nothing fails', async (_name, run) => {
  const reads = await queryBesideDeletion(run, Number.POSITIVE_INFINITY);
  expect(reads).toBeGreaterThanOrEqual(7);
  for (let n = 1; n <= reads; n += 1) await queryBesideDeletion(run, n);
});

const BEFORE_AND_AFTER = graphql(`
  query BeforeAndAfter {
    missing: node(id: "late") { id }
    session(id: "root") { children { nodes { id history { nodes { session { id } } } } } }
  }
`);

test('a session that comes while a query runs is whole where it appears', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'root' });
  // A session that had no children when it was read has none in this answer.
  await store.create({ id: 'early', parentId: 'root' });
  const { repository } = watched(store, ([method]) =>
    method === 'childrenOf'
      ? store.create({ id: 'late', parentId: 'root', messages: [{ role: 'USER', content: 'hi' }] })
      : undefined,
  );
  expect(await createApi(repository).query(BEFORE_AND_AFTER)).toEqual({
    missing: null,
    session: {
      children: {
        nodes: [
          { id: 'early', history: { nodes: [] } },
          { id: 'late', history: { nodes: [{ session: { id: 'late' } }] } },
        ],
      },
    },
  });
});

const SPAWN_AND_LOOK_UP = graphql(`
  mutation SpawnAndLookUp {
    spawnSession(input: { parentId: "root", id: "child" }) {
      __typename
      ... on SpawnSessionPayload { session { root { id } parent { id } ancestors { id } } parent { id } }
      ... on SessionNotFoundError { sessionId }
    }
  }
`);

test('a parent that is deleted right after a spawn is a typed error', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'root' });
  const { repository } = watched(store, ([method]) =>
    method === 'findMany' ? store.delete({ sessionId: 'root', mode: 'CASCADE' }) : undefined,
  );
  expect(await createApi(repository).query(SPAWN_AND_LOOK_UP)).toEqual({
    spawnSession: { __typename: 'SessionNotFoundError', sessionId: 'root' },
  });
});
