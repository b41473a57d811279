import type { Client } from '@urql/core';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { type ClientProject, complaints, openProject } from './files.ts';
import {
  expectGoesOnBefore,
  expectRightLists,
  expectServerListsStay,
  growLists,
  type HistoryPage,
  LISTS,
  type ListAnswer,
  PAGE_FROM_END,
  rowsIn,
  type Screen,
  SERVER_LISTS,
  testLists,
  WITHOUT_EDGES,
} from './lists.ts';
import { documentOf, ONE_FOR_EACH_LIST, outlineMutations, outlineQuery } from './mutations.ts';

let complained: unknown[][];
let project: ClientProject;
let client: Client;

beforeEach(async () => {
  complained = complaints();
  project = await openProject();
  await growLists(project);
  await project.run('node', 'schema-files.mjs');
  ({ client } = await project.load<{ client: Client }>('urql.ts'));
});

/** The lists on the screen of the client. */
function screen(lists = LISTS): Screen {
  return {
    async show() {
      for (const list of lists) {
        const { unsubscribe } = client.query<ListAnswer>(list, {}).subscribe(() => {});
        onTestFinished(unsubscribe);
        await client.query<ListAnswer>(list, {});
      }
    },
    async mutate(mutation) {
      const { error } = await client.mutation(documentOf(mutation), { metadata: mutation.metadata });
      expect(error).toBeUndefined();
    },
    // Without a request: null if the cache lacks a part.
    shown: () => lists.map((list) => rowsIn(client.readQuery<ListAnswer>(list, {})!.data!)),
  };
}

testLists(
  () => ({ project, complained }),
  screen,
  outlineMutations(),
  () => screen([outlineQuery()]),
);

test('a list that is cached without edges does no harm to the others', async () => {
  const { unsubscribe } = client.query(WITHOUT_EDGES, {}).subscribe(() => {});
  onTestFinished(unsubscribe);
  await client.query(WITHOUT_EDGES, {});
  await expectRightLists(project, screen(), ONE_FOR_EACH_LIST);
});

test('lists of which only the server knows what changes stay as they are, but for deleted sessions', async () => {
  await expectServerListsStay(screen(SERVER_LISTS));
});

test('a history paged from its end goes on with what is before it if all that was read is dropped', async () => {
  let before: string | undefined;
  await expectGoesOnBefore(project, screen().mutate, {
    async readBefore(cursor) {
      before = cursor;
      const { unsubscribe } = client.query(PAGE_FROM_END, { before }).subscribe(() => {});
      onTestFinished(unsubscribe);
      await client.query(PAGE_FROM_END, { before });
    },
    shown: () =>
      client.readQuery<{ session: { history: HistoryPage } }>(PAGE_FROM_END, { before })!.data!.session
        .history,
  });
});

test('a history of several pages, from either end, loses and gets messages at its end', async () => {
  const written = Array.from({ length: 8 }, (_, n) => `{ role: USER, content: "${n}" }`);
  const write = (input: string) => `mutation { writeHistory(input: { sessionId: "trip", ${input} }) {
    ... on WriteHistoryPayload { session { id parentId status archivedAt lastActiveAt historyLength } removed { id } edges { cursor node { id role content } } }
  } }`;
  await project.send(write(`messages: [${written.join(' ')}]`));
  const pageOf = (variables: string, page: string) => `query (${variables}: String) { session(id: "trip") { id
    history(${page}) { edges { cursor node { id content } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`;
  const forwards = pageOf('$after', 'roles: [USER], first: 3, after: $after');
  const backwards = pageOf('$before', 'last: 3, before: $before');

  interface History {
    readonly edges: readonly { readonly node: { readonly content: string } }[];
    readonly pageInfo: { readonly startCursor: string; readonly endCursor: string };
  }
  const history = (data: unknown) => (data as { session: { history: History } }).session.history;
  const read = async (query: string, cursor: Record<string, string> = {}) =>
    history((await client.query(query, cursor)).data);
  await read(forwards, { after: (await read(forwards)).pageInfo.endCursor });
  await read(backwards, { before: (await read(backwards)).pageInfo.startCursor });
  const shown = () =>
    [forwards, backwards].map((query) => {
      const { edges, pageInfo } = history(client.readQuery(query, {})!.data);
      return { contents: edges.map(({ node }) => node.content).join(''), pageInfo };
    });
  expect(shown()).toMatchObject([
    { contents: '012345', pageInfo: { hasNextPage: true, hasPreviousPage: false } },
    { contents: '234567', pageInfo: { hasNextPage: false, hasPreviousPage: true } },
  ]);

  const message = (content: string) => `messages: [{ role: USER, content: "${content}" }]`;
  await client.mutation(write(`dropLast: 1, ${message('a')}`), {});
  expect(shown()).toMatchObject([
    { contents: '012345', pageInfo: { hasNextPage: true, hasPreviousPage: false } },
    { contents: '23456a', pageInfo: { hasNextPage: false, hasPreviousPage: true } },
  ]);
  await client.mutation(write(`keep: 5, ${message('b')}`), {});
  expect(shown()).toMatchObject([
    { contents: '01234b', pageInfo: { hasNextPage: false, hasPreviousPage: false } },
    { contents: '234b', pageInfo: { hasNextPage: false, hasPreviousPage: true } },
  ]);
  await client.mutation(write('keep: 0'), {});
  expect(shown()).toMatchObject([
    { contents: '', pageInfo: { hasNextPage: false, hasPreviousPage: false } },
    { contents: '', pageInfo: { hasNextPage: false, hasPreviousPage: false } },
  ]);
});
