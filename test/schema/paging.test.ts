import { describe, expect, test } from 'vitest';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { graphql } from '../generated/index.ts';
import { type Api, createApi } from '../support/api.ts';
import { type AnswerPage, allPages, type PageVariables } from '../support/paging.ts';
import { openTestRepository } from '../support/repository.ts';

const CHILDREN = graphql(`
  query ChildrenPage($first: Int, $after: String, $last: Int, $before: String) {
    session(id: "root") {
      connection: children(first: $first, after: $after, last: $last, before: $before) {
        totalCount
        nodes { id }
        edges { cursor node { id } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }
  }
`);

const DESCENDANTS = graphql(`
  query DescendantsPage($first: Int, $after: String, $last: Int, $before: String) {
    session(id: "root") {
      connection: descendants(first: $first, after: $after, last: $last, before: $before) {
        totalCount
        nodes { id }
        edges { cursor node { id } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }
  }
`);

const HISTORY = graphql(`
  query HistoryPage($first: Int, $after: String, $last: Int, $before: String) {
    session(id: "root") {
      connection: history(first: $first, after: $after, last: $last, before: $before) {
        totalCount
        nodes { id }
        edges { cursor node { id } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }
  }
`);

const QUESTIONS = graphql(`
  query QuestionsPage($first: Int, $after: String, $last: Int, $before: String) {
    session(id: "root") {
      connection: history(first: $first, after: $after, last: $last, before: $before, roles: [USER]) {
        totalCount
        nodes { id }
        edges { cursor node { id } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }
  }
`);

const SESSIONS = graphql(`
  query SessionsPage($first: Int, $after: String, $last: Int, $before: String) {
    connection: sessions(
      filter: { parentId: "root" }
      orderBy: { field: CREATED_AT, direction: ASC }
      first: $first
      after: $after
      last: $last
      before: $before
    ) {
      totalCount
      nodes { id }
      edges { cursor node { id } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`);

interface AnswerConnection {
  readonly totalCount: number;
  readonly nodes: readonly { readonly id: string }[];
  readonly edges: readonly { readonly cursor: string; readonly node: { readonly id: string } }[];
  readonly pageInfo: AnswerPage['pageInfo'];
}

interface List {
  readonly name: string;
  /** Seven in all, in this order. */
  readonly ids: readonly string[];
  read(api: Api, page: PageVariables): Promise<AnswerConnection>;
  /** One more at the end of the list. */
  add(store: SessionRepository): Promise<unknown>;
}

const children = Array.from({ length: 7 }, (_, index) => `child-${index}`);
const beneath = ['child-0', 'grandchild-0', 'grandchild-1', 'child-1', 'child-2', 'grandchild-2', 'child-3'];
const messages = Array.from({ length: 7 }, (_, index) => `root:${index}`);
const questions = Array.from({ length: 7 }, (_, index) => `root:${2 * index}`);

async function addChild(store: SessionRepository, id: string, parentId = 'root') {
  await store.create({ id, parentId });
}

async function makeStore(list: List): Promise<SessionRepository> {
  const store = await openTestRepository();
  await store.create({ id: 'root' });
  if (list.ids === children) {
    for (const id of children) await addChild(store, id);
  } else if (list.ids === beneath) {
    for (const id of beneath.filter((id) => id.startsWith('child'))) await addChild(store, id);
    await addChild(store, 'grandchild-2', 'child-2');
    await addChild(store, 'grandchild-0', 'child-0');
    await addChild(store, 'grandchild-1', 'child-0');
  } else {
    const roles = list.ids === messages ? (['USER'] as const) : (['USER', 'ASSISTANT'] as const);
    const exchange = roles.map((role) => ({ role, content: role }));
    for (const _ of list.ids) await store.append({ sessionId: 'root', messages: exchange });
  }
  return store;
}

let added = 0;
const lists: List[] = [
  {
    name: 'children',
    ids: children,
    read: async (api, page) => (await api.query(CHILDREN, page)).session!.connection,
    add: (store) => addChild(store, `late-${added++}`),
  },
  {
    name: 'descendants',
    ids: beneath,
    read: async (api, page) => (await api.query(DESCENDANTS, page)).session!.connection,
    add: (store) => addChild(store, `late-${added++}`),
  },
  {
    name: 'history',
    ids: messages,
    read: async (api, page) => (await api.query(HISTORY, page)).session!.connection,
    add: (store) => store.append({ sessionId: 'root', messages: [{ role: 'TOOL', content: 'late' }] }),
  },
  {
    name: 'history of one role',
    ids: questions,
    read: async (api, page) => (await api.query(QUESTIONS, page)).session!.connection,
    add: (store) => store.append({ sessionId: 'root', messages: [{ role: 'USER', content: 'late' }] }),
  },
  {
    name: 'sessions',
    ids: children,
    read: async (api, page) => (await api.query(SESSIONS, page)).connection,
    add: (store) => addChild(store, `late-${added++}`),
  },
];

describe.each(lists)('$name', (list) => {
  const reader = (api: Api) => async (page: PageVariables) => {
    const { nodes, pageInfo } = await list.read(api, page);
    return { ids: nodes.map(({ id }) => id), pageInfo };
  };

  test('all in one page', async () => {
    const connection = await list.read(createApi(await makeStore(list)), {});
    expect(connection.nodes.map(({ id }) => id)).toEqual(list.ids);
    expect(connection.edges.map(({ node }) => node.id)).toEqual(list.ids);
    expect(connection.totalCount).toBe(7);
    expect(connection.pageInfo).toEqual({
      hasNextPage: false,
      hasPreviousPage: false,
      startCursor: connection.edges[0]!.cursor,
      endCursor: connection.edges[6]!.cursor,
    });
  });

  test.each([1, 2, 3, 7, 8])('forwards in pages of %i, each visited once', async (size) => {
    const read = reader(createApi(await makeStore(list)));
    const pages = await allPages(read, { size, from: 'start' });
    expect(pages.flatMap(({ ids }) => ids)).toEqual(list.ids);
    expect(pages.map(({ ids }) => ids.length)).toEqual(pagesOf(7, size));
    expect(pages.map(({ pageInfo }) => pageInfo.hasPreviousPage)).toEqual(pages.map((_, index) => index > 0));
  });

  test.each([1, 2, 3, 7, 8])('backwards in pages of %i, each visited once', async (size) => {
    const read = reader(createApi(await makeStore(list)));
    const pages = await allPages(read, { size, from: 'end' });
    expect(pages.reverse().flatMap(({ ids }) => ids)).toEqual(list.ids);
    expect(pages.map(({ ids }) => ids.length)).toEqual(pagesOf(7, size).reverse());
    expect(pages.map(({ pageInfo }) => pageInfo.hasNextPage)).toEqual(
      pages.map((_, index) => index < pages.length - 1),
    );
  });

  test('forwards while rows are added, to the last of them', async () => {
    const store = await makeStore(list);
    let more = 0;
    const pages = await allPages(reader(createApi(store)), {
      size: 3,
      from: 'start',
      between: () => {
        more += 1;
        return list.add(store);
      },
    });
    const visited = pages.flatMap(({ ids }) => ids);
    expect(visited.slice(0, 7)).toEqual(list.ids);
    expect(more).toBe(2);
    expect(visited.length).toBe(7 + more);
    expect(new Set(visited).size).toBe(visited.length);
  });

  test('backwards while rows are added, to the first of all', async () => {
    const store = await makeStore(list);
    const pages = await allPages(reader(createApi(store)), {
      size: 2,
      from: 'end',
      between: () => list.add(store),
    });
    expect(pages.reverse().flatMap(({ ids }) => ids)).toEqual(list.ids);
  });

  test('between two cursors', async () => {
    const api = createApi(await makeStore(list));
    const { edges } = await list.read(api, {});
    const between = { after: edges[1]!.cursor, before: edges[5]!.cursor };
    const start = await list.read(api, { ...between, first: 2 });
    expect(start.nodes.map(({ id }) => id)).toEqual(list.ids.slice(2, 4));
    expect(start.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
    const end = await list.read(api, { ...between, last: 2 });
    expect(end.nodes.map(({ id }) => id)).toEqual(list.ids.slice(3, 5));
    const whole = await list.read(api, between);
    expect(whole.nodes.map(({ id }) => id)).toEqual(list.ids.slice(2, 5));
  });

  test('has no rows with first: 0, but says whether there are any', async () => {
    const connection = await list.read(createApi(await makeStore(list)), { first: 0 });
    expect(connection).toEqual({
      totalCount: 7,
      nodes: [],
      edges: [],
      pageInfo: { hasNextPage: true, hasPreviousPage: false, startCursor: null, endCursor: null },
    });
  });
});

function pagesOf(count: number, size: number): number[] {
  const pages = Array.from({ length: Math.ceil(count / size) }, () => size);
  if (count % size > 0) pages[pages.length - 1] = count % size;
  return pages;
}

const NAMED_CHILDREN = graphql(`
  query NamedChildren($after: String) {
    session(id: "root") { children(first: 3, after: $after) { nodes { id } pageInfo { endCursor } } }
  }
`);

test('a cursor still holds its place when its session is deleted', async () => {
  const store = await makeStore(lists[0]!);
  const api = createApi(store);
  const first = await api.query(NAMED_CHILDREN, { after: null });
  await store.delete({ sessionId: 'child-2', mode: 'RESTRICT' });
  const { endCursor } = first.session!.children.pageInfo;
  const second = await api.query(NAMED_CHILDREN, { after: endCursor });
  expect(second.session!.children.nodes.map(({ id }) => id)).toEqual(['child-3', 'child-4', 'child-5']);
});

test('descendants that are added before a cursor do not shift what comes after it', async () => {
  const store = await makeStore(lists[1]!);
  const api = createApi(store);
  const pages = await allPages(
    async (page) => {
      const { nodes, pageInfo } = await lists[1]!.read(api, page);
      return { ids: nodes.map(({ id }) => id), pageInfo };
    },
    { size: 2, from: 'start', between: () => addChild(store, `early-${added++}`, 'grandchild-0') },
  );
  expect(pages.flatMap(({ ids }) => ids).filter((id) => !id.startsWith('early'))).toEqual(beneath);
});

const FIFTY = graphql(`
  query Fifty {
    session(id: "root") {
      history { nodes { id } totalCount }
      latest: history(last: 1000) { nodes { id } }
    }
  }
`);

test('a page holds 50 unless it is asked for more', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'root' });
  const many = Array.from({ length: 120 }, () => ({ role: 'USER' as const, content: 'again' }));
  await store.append({ sessionId: 'root', messages: many });
  const { session } = await createApi(store).query(FIFTY);
  expect(session!.history.nodes.length).toBe(50);
  expect(session!.history.totalCount).toBe(120);
  expect(session!.latest.nodes.length).toBe(120);
});
