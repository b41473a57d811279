import { expect, test } from 'vitest';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { graphql } from '../generated/index.ts';
import { createApi } from '../support/api.ts';
import { openTestRepository } from '../support/repository.ts';
import { watched } from '../support/watched-repository.ts';

/** root(a(a1 a2) b(b1)): what runs is a1 and b, what is archived is a with all beneath it. */
async function openTree(): Promise<SessionRepository> {
  const store = await openTestRepository();
  await store.create({ id: 'root' });
  await store.create({ id: 'a', parentId: 'root', agentName: 'coder' });
  await store.create({ id: 'b', parentId: 'root', status: 'RUNNING' });
  await store.create({ id: 'a1', parentId: 'a', status: 'RUNNING' });
  await store.create({ id: 'a2', parentId: 'a' });
  await store.create({ id: 'b1', parentId: 'b', agentName: 'coder' });
  await store.archive({ sessionId: 'a', archived: true, subtree: true });
  return store;
}

const FIRST_50 = { limit: 50, from: 'start', after: undefined, before: undefined } as const;

const BENEATH = graphql(`
  query FilteredBeneath($filter: ChildFilter) {
    session(id: "root") {
      descendants(filter: $filter) { totalCount nodes { id } }
      children(filter: $filter) { totalCount nodes { id } }
    }
  }
`);

test.each([
  [null, ['a', 'a1', 'a2', 'b', 'b1'], ['a', 'b']],
  [{}, ['a', 'a1', 'a2', 'b', 'b1'], ['a', 'b']],
  [{ statuses: ['RUNNING' as const] }, ['a1', 'b'], ['b']],
  [{ statuses: [] }, [], []],
  [{ agentName: 'coder' }, ['a', 'b1'], ['a']],
  [{ archived: 'EXCLUDE' as const }, ['b', 'b1'], ['b']],
  [{ archived: 'ONLY' as const }, ['a', 'a1', 'a2'], ['a']],
  [{ archived: 'ONLY' as const, statuses: ['RUNNING' as const] }, ['a1'], []],
])('children and descendants with the filter %o', async (filter, beneath, children) => {
  const { session } = await createApi(await openTree()).query(BENEATH, { filter });
  expect(session!.descendants).toEqual({
    totalCount: beneath.length,
    nodes: beneath.map((id) => ({ id })),
  });
  expect(session!.children).toEqual({ totalCount: children.length, nodes: children.map((id) => ({ id })) });
});

const LEVELS = graphql(`
  query FilteredLevels {
    session(id: "root") {
      children {
        nodes {
          children(filter: { statuses: [RUNNING, WAITING, RUNNING] }) { totalCount nodes { id } }
          again: children(filter: { statuses: [WAITING, RUNNING], archived: INCLUDE }) { nodes { id } }
          descendants(filter: { agentName: "coder" }) { totalCount nodes { id } }
        }
      }
    }
  }
`);

test('filtered children and descendants of a whole level are one batch each', async () => {
  const { repository, calls } = watched(await openTree());
  await createApi(repository).query(LEVELS);
  const filter = { archived: null, statuses: ['RUNNING', 'WAITING'], agentName: null };
  const coder = { archived: null, statuses: null, agentName: 'coder' };
  const level = ['a', 'b'].map((parentId) => ({ parentId, filter }));
  expect(calls.slice(2)).toEqual([
    ['countChildren', level],
    ['childrenOf', level.map((scope) => ({ ...scope, page: FIRST_50 }))],
    ['countDescendants', ['a', 'b'], null, coder],
    ['descendantsOf', ['a', 'b'], FIRST_50, null, coder],
  ]);
});

test('filtered children that would exceed the budget are counted and not read', async () => {
  const { repository, calls } = watched(await openTree());
  const query = graphql(`
    query CountedChildren {
      session(id: "root") { children(first: 1000, filter: { archived: EXCLUDE }) { nodes { id } } }
    }
  `);
  await createApi(repository, { objects: 2 }).query(query);
  expect(calls.map(([method]) => method)).toEqual(['findMany', 'countChildren', 'childrenOf']);
  calls.length = 0;
  const { errors } = await createApi(repository, { objects: 1 }).run(query);
  expect(errors).toMatchObject([{ extensions: { code: 'BUDGET_EXCEEDED' } }]);
  expect(calls.map(([method]) => method)).toEqual(['findMany', 'countChildren']);
});

test('a filter that cannot be met is refused before anything is read', async () => {
  const { repository, calls } = watched(await openTree());
  const { errors } = await createApi(repository).run(BENEATH, { filter: { agentName: 'a\0' } });
  expect(errors).toMatchObject([
    {
      message: expect.stringMatching(/^filter.agentName: expected well-formed Unicode without NUL/),
      extensions: { code: 'BAD_USER_INPUT' },
    },
    { path: ['session', 'children'] },
  ]);
  expect(calls).toEqual([]);
});
