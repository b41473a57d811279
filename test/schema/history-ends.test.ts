import { expect, test } from 'vitest';
import { graphql } from '../generated/index.ts';
import { createApi } from '../support/api.ts';
import { openTestRepository } from '../support/repository.ts';

const BYTES = 1_000;

/** Sessions "a", "b" and "c", each with five messages of `BYTES` bytes. */
async function openStore() {
  const store = await openTestRepository();
  const messages = Array(5).fill({ role: 'USER', content: 'x'.repeat(BYTES) });
  for (const id of ['a', 'b', 'c']) await store.create({ id, messages });
  return store;
}

const PAGE = graphql(`
  query EndingPage($first: Int, $after: String, $last: Int, $before: String) {
    session(id: "a") {
      history(first: $first, after: $after, last: $last, before: $before) {
        totalCount
        nodes { position content }
        pageInfo { hasPreviousPage hasNextPage startCursor endCursor }
      }
    }
  }
`);

test('a page that would show more text than is left ends early, and its cursor leads on', async () => {
  const api = createApi(await openStore(), { textBytes: 2 * BYTES });
  const read = async (after: string | null) => {
    const { session } = await api.query(PAGE, { first: 5, after });
    return session!.history;
  };
  const pages = [await read(null)];
  while (pages.at(-1)!.pageInfo.hasNextPage) pages.push(await read(pages.at(-1)!.pageInfo.endCursor));
  expect(pages.map(({ nodes }) => nodes.map(({ position }) => position))).toEqual([[0, 1], [2, 3], [4]]);
  expect(pages.map(({ totalCount }) => totalCount)).toEqual([5, 5, 5]);
});

test('a page from the end ends early at its beginning', async () => {
  const api = createApi(await openStore(), { textBytes: 2 * BYTES });
  const { session } = await api.query(PAGE, { last: 5 });
  const { nodes, pageInfo } = session!.history;
  expect(nodes.map(({ position }) => position)).toEqual([3, 4]);
  expect(pageInfo).toMatchObject({ hasPreviousPage: true, hasNextPage: false });
  const earlier = await api.query(PAGE, { last: 5, before: pageInfo.startCursor });
  expect(earlier.session!.history.nodes.map(({ position }) => position)).toEqual([1, 2]);
});

test('where not even one message fits, the request is refused', async () => {
  const { errors } = await createApi(await openStore(), { textBytes: BYTES - 1 }).run(PAGE, { first: 5 });
  expect(errors).toMatchObject([
    { message: expect.stringContaining('textBytes'), extensions: { code: 'BUDGET_EXCEEDED' } },
  ]);
});

const THREE = graphql(`
  query ThreeHistories {
    one: session(id: "a") { history { nodes { content } pageInfo { hasNextPage } } }
    two: session(id: "b") { history { nodes { content } pageInfo { hasNextPage } } }
    three: session(id: "c") { history(first: 1) { nodes { content } pageInfo { hasNextPage } } }
  }
`);

test('of several histories, each takes what the earlier ones have left', async () => {
  const store = await openStore();
  const sizes = async (textBytes: number) => {
    const { one, two, three } = await createApi(store, { textBytes }).query(THREE);
    return [one, two, three].map((session) => session!.history.nodes.length);
  };
  expect(await sizes(11 * BYTES)).toEqual([5, 5, 1]);
  const { errors } = await createApi(store, { textBytes: 10 * BYTES }).run(THREE);
  expect(errors).toMatchObject([{ extensions: { code: 'BUDGET_EXCEEDED' } }]);
});
