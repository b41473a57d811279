import { expect, test } from 'vitest';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { graphql } from '../generated/index.ts';
import { createApi } from '../support/api.ts';
import { openTestRepository } from '../support/repository.ts';
import { watched } from '../support/watched-repository.ts';

async function openStore(): Promise<SessionRepository> {
  const store = await openTestRepository();
  for (const id of ['a', 'b']) await store.create({ id });
  for (const [id, sessionId] of [
    ['a1', 'a'],
    ['b1', 'b'],
    ['a2', 'a'],
    ['a3', 'a'],
  ] as const)
    await store.fork({ id, sessionId, asRoot: true });
  return store;
}

const FIRST_50 = { limit: 50, from: 'start', after: undefined, before: undefined } as const;

const FORKS = graphql(`
  query Forks($ids: [ID!]!, $first: Int, $after: String) {
    nodes(ids: $ids) {
      ... on Session {
        forks(first: $first, after: $after) {
          totalCount
          nodes { id forkedFrom { sessionId } }
          pageInfo { hasNextPage endCursor }
        }
      }
    }
  }
`);

test('the forks of a whole page of sessions are one batch', async () => {
  const { repository, calls } = watched(await openStore());
  const ids = ['a', 'b', 'a1'];
  const { nodes } = await createApi(repository).query(FORKS, { ids });
  expect(nodes.map((node) => node && 'forks' in node && node.forks.nodes.map(({ id }) => id))).toEqual([
    ['a1', 'a2', 'a3'],
    ['b1'],
    [],
  ]);
  expect(calls).toEqual([
    ['findMany', ids],
    ['countForks', ids.map((sessionId) => ({ sessionId }))],
    ['forksOf', ids.map((sessionId) => ({ sessionId, page: FIRST_50 }))],
  ]);
});

test('forks are paged by cursors of their own list', async () => {
  const api = createApi(await openStore());
  const pageOf = async (ids: string[], after: string | null = null) => {
    const { nodes } = await api.query(FORKS, { ids, first: 2, after });
    const [node] = nodes;
    if (!node || !('forks' in node)) throw new Error('expected a session');
    return node.forks;
  };
  const first = await pageOf(['a']);
  expect(first).toMatchObject({
    totalCount: 3,
    nodes: [{ id: 'a1' }, { id: 'a2' }],
    pageInfo: { hasNextPage: true },
  });
  const after = first.pageInfo.endCursor!;
  expect((await pageOf(['a'], after)).nodes).toEqual([{ id: 'a3', forkedFrom: { sessionId: 'a' } }]);
  const { errors } = await api.run(FORKS, { ids: ['b'], first: 2, after });
  expect(errors).toMatchObject([
    {
      message: expect.stringMatching(
        /expected a cursor of forks of session "b", got one of forks of session "a"/,
      ),
      extensions: { code: 'BAD_USER_INPUT' },
    },
  ]);
});

test('forks that would exceed the budget are counted and not read', async () => {
  const { repository, calls } = watched(await openStore());
  const { errors } = await createApi(repository, { objects: 3 }).run(FORKS, { ids: ['a'], first: 100 });
  expect(errors).toMatchObject([{ extensions: { code: 'BUDGET_EXCEEDED' } }]);
  expect(calls.map(([method]) => method)).not.toContain('forksOf');
});
