import type { Client } from '@urql/core';
import { beforeEach, expect, test } from 'vitest';
import { addHistory, type ClientProject, complaints, openProject } from './files.ts';

const PAGE = `query ($after: String) {
  session(id: "trip") {
    id
    history(first: 3, after: $after) { edges { node { id content } } pageInfo { hasNextPage endCursor } }
  }
}`;

interface Page {
  readonly session: {
    readonly history: {
      readonly edges: readonly { readonly node: { readonly content: string } }[];
      readonly pageInfo: {
        readonly hasNextPage: boolean;
        readonly startCursor: string;
        readonly endCursor: string;
      };
    };
  };
}

let complained: unknown[][];
let project: ClientProject;
let client: Client;

beforeEach(async () => {
  complained = complaints();
  project = await openProject();
  await project.run('node', 'schema-files.mjs');
  ({ client } = await project.load<{ client: Client }>('urql.ts'));
});

test('each page of a history comes with all before it: none comes twice, none is left out', async () => {
  await addHistory(project, 8);
  const seen: string[][] = [];
  for (let after: string | undefined, more = true; more; ) {
    const { data, error } = await client.query<Page>(PAGE, { after });
    expect(error).toBeUndefined();
    const { edges, pageInfo } = data!.session.history;
    seen.push(edges.map(({ node }) => node.content));
    more = pageInfo.hasNextPage;
    after = pageInfo.endCursor;
  }
  expect(seen.map(({ length }) => length)).toEqual([3, 6, 8]);
  expect(seen.at(-1)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
  expect(complained).toEqual([]);
});

test('a history is paged from its end, with a list of the latest beside it', async () => {
  await addHistory(project, 8);
  const page = (variables: string, history: string) => `query ${variables} {
    session(id: "trip") { id ${history} { edges { node { id content } } pageInfo { startCursor } } }
  }`;
  const contents = async (query: string, before?: string) => {
    const { data } = await client.query<Page>(query, { before });
    return data!.session.history;
  };
  const latest = await contents(page('', 'history(last: 2)'));
  expect(latest.edges.map(({ node }) => node.content)).toEqual(['6', '7']);
  const backwards = page('($before: String)', 'history(last: 3, before: $before)');
  let history = await contents(backwards);
  for (let n = 0; n < 2; n++) history = await contents(backwards, history.pageInfo.startCursor);
  expect(history.edges.map(({ node }) => node.content)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
  expect(complained).toEqual([]);
});

test('a mutation answers with its payload or with an error that a fragment on Error takes', async () => {
  const create = async (id: string) => {
    const mutation = `mutation ($id: ID!) {
      createSession(input: { id: $id, title: "Plan a trip" }) {
        ... on CreateSessionPayload { session { id title } }
        ... on Error { message }
      }
    }`;
    return (await client.mutation<object>(mutation, { id })).data;
  };
  expect(await create('trip')).toMatchObject({ createSession: { session: { title: 'Plan a trip' } } });
  expect(await create('trip')).toMatchObject({ createSession: { message: expect.stringContaining('trip') } });
  expect(complained).toEqual([]);
});

test('what has no id is kept with what holds it, without a warning', async () => {
  await addHistory(project, 1);
  const query = `{
    store { sessionCount messageCount quarantined { path reason since } }
    node(id: "trip") {
      ... on Session { id metadata damage { line reason } rollup { sessionCount usage { inputTokens } } forkedFrom { sessionId } }
    }
    session(id: "fork") { id forkedFrom { sessionId session { id title } } }
    sessions(filter: { rootsOnly: true }) { totalCount edges { cursor node { id } } pageInfo { endCursor } }
  }`;
  await project.send(
    'mutation { forkSession(input: { sessionId: "trip", id: "fork" }) { ... on Error { message } } }',
  );
  const { data, error } = await client.query<object>(query, {});
  expect(error).toBeUndefined();
  expect(data).toMatchObject({
    store: { sessionCount: 2 },
    node: { rollup: { sessionCount: 2, usage: { inputTokens: 0 } } },
    session: { forkedFrom: { session: { title: 'Plan a trip' } } },
    sessions: { edges: [{ node: { id: 'trip' } }] },
  });
  expect(client.readQuery(query, {})?.data).toEqual(data);
  expect(complained).toEqual([]);
});

test('an answer changes what other queries show, metadata as a whole', async () => {
  await addHistory(project, 1);
  const update = `mutation ($metadata: JSONObject!) {
    updateSession(input: { sessionId: "trip", metadata: $metadata }) { ... on UpdateSessionPayload { session { id metadata } } }
  }`;
  const read = async () =>
    (await client.query<{ session: object }>('{ session(id: "trip") { id metadata } }', {})).data!.session;
  await client.mutation(update, { metadata: { a: { b: 1 }, c: 2 } });
  expect(await read()).toMatchObject({ metadata: { a: { b: 1 }, c: 2 } });
  await client.mutation(update, { metadata: { a: null } });
  expect(await read()).not.toHaveProperty('metadata.a');
  expect(complained).toEqual([]);
});
