import { parse, validate } from 'graphql';
import { expect, test } from 'vitest';
import { schema } from '../../src/schema/index.ts';
import { GRAPHIQL_EXAMPLES } from '../../src/server/graphiql-examples.ts';
import { ENDPOINT, openTestServer } from './support.ts';

test('GraphiQL is one page that may load nothing from elsewhere, and be framed by nobody', async () => {
  const { fetch } = await openTestServer();
  const response = await fetch({ headers: { accept: 'text/html' } });
  expect(response.status).toBe(200);
  const policy = response.headers.get('content-security-policy');
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).toMatch(/script-src 'sha256-[A-Za-z0-9+/]{43}='(;|$)/);
  expect(await response.text()).not.toMatch(/<(script|link|img)[^>]+(src|href)="https?:/);
});

test('a program that asks at the same address gets JSON', async () => {
  const { fetch } = await openTestServer();
  const response = await fetch({ headers: { accept: '*/*' } }, `${ENDPOINT}?query={__typename}`);
  expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
});

test.each(GRAPHIQL_EXAMPLES.map(({ query }) => [/(?:query|mutation) (\w+)/.exec(query)![1]!, query]))(
  'the example %s is valid',
  (_name, query) => {
    expect(validate(schema, parse(query))).toEqual([]);
  },
);

test('the examples, run one after the other, grow a tree and show it', async () => {
  const { post } = await openTestServer();
  const answers = [];
  for (const { query } of GRAPHIQL_EXAMPLES) answers.push(await (await post(query)).json());
  expect(answers).toMatchObject([
    { data: { createSession: { __typename: 'CreateSessionPayload', session: { id: 'example' } } } },
    { data: { sendMessage: { __typename: 'SendMessagePayload', messages: [{ id: 'example:0' }, {}] } } },
    { data: { spawnSession: { __typename: 'SpawnSessionPayload', session: { depth: 1, userId: 'ada' } } } },
    {
      data: {
        session: {
          history: { nodes: [{ role: 'USER' }, { role: 'ASSISTANT' }] },
          children: { nodes: [{ title: 'Find flights' }] },
        },
      },
    },
    { data: { session: { descendants: { totalCount: 1, nodes: [{ parentId: 'example' }] } } } },
    { data: { forkSession: { session: { historyLength: 2, forkedFrom: { messageId: 'example:1' } } } } },
    { data: { session: { rollup: { sessionCount: 3, messageCount: 2, usage: { inputTokens: 12 } } } } },
    {
      data: {
        searchMessages: {
          isComplete: true,
          edges: [{ snippet: '<<Lisbon>>: <<warm>>, and not yet crowded.' }, {}],
        },
      },
    },
  ]);
});
