import type { ApolloClient, ObservableQuery } from '@apollo/client';
import { parse } from 'graphql';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { addHistory, type ClientProject, complaints, openProject } from './files.ts';
import type { HistoryPage } from './lists.ts';

interface History {
  readonly session: { readonly history: HistoryPage };
}

const historyQuery = (variables: string, history: string) =>
  parse(`query${variables} {
    session(id: "trip") {
      id
      ${history} {
        edges { node { id content } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }
  }`);

const FORWARDS = historyQuery('($after: String)', 'history(first: 3, after: $after)');
const BACKWARDS = historyQuery('($before: String)', 'history(last: 3, before: $before)');
const LATEST = historyQuery('', 'history(last: 2) @connection(key: "latest")');
const ALL = ['0', '1', '2', '3', '4', '5', '6', '7'];

let complained: unknown[][];
let project: ClientProject;
let client: ApolloClient;

beforeEach(async () => {
  complained = complaints();
  project = await openProject();
  await project.run('node', 'schema-files.mjs');
  ({ client } = await project.load<{ client: ApolloClient }>('apollo.ts'));
});

type Document = ReturnType<typeof parse>;

/** A query as in a component: with the first page, and a function to fetch more. */
async function watch(query: Document): Promise<ObservableQuery> {
  await client.query({ query });
  const watched = client.watchQuery({ query });
  const subscription = watched.subscribe({});
  onTestFinished(() => subscription.unsubscribe());
  return watched;
}

/** The history in the cache, all pages together. */
function cached(query: Document) {
  const { edges, pageInfo } = client.readQuery<History>({ query })!.session.history;
  return { contents: edges.map(({ node }) => node.content), pageInfo };
}

test('a history is paged to its end with fetchMore: none comes twice, none is left out', async () => {
  await addHistory(project, 8);
  const watched = await watch(FORWARDS);
  for (const _page of [2, 3]) {
    await watched.fetchMore({ variables: { after: cached(FORWARDS).pageInfo.endCursor } });
  }
  expect(cached(FORWARDS)).toMatchObject({ contents: ALL, pageInfo: { hasNextPage: false } });
  expect(complained).toEqual([]);
});

test('a history is paged from its end, beside a list of the latest with a key of its own', async () => {
  await addHistory(project, 8);
  const watched = await watch(BACKWARDS);
  const fetchMore = () =>
    watched.fetchMore({ variables: { before: cached(BACKWARDS).pageInfo.startCursor } });
  await fetchMore();
  await watch(LATEST);
  await fetchMore();
  expect(cached(BACKWARDS)).toMatchObject({ contents: ALL, pageInfo: { hasPreviousPage: false } });
  expect(cached(LATEST).contents).toEqual(['6', '7']);
  expect(complained).toEqual([]);
});

test('lists of other users, and searches for other words, are kept apart', async () => {
  await addHistory(project, 2);
  await project.send(
    'mutation { createSession(input: { id: "other", userId: "ada" }) { ... on Error { message } } }',
  );
  const ids = async (filter: string) => {
    const query = parse(`{ sessions(filter: ${filter}) { edges { node { id } } } }`);
    const { data } = await client.query<{ sessions: { edges: { node: { id: string } }[] } }>({ query });
    return data!.sessions.edges.map(({ node }) => node.id);
  };
  expect(await ids('{ userId: "ada" }')).toEqual(['other']);
  expect(await ids('{ rootsOnly: true }')).toEqual(['other', 'trip']);
  expect(await ids('{ userId: "ada" }')).toEqual(['other']);
});

test('children that are filtered are kept apart from all children', async () => {
  await addHistory(project, 2);
  for (const status of ['RUNNING', 'IDLE'])
    await project.send(
      `mutation { spawnSession(input: { parentId: "trip", id: "${status}", status: ${status} }) { ... on Error { message } } }`,
    );
  const ids = async (field: string, filter: string) => {
    const query = parse(`{ session(id: "trip") { id ${field}${filter} { edges { node { id } } } } }`);
    type Found = { session: Record<string, { edges: { node: { id: string } }[] }> };
    const { data } = await client.query<Found>({ query });
    return data!.session[field]!.edges.map(({ node }) => node.id);
  };
  for (const field of ['children', 'descendants']) {
    expect(await ids(field, '')).toEqual(['RUNNING', 'IDLE']);
    expect(await ids(field, '(filter: { statuses: [RUNNING] })')).toEqual(['RUNNING']);
    expect(await ids(field, '')).toEqual(['RUNNING', 'IDLE']);
  }
  expect(complained).toEqual([]);
});

test('a mutation answers with its payload or with an error that a fragment on Error takes', async () => {
  const mutation = parse(`mutation ($input: CreateSessionInput!) {
    createSession(input: $input) { ... on CreateSessionPayload { session { id title } } ... on Error { message } }
  }`);
  const create = async (id: string) =>
    (await client.mutate<object>({ mutation, variables: { input: { id, title: 'Plan a trip' } } })).data;
  expect(await create('trip')).toMatchObject({ createSession: { session: { title: 'Plan a trip' } } });
  expect(await create('trip')).toMatchObject({ createSession: { message: expect.stringContaining('trip') } });
  expect(await create('no id')).toMatchObject({ createSession: { message: expect.any(String) } });
});

test('an answer changes what other queries show: metadata as a whole, sums field by field', async () => {
  await addHistory(project, 1);
  const update = parse(`mutation ($metadata: JSONObject!) {
    updateSession(input: { sessionId: "trip", metadata: $metadata }) { ... on UpdateSessionPayload { session { id metadata } } }
  }`);
  const read = async (fields: string) => {
    const query = parse(`{ session(id: "trip") { id ${fields} } }`);
    return (await client.query<{ session: object }>({ query })).data!.session;
  };
  await client.mutate({ mutation: update, variables: { metadata: { a: { b: 1 }, c: 2 } } });
  expect(await read('metadata')).toMatchObject({ metadata: { a: { b: 1 }, c: 2 } });
  await client.mutate({ mutation: update, variables: { metadata: { a: null } } });
  expect(await read('metadata')).toMatchObject({ metadata: { c: 2 } });
  expect(await read('metadata')).not.toHaveProperty('metadata.a');

  await read('rollup { messageCount usage { inputTokens } }');
  await read('rollup { sessionCount usage { outputTokens } }');
  await project.send('mutation { deleteSession(input: { sessionId: "trip" }) { ... on Error { message } } }');
  expect(await read('rollup { messageCount sessionCount usage { inputTokens outputTokens } }')).toMatchObject(
    {
      rollup: { messageCount: 1, sessionCount: 1, usage: { inputTokens: 0, outputTokens: 0 } },
    },
  );
  expect(complained).toEqual([]);
});
