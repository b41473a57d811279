import type { ApolloCache, ApolloClient } from '@apollo/client';
import { parse } from 'graphql';
import { beforeEach, onTestFinished, test } from 'vitest';
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
let client: ApolloClient;
let update: (cache: ApolloCache, result: { data?: unknown }) => void;

beforeEach(async () => {
  complained = complaints();
  project = await openProject();
  await growLists(project);
  await project.run('node', 'schema-files.mjs');
  ({ client } = await project.load<{ client: ApolloClient }>('apollo.ts'));
  ({ update } = await project.load<{ update: typeof update }>('apollo-lists.ts'));
});

/** The lists on the screen of the client. */
function screen(lists = LISTS): Screen {
  return {
    async show() {
      for (const list of lists) {
        const subscription = client.watchQuery({ query: parse(list) }).subscribe({});
        onTestFinished(() => subscription.unsubscribe());
        await client.query({ query: parse(list) });
      }
    },
    async mutate(mutation) {
      const variables = { metadata: mutation.metadata };
      await client.mutate({ mutation: parse(documentOf(mutation)), variables, update });
    },
    shown: () => lists.map((list) => rowsIn(client.readQuery<ListAnswer>({ query: parse(list) })!)),
  };
}

testLists(
  () => ({ project, complained }),
  screen,
  outlineMutations(),
  () => screen([outlineQuery()]),
);

test('a list that is cached without edges does no harm to the others', async () => {
  const query = parse(WITHOUT_EDGES);
  const subscription = client.watchQuery({ query }).subscribe({});
  onTestFinished(() => subscription.unsubscribe());
  await client.query({ query });
  await expectRightLists(project, screen(), ONE_FOR_EACH_LIST);
});

test('lists of which only the server knows what changes stay as they are, but for deleted sessions', async () => {
  await expectServerListsStay(screen(SERVER_LISTS));
});

test('a history paged from its end goes on with what is before it if all that was read is dropped', async () => {
  const query = parse(PAGE_FROM_END);
  const watched = client.watchQuery({ query });
  const subscription = watched.subscribe({});
  onTestFinished(() => subscription.unsubscribe());
  await expectGoesOnBefore(project, screen().mutate, {
    readBefore: (before) => watched.fetchMore({ variables: { before } }),
    shown: () => client.readQuery<{ session: { history: HistoryPage } }>({ query })!.session.history,
  });
});
