import { expect, test } from 'vitest';
import { graphql } from '../../generated/index.ts';
import { createApi } from '../../support/api.ts';
import { openTestRepository } from '../../support/repository.ts';
import { watched } from '../../support/watched-repository.ts';

const SPAWN_TWICE = graphql(`
  mutation SpawnTwice {
    a: spawnSession(input: { parentId: "root", id: "a" }) {
      ... on SpawnSessionPayload { ...FreshTree }
    }
    said: sendMessage(input: { sessionId: "a", message: "m", response: "r" }) {
      ... on SendMessagePayload {
        session { version history { nodes { content session { version parent { childCount } } } } }
      }
    }
    b: spawnSession(input: { parentId: "root", id: "b" }) {
      ... on SpawnSessionPayload { ...FreshTree }
    }
  }

  fragment FreshTree on SpawnSessionPayload {
    session { id parent { childCount } }
    parent { childCount children { totalCount nodes { id version historyLength root { childCount } } } }
  }
`);

test('each mutation of a request shows what the ones before it did', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'root' });
  const { repository, calls } = watched(store);
  const { a, said, b } = await createApi(repository).query(SPAWN_TWICE);

  expect(a).toEqual({
    session: { id: 'a', parent: { childCount: 1 } },
    parent: {
      childCount: 1,
      children: {
        totalCount: 1,
        nodes: [{ id: 'a', version: 1, historyLength: 0, root: { childCount: 1 } }],
      },
    },
  });
  const session = { version: 2, parent: { childCount: 1 } };
  expect(said).toEqual({
    session: {
      version: 2,
      history: {
        nodes: [
          { content: 'm', session },
          { content: 'r', session },
        ],
      },
    },
  });
  expect(b).toEqual({
    session: { id: 'b', parent: { childCount: 2 } },
    parent: {
      childCount: 2,
      children: {
        totalCount: 2,
        nodes: [
          { id: 'a', version: 2, historyLength: 2, root: { childCount: 2 } },
          { id: 'b', version: 1, historyLength: 0, root: { childCount: 2 } },
        ],
      },
    },
  });
  expect(calls.map(([method]) => method)).toEqual([
    'create',
    'findMany',
    'childrenOf',
    'append',
    'historyOf',
    'findMany',
    'create',
    'findMany',
    'childrenOf',
  ]);
});
