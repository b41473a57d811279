import { expect, test } from 'vitest';
import type { SessionRepository } from '../../src/repository/repository.ts';
import type { SessionFilter, SessionOrder } from '../generated/graphql.ts';
import { graphql } from '../generated/index.ts';
import { createApi } from '../support/api.ts';
import { openTestRepository } from '../support/repository.ts';
import { watched } from '../support/watched-repository.ts';

const LIST = graphql(`
  query List($filter: SessionFilter, $orderBy: SessionOrder) {
    sessions(filter: $filter, orderBy: $orderBy) { totalCount nodes { id } }
  }
`);

async function openStore(): Promise<SessionRepository> {
  const store = await openTestRepository();
  const day = (n: number) => new Date(Date.UTC(2026, 0, n));
  await store.create({ id: 'old', userId: 'ada', createdAt: day(1), lastActiveAt: day(9) });
  await store.create({
    id: 'new',
    userId: 'ada',
    createdAt: day(3),
    title: 'Fix the parser',
    project: '/work/app',
    metadata: { env: 'prod', tags: ['a', 'b'] },
  });
  await store.create({ id: 'other', userId: 'bob', createdAt: day(2), metadata: { env: 'test' } });
  await store.create({
    id: 'child',
    parentId: 'new',
    createdAt: day(4),
    agentName: 'coder',
    status: 'WAITING',
  });
  await store.create({ id: 'grandchild', parentId: 'child', createdAt: day(5) });
  return store;
}

const CREATED: SessionOrder = { field: 'CREATED_AT', direction: 'ASC' };

test.each<[SessionFilter, string[]]>([
  [{}, ['old', 'other', 'new', 'child', 'grandchild']],
  [{ userId: 'ada' }, ['old', 'new', 'child', 'grandchild']],
  [{ userId: 'nobody' }, []],
  [{ rootsOnly: true }, ['old', 'other', 'new']],
  [{ rootsOnly: false }, ['old', 'other', 'new', 'child', 'grandchild']],
  [{ parentId: 'new' }, ['child']],
  [{ parentId: 'no/such' }, []],
  [{ rootId: 'new' }, ['new', 'child', 'grandchild']],
  [{ createdAfter: '2026-01-03T00:00:00Z' }, ['new', 'child', 'grandchild']],
  [{ createdBefore: '2026-01-03T00:00:00Z' }, ['old', 'other']],
  [{ activeAfter: '2026-01-09T00:00:00.000Z' }, ['old']],
  [{ activeBefore: '2026-01-04T00:00:00+00:00' }, ['other', 'new']],
  [{ metadata: {} }, ['old', 'other', 'new', 'child', 'grandchild']],
  [{ metadata: { env: 'prod' } }, ['new']],
  [{ metadata: { tags: ['b'] } }, ['new']],
  [{ title: 'THE pars*' }, ['new']],
  [{ project: '/work/app' }, ['new', 'child', 'grandchild']],
  [{ agentName: 'coder' }, ['child']],
  [{ statuses: ['RUNNING', 'WAITING'] }, ['child']],
  [{ statuses: [] }, []],
  [{ damaged: true }, []],
  [{ damaged: false }, ['old', 'other', 'new', 'child', 'grandchild']],
  [{ userId: 'ada', rootsOnly: true, createdAfter: '2026-01-02T00:00:00Z' }, ['new']],
])('sessions with the filter %o', async (filter, ids) => {
  const { sessions } = await createApi(await openStore()).query(LIST, { filter, orderBy: CREATED });
  expect(sessions.nodes.map(({ id }) => id)).toEqual(ids);
  expect(sessions.totalCount).toBe(ids.length);
});

test.each<[SessionOrder | null, string[]]>([
  [null, ['old', 'grandchild', 'child', 'new', 'other']],
  [{ field: 'LAST_ACTIVE_AT', direction: 'DESC' }, ['old', 'grandchild', 'child', 'new', 'other']],
  [{ field: 'LAST_ACTIVE_AT', direction: 'ASC' }, ['other', 'new', 'child', 'grandchild', 'old']],
  [{ field: 'CREATED_AT', direction: 'DESC' }, ['grandchild', 'child', 'new', 'other', 'old']],
])('sessions in the order %o', async (orderBy, ids) => {
  const { sessions } = await createApi(await openStore()).query(LIST, { orderBy });
  expect(sessions.nodes.map(({ id }) => id)).toEqual(ids);
});

test('roots are ordered by the latest activity anywhere in their trees, and paged on', async () => {
  const orderBy: SessionOrder = { field: 'TREE_LAST_ACTIVE_AT', direction: 'DESC' };
  const page = graphql(`
    query TreesPage($orderBy: SessionOrder, $after: String) {
      sessions(filter: { rootsOnly: true }, orderBy: $orderBy, first: 2, after: $after) {
        totalCount nodes { id } pageInfo { hasNextPage endCursor }
      }
    }
  `);
  const store = await openStore();
  await store.append({ sessionId: 'grandchild', messages: [{ role: 'USER', content: 'now' }] });
  const api = createApi(store);
  const { sessions: first } = await api.query(page, { orderBy });
  expect(first).toMatchObject({ totalCount: 3, nodes: [{ id: 'new' }, { id: 'old' }] });
  const after = first.pageInfo.endCursor;
  const { sessions: second } = await api.query(page, { orderBy, after });
  expect(second.nodes).toEqual([{ id: 'other' }]);
  const { errors } = await api.run(page, { orderBy: { ...orderBy, field: 'LAST_ACTIVE_AT' }, after });
  expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
});

test.each([null, {}, { rootsOnly: false }])(
  'an order by the activity in trees with the filter %o is refused before execution',
  async (filter) => {
    const { repository, calls } = watched(await openStore());
    const orderBy: SessionOrder = { field: 'TREE_LAST_ACTIVE_AT', direction: 'DESC' };
    const { data, errors } = await createApi(repository).run(LIST, { filter, orderBy });
    expect(data).toBeUndefined();
    expect(errors).toMatchObject([
      {
        message:
          'orderBy.field: expected TREE_LAST_ACTIVE_AT only for roots, got it for all sessions. Add "rootsOnly: true" to the filter.',
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
    expect(calls).toEqual([]);
  },
);

test.each<[SessionFilter, string]>([
  [
    { userId: 'a\0b' },
    'filter.userId: expected well-formed Unicode without NUL, got a string of 3 characters with NUL as character 2.',
  ],
  [
    { rootId: '\udfff' },
    'filter.rootId: expected well-formed Unicode without NUL, got a string of 1 character with half of a surrogate pair as character 1.',
  ],
  [
    { title: 'x'.repeat(501) },
    'filter.title: expected at most 500 characters (the limit queryLength), got 501. Search for fewer words.',
  ],
  [
    { agentName: 'x'.repeat(257) },
    'filter.agentName: expected at most 256 characters (the limit nameLength), got 257.',
  ],
  [
    { metadata: nested(33) },
    'filter.metadata: expected at most 32 levels of nesting (the limit metadataDepth), got more.',
  ],
  [
    { metadata: { big: 'x'.repeat(65_536) } },
    'filter.metadata: expected at most 4096 bytes as JSON (the limit filterBytes), got 65546.',
  ],
])('a filter that cannot be met is refused: %#', async (filter, message) => {
  const { data, errors } = await createApi(await openStore()).run(LIST, { filter });
  expect(data).toBeUndefined();
  expect(errors).toMatchObject([{ message, path: ['sessions'], extensions: { code: 'BAD_USER_INPUT' } }]);
});

function nested(levels: number): Record<string, unknown> {
  return levels === 1 ? {} : { in: nested(levels - 1) };
}
