import { expect, test } from 'vitest';
import { descendantsCursor } from '../../src/schema/cursor.ts';
import { graphql } from '../generated/index.ts';
import { createApi } from '../support/api.ts';
import { openTestRepository } from '../support/repository.ts';
import { growTree } from '../support/tree.ts';

const PAGE = graphql(`
  query Page($first: Int, $after: String, $last: Int, $before: String) {
    session(id: "root") {
      children(first: $first, after: $after, last: $last, before: $before) {
        nodes { id }
        pageInfo { endCursor }
      }
    }
  }
`);

async function openApi() {
  const store = await openTestRepository();
  await growTree(store, { breadth: 3, depth: 2 });
  await store.append({
    sessionId: 'root',
    messages: [
      { role: 'USER', content: 'a' },
      { role: 'ASSISTANT', content: 'b' },
    ],
  });
  return createApi(store);
}

test.each([
  [{ first: 1, last: 1 }, 'expected "first" or "last", got both. Ask for one end of the list at a time.'],
  [{ first: -1 }, 'first: expected 0 or more, got -1.'],
  [{ last: -5 }, 'last: expected 0 or more, got -5.'],
  [
    { first: 1_001 },
    'first: expected at most 1000 (the limit pageSize), got 1001. Ask for less and page on.',
  ],
  [{ last: 2_000 }, 'last: expected at most 1000 (the limit pageSize), got 2000. Ask for less and page on.'],
])('a page of %o is refused', async (page, message) => {
  const { data, errors } = await (await openApi()).run(PAGE, page);
  expect(data).toBeUndefined();
  expect(errors).toMatchObject([
    { message, path: ['session', 'children'], extensions: { code: 'BAD_USER_INPUT' } },
  ]);
});

const TOO_MANY_DESCENDANTS = graphql(`
  query TooManyDescendants($first: Int, $maxDepth: Int) {
    session(id: "root") { descendants(first: $first, maxDepth: $maxDepth) { totalCount } }
  }
`);

test('descendants have a larger cap of their own', async () => {
  const api = await openApi();
  const most = await api.query(TOO_MANY_DESCENDANTS, { first: 10_000 });
  expect(most.session!.descendants.totalCount).toBe(12);
  const { errors } = await api.run(TOO_MANY_DESCENDANTS, { first: 10_001 });
  expect(errors![0]!.message).toBe(
    'first: expected at most 10000 (the limit descendantsPageSize), got 10001. Ask for less and page on.',
  );
});

test('maxDepth counts levels beneath a session, and is refused where it is negative', async () => {
  const api = await openApi();
  const counts = await Promise.all(
    [0, 1, 2, 3].map(async (maxDepth) => {
      const { session } = await api.query(TOO_MANY_DESCENDANTS, { maxDepth });
      return session!.descendants.totalCount;
    }),
  );
  expect(counts).toEqual([0, 3, 12, 12]);
  const { errors } = await api.run(TOO_MANY_DESCENDANTS, { maxDepth: -1 });
  expect(errors).toMatchObject([
    { message: 'maxDepth: expected 0 or more, got -1.', extensions: { code: 'BAD_USER_INPUT' } },
  ]);
});

const EVERY_CURSOR = graphql(`
  query EveryCursor {
    root: session(id: "root") {
      children { edges { cursor } }
      descendants { edges { cursor } }
      history { edges { cursor } }
    }
    child: session(id: "root-0") { children { edges { cursor } } }
    sessions { edges { cursor } }
    oldest: sessions(orderBy: { field: CREATED_AT, direction: ASC }) { edges { cursor } }
  }
`);

test('a cursor of another connection is refused, and says of which', async () => {
  const api = await openApi();
  const every = await api.query(EVERY_CURSOR);
  const foreign: [string, string][] = [
    [every.root!.descendants.edges[0]!.cursor, 'descendants of session "root"'],
    [every.root!.history.edges[0]!.cursor, 'history of session "root"'],
    [every.child!.children.edges[0]!.cursor, 'children of session "root-0"'],
    [every.sessions.edges[0]!.cursor, 'sessions ordered by LAST_ACTIVE_AT DESC'],
    [every.oldest.edges[0]!.cursor, 'sessions ordered by CREATED_AT ASC'],
  ];
  for (const [cursor, connection] of foreign) {
    const { data, errors } = await api.run(PAGE, { before: cursor });
    // Whether a cursor belongs to the session is known only once the session was read.
    const isKnownLater = connection.startsWith('children');
    expect(data).toEqual(isKnownLater ? { session: null } : undefined);
    expect(errors).toMatchObject([
      {
        message:
          `before: expected a cursor of children of ${isKnownLater ? 'session "root"' : 'a session'}, got one of ${connection}. ` +
          'Use a cursor only with the connection that gave it.',
        path: ['session', 'children'],
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
  }
});

const DAMAGED =
  'after: expected a cursor as this server gave it, got a damaged one. Pass it on unchanged, or start without it.';

test('a damaged cursor is refused, wherever it is damaged', async () => {
  const api = await openApi();
  const { root } = await api.query(EVERY_CURSOR);
  const { cursor } = root!.children.edges[0]!;
  const damaged = [
    '',
    'x',
    `${cursor}=`,
    ` ${cursor}`,
    `${cursor}\n`,
    cursor.slice(1),
    cursor.slice(0, -1),
    `${cursor}${cursor}`,
    'x'.repeat(100_000),
    Buffer.from('{}').toString('base64url'),
    ...[...cursor].map((char, at) => cursor.slice(0, at) + (char === 'A' ? 'B' : 'A') + cursor.slice(at + 1)),
  ];
  for (const after of damaged) {
    const { data, errors } = await api.run(PAGE, { after });
    expect(data).toBeUndefined();
    expect(errors).toMatchObject([{ message: DAMAGED, extensions: { code: 'BAD_USER_INPUT' } }]);
  }
});

const DESCENDANTS_AFTER = graphql(`
  query DescendantsAfter($after: String) {
    session(id: "root") { descendants(first: 5, after: $after) { nodes { id } pageInfo { endCursor } } }
  }
`);

test('a cursor of a descendant still holds its place when that is deleted', async () => {
  const store = await openTestRepository();
  await growTree(store, { breadth: 2, depth: 2 });
  const api = createApi(store);
  const { session } = await api.query(DESCENDANTS_AFTER, {});
  const { nodes, pageInfo } = session!.descendants;
  expect(nodes.at(-1)).toEqual({ id: 'root-1-0' });
  await store.delete({ sessionId: 'root-1-0', mode: 'RESTRICT' });
  const rest = await api.query(DESCENDANTS_AFTER, { after: pageInfo.endCursor });
  expect(rest.session!.descendants.nodes).toEqual([{ id: 'root-1-1' }]);
});

test('a cursor of a session that was never beneath is refused', async () => {
  const store = await openTestRepository();
  await growTree(store, { breadth: 1, depth: 1 });
  const after = descendantsCursor(store, 'root').encode('elsewhere');
  const { errors } = await createApi(store).run(DESCENDANTS_AFTER, { after });
  expect(errors).toMatchObject([
    {
      message:
        'expected a cursor of a session that is beneath "root", got one of a session that is not, or is no longer, ' +
        'there. Start again without it.',
      // `nodes` and `pageInfo` both need the page. Which of them fails first is not defined.
      path: ['session', 'descendants', expect.any(String)],
      extensions: { code: 'BAD_USER_INPUT' },
    },
  ]);
});
