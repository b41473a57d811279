import { expect, test } from 'vitest';
import { NO_TEXTS } from '../../src/model/message.ts';
import { SHORT_METADATA_BYTES } from '../../src/model/session.ts';
import type { PageRequest } from '../../src/repository/reads.ts';
import { graphql } from '../generated/index.ts';
import { createApi } from '../support/api.ts';
import { childrenRequests } from '../support/children.ts';
import { openTestRepository } from '../support/repository.ts';
import { growTree } from '../support/tree.ts';
import { watched } from '../support/watched-repository.ts';

const CONTENT = { ...NO_TEXTS, content: 1 };
const FIRST_50: PageRequest<number> = { limit: 50, from: 'start', after: undefined, before: undefined };

const THREE_LEVELS = graphql(`
  query ThreeLevels($id: ID!) {
    session(id: $id) {
      ...Lines
      children { nodes {
        ...Lines
        children { nodes {
          ...Lines
          children { nodes { ...Lines } }
        } }
      } }
    }
  }

  fragment Lines on Session {
    id
    history(last: 2) { nodes { content } }
  }
`);

test('a nested tree costs one batch a level for children and one for history, however wide it is', async () => {
  const store = await openTestRepository();
  const [roots, level1, level2, level3] = await growTree(store, { breadth: 3, depth: 3 });
  const { repository, calls } = watched(store);
  const { session } = await createApi(repository).query(THREE_LEVELS, { id: 'root' });

  const lastTwo = { limit: 2, from: 'end', after: undefined, before: undefined };
  const histories = (ids: string[]) =>
    ids.map((sessionId) => ({ sessionId, roles: undefined, page: lastTwo, shown: CONTENT }));
  const byMethod = Object.groupBy(calls, ([method]) => method);
  expect(byMethod).toEqual({
    findMany: [['findMany', ['root']]],
    childrenOf: [
      ['childrenOf', childrenRequests(roots!, FIRST_50)],
      ['childrenOf', childrenRequests(level1!, FIRST_50)],
      ['childrenOf', childrenRequests(level2!, FIRST_50)],
    ],
    historyOf: [roots, level1, level2, level3].map((ids) => ['historyOf', histories(ids!), 67_108_864]),
  });
  const names = session!.children.nodes.flatMap((child) =>
    child.children.nodes.flatMap((grandchild) => grandchild.children.nodes.map(({ id }) => id)),
  );
  expect(names).toEqual(level3);
});

const METADATA = graphql(`
  query MetadataOfChildren($id: ID!) {
    session(id: $id) { children { nodes { metadata metadataValue(key: "n") } } }
  }
`);

test('the metadata of a whole page, as far as it is long, is one batch', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'root' });
  const text = 'x'.repeat(SHORT_METADATA_BYTES);
  for (const [id, metadata] of [
    ['short', { n: 0 }],
    ['long', { n: 1, text }],
    ['longer', { n: 2, text }],
  ] as const)
    await store.create({ id, parentId: 'root', metadata });
  const { repository, calls } = watched(store);
  const { session } = await createApi(repository).query(METADATA, { id: 'root' });

  expect(calls.filter(([method]) => method === 'metadataOf')).toEqual([['metadataOf', ['long', 'longer']]]);
  expect(session!.children.nodes).toEqual([
    { metadata: { n: 0 }, metadataValue: 0 },
    { metadata: { n: 1, text }, metadataValue: 1 },
    { metadata: { n: 2, text }, metadataValue: 2 },
  ]);
});

const PARENTS_AND_ROOTS = graphql(`
  query ParentsAndRoots($ids: [ID!]!) {
    nodes(ids: $ids) { ... on Session { id parent { id } root { id } } }
  }
`);

test('the parents and roots of a whole page are one batch', async () => {
  const store = await openTestRepository();
  const [, , level2] = await growTree(store, { root: 'a', breadth: 3, depth: 2 });
  await growTree(store, { root: 'b', breadth: 1, depth: 1 });
  const { repository, calls } = watched(store);
  const ids = [...level2!, 'b-0'];
  const { nodes } = await createApi(repository).query(PARENTS_AND_ROOTS, { ids });

  expect(calls).toEqual([
    ['findMany', ids],
    ['findMany', ['a-0', 'a', 'a-1', 'a-2', 'b']],
  ]);
  expect(nodes[0]).toEqual({ id: 'a-0-0', parent: { id: 'a-0' }, root: { id: 'a' } });
  expect(nodes.at(-1)).toEqual({ id: 'b-0', parent: { id: 'b' }, root: { id: 'b' } });
});

const BACK_UP = graphql(`
  query BackUp($id: ID!) {
    session(id: $id) {
      children { nodes {
        parent { id }
        root { id }
        history { nodes { session { id } } }
        children { nodes { parent { id } root { id } } }
      } }
    }
  }
`);

test('what a tree has shown is not read again for parent, root and the session of a message', async () => {
  const store = await openTestRepository();
  await growTree(store, { breadth: 2, depth: 2 });
  await store.append({ sessionId: 'root-1', messages: [{ role: 'USER', content: 'hello' }] });
  const { repository, calls } = watched(store);
  const { session } = await createApi(repository).query(BACK_UP, { id: 'root' });

  expect(calls.map(([method]) => method).sort()).toEqual([
    'childrenOf',
    'childrenOf',
    'findMany',
    'historyOf',
  ]);
  expect(session!.children.nodes[1]!.history.nodes).toEqual([{ session: { id: 'root-1' } }]);
  expect(session!.children.nodes[1]!.children.nodes[0]).toEqual({
    parent: { id: 'root-1' },
    root: { id: 'root' },
  });
});

const UP_AND_DOWN = graphql(`
  query UpAndDown($ids: [ID!]!) {
    nodes(ids: $ids) {
      ... on Session {
        ancestors { id }
        descendants(maxDepth: 1) { totalCount nodes { id } }
        all: descendants { nodes { id } }
      }
    }
  }
`);

test('ancestors and descendants of a whole page are one batch each', async () => {
  const store = await openTestRepository();
  const [, level1] = await growTree(store, { breadth: 2, depth: 3 });
  const { repository, calls } = watched(store);
  const { nodes } = await createApi(repository).query(UP_AND_DOWN, { ids: level1! });

  expect(calls).toEqual([
    ['findMany', level1],
    ['ancestorsOf', level1],
    ['countDescendants', level1, 1, null],
    ['descendantsOf', level1, FIRST_50, 1, null],
    ['descendantsOf', level1, FIRST_50, null, null],
  ]);
  expect(nodes[1]).toEqual({
    ancestors: [{ id: 'root' }],
    descendants: { totalCount: 2, nodes: [{ id: 'root-1-0' }, { id: 'root-1-1' }] },
    all: {
      nodes: ['root-1-0', 'root-1-0-0', 'root-1-0-1', 'root-1-1', 'root-1-1-0', 'root-1-1-1'].map((id) => ({
        id,
      })),
    },
  });
});

const DIFFERENT_PAGES = graphql(`
  query DifferentPages($id: ID!) {
    session(id: $id) {
      children {
        nodes {
          first: children(first: 1) { nodes { id } }
          last: children(last: 1) { nodes { id } }
          asked: history(first: 1, roles: [USER]) { nodes { content } }
          answered: history(last: 1, roles: [ASSISTANT]) { nodes { content } }
        }
      }
    }
  }
`);

test('pages of one level that differ are one batch for children, and one for history', async () => {
  const store = await openTestRepository();
  const [, level1] = await growTree(store, { breadth: 2, depth: 2 });
  const { repository, calls } = watched(store);
  await createApi(repository).query(DIFFERENT_PAGES, { id: 'root' });

  const first = { limit: 1, from: 'start', after: undefined, before: undefined };
  const last = { limit: 1, from: 'end', after: undefined, before: undefined };
  expect(calls.slice(2)).toEqual([
    ['childrenOf', level1!.flatMap((parentId) => [first, last].map((page) => ({ parentId, page })))],
    [
      'historyOf',
      level1!.flatMap((sessionId) => [
        { sessionId, roles: ['USER'], page: first, shown: CONTENT },
        { sessionId, roles: ['ASSISTANT'], page: last, shown: CONTENT },
      ]),
      67_108_864,
    ],
  ]);
});

const ONLY_COUNTS = graphql(`
  query OnlyCounts($id: ID!) {
    session(id: $id) {
      children { totalCount }
      history { totalCount }
      spoken: history(roles: [ASSISTANT]) { totalCount }
    }
  }
`);

test('a total count reads no page, and is read only where the session does not hold it', async () => {
  const store = await openTestRepository();
  await growTree(store, { breadth: 2, depth: 1 });
  await store.append({
    sessionId: 'root',
    messages: [
      { role: 'USER', content: 'hello' },
      { role: 'ASSISTANT', content: 'hi' },
      { role: 'ASSISTANT', content: 'how are you?' },
    ],
  });
  const { repository, calls } = watched(store);
  const { session } = await createApi(repository).query(ONLY_COUNTS, { id: 'root' });

  expect(calls).toEqual([
    ['findMany', ['root']],
    ['countHistory', [{ sessionId: 'root', roles: ['ASSISTANT'] }]],
  ]);
  expect(session).toEqual({
    children: { totalCount: 2 },
    history: { totalCount: 3 },
    spoken: { totalCount: 2 },
  });
});

const WHOLE_TREE = graphql(`
  query WholeTree($id: ID!) {
    session(id: $id) {
      ...Scalars
      children { nodes {
        ...Scalars
        children { nodes {
          ...Scalars
          children { nodes { ...Scalars } }
        } }
      } }
    }
  }

  fragment Scalars on Session { id parentId depth title createdAt messageCount version }
`);

const WHOLE_TREE_FLAT = graphql(`
  query WholeTreeFlat($id: ID!) {
    session(id: $id) {
      ...FlatScalars
      descendants(first: 10000) { nodes { ...FlatScalars } }
    }
  }

  fragment FlatScalars on Session { id parentId depth title createdAt messageCount version }
`);

test('a tree of 1,111 sessions comes from one nested query, and from one of descendants', async () => {
  const store = await openTestRepository();
  const levels = await growTree(store, { breadth: 10, depth: 3 });
  const { repository, calls } = watched(store);
  const api = createApi(repository);

  const nested = await api.query(WHOLE_TREE, { id: 'root' });
  expect(calls).toEqual([
    ['findMany', levels[0]],
    ['childrenOf', childrenRequests(levels[0]!, FIRST_50)],
    ['childrenOf', childrenRequests(levels[1]!, FIRST_50)],
    ['childrenOf', childrenRequests(levels[2]!, FIRST_50)],
  ]);

  calls.length = 0;
  const flat = await api.query(WHOLE_TREE_FLAT, { id: 'root' });
  expect(calls).toEqual([
    ['findMany', levels[0]],
    ['descendantsOf', ['root'], { ...FIRST_50, limit: 10_000 }, null, null],
  ]);

  interface Nested {
    readonly id: string;
    readonly children?: { readonly nodes: readonly Nested[] };
  }
  const preOrder = ({ children, ...scalars }: Nested): Nested[] => [
    scalars,
    ...(children?.nodes ?? []).flatMap(preOrder),
  ];
  const { descendants, ...root } = flat.session!;
  expect([root, ...descendants.nodes]).toEqual(preOrder(nested.session!));
  expect(new Set(descendants.nodes.map(({ id }) => id)).size).toBe(1_110);
});
