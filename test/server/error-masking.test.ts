import { GraphQLError } from 'graphql';
import { createSchema, createYoga } from 'graphql-yoga';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { StorageError } from '../../src/model/errors.ts';
import type { ServerContext } from '../../src/server/plugin.ts';
import { useErrorMasking } from '../../src/server/plugins/use-error-masking.ts';
import { useRequestFacts } from '../../src/server/plugins/use-request-facts.ts';
import {
  createTestLogger,
  ENDPOINT,
  type ErrorAnswer,
  GRAPHQL_RESPONSE,
  openTestServer,
  outcome,
} from './support.ts';

afterEach(() => vi.unstubAllEnvs());

describe('what a client caused has a code', () => {
  test.each([
    ['no GraphQL', '{', 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', '{ nope }', 'GRAPHQL_VALIDATION_FAILED'],
    ['a value of the wrong type', '{ session(id: {}) { id } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['no operation', 'fragment A on Query { __typename }', 'OPERATION_RESOLUTION_FAILURE'],
    [
      'operations to choose from',
      'query A { __typename } query B { __typename }',
      'OPERATION_RESOLUTION_FAILURE',
    ],
    ['a variable that is missing', 'query ($id: ID!) { session(id: $id) { id } }', 'BAD_USER_INPUT'],
  ])('%s', async (_name, query, code) => {
    const { post } = await openTestServer();
    const { status, codes } = await outcome(await post(query));
    expect({ status, code: codes[0] }).toEqual({ status: 400, code });
  });

  test('a variable of the wrong type', async () => {
    const { post } = await openTestServer();
    const response = await post('query ($id: ID!) { session(id: $id) { id } }', {}, { id: { no: 'id' } });
    expect(await outcome(response)).toEqual({ status: 400, codes: ['BAD_USER_INPUT'] });
  });

  test('an argument that a field refuses', async () => {
    const { post } = await openTestServer();
    const response = await post('{ sessions(first: -1) { totalCount } }');
    expect((await outcome(response)).codes).toEqual(['BAD_USER_INPUT']);
  });

  test('a value as large as a body is not sent back whole', async () => {
    const { post } = await openTestServer();
    const query = 'query ($input: CreateSessionInput!) { __typename }';
    const response = await post(query, {}, { input: { title: ['x'.repeat(1_000_000)] } });
    expect((await response.text()).length).toBeLessThan(3_000);
  });

  test('a budget that is spent ends the request with one error', async () => {
    const { post, repository } = await openTestServer({ limits: { objects: 5 } });
    for (let count = 0; count < 10; count += 1) await repository.create({});
    const response = await post('{ sessions { nodes { id parent { id } } } }');
    expect(await response.json()).toMatchObject({
      data: null,
      errors: [{ extensions: { code: 'BUDGET_EXCEEDED' } }],
    });
  });
});

const SECRET = 'disk /var/lib/secret is gone';

/** A schema that fails in every way in which the real one should not, with the plugins that mask errors. */
function openFailingServer() {
  const { logger, lines } = createTestLogger();
  const schema = createSchema<ServerContext>({
    typeDefs: `
      type Query { bug: String text: String count: Int! wrapped: String missing: String! known: String unread: String many: [Item] fine: String }
      type Item { bug: String }
      type Subscription { ticks: String }
    `,
    resolvers: {
      Query: {
        bug: () => {
          throw new TypeError(SECRET);
        },
        text: () => {
          throw SECRET;
        },
        count: () => SECRET,
        wrapped: () => {
          throw new GraphQLError(SECRET, { originalError: new Error(SECRET) });
        },
        missing: () => null,
        known: () => {
          throw new GraphQLError('Expected less.', { extensions: { code: 'TOO_MUCH' } });
        },
        unread: () => {
          throw new StorageError('Too many files are open.', true, { cause: new Error(SECRET) });
        },
        many: () => Array.from({ length: 1_000 }, () => ({})),
        fine: () => 'fine',
      },
      Item: {
        bug: () => {
          throw new Error(SECRET);
        },
      },
      Subscription: {
        ticks: {
          async *subscribe() {
            yield { ticks: 'tick' };
            throw new Error(SECRET);
          },
        },
      },
    },
  });
  const yoga = createYoga<ServerContext>({
    schema,
    maskedErrors: false,
    logging: false,
    plugins: [useRequestFacts(), useErrorMasking({ logger })],
  });
  const post = async (query: string, accept = GRAPHQL_RESPONSE) =>
    yoga.fetch(ENDPOINT, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept, 'x-request-id': 'request-1' },
      body: JSON.stringify({ query }),
    });
  return { post, lines };
}

const MASKED = {
  message: "Internal error. Request id request-1: the server's log says more under it.",
  extensions: { code: 'INTERNAL_SERVER_ERROR' },
};

describe('what a bug caused is masked', () => {
  test.each(['bug', 'text', 'count', 'wrapped', 'missing'])('%s', async (field) => {
    // Yoga's own masking shows original errors in this mode.
    vi.stubEnv('NODE_ENV', 'development');
    const { post, lines } = openFailingServer();
    const response = await post(`{ ${field} }`);
    const text = await response.text();
    expect(text).not.toMatch(/secret|stack|originalError|node_modules/);
    expect((JSON.parse(text) as { errors: ErrorAnswer[] }).errors).toEqual([
      { ...MASKED, path: [field], locations: expect.any(Array) },
    ]);
    expect(lines).toMatchObject([
      { requestId: 'request-1', msg: 'Internal error', err: { stack: expect.stringContaining('Error') } },
    ]);
  });

  test('beside data, which is kept', async () => {
    const { post } = openFailingServer();
    const response = await post('{ bug fine }');
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ data: { bug: null, fine: 'fine' }, errors: [MASKED] });
  });

  test('in a thousand places, and logged in one line', async () => {
    const { post, lines } = openFailingServer();
    const { codes } = await outcome(await post('{ many { bug } }'));
    expect(new Set(codes)).toEqual(new Set(['INTERNAL_SERVER_ERROR']));
    expect(lines).toMatchObject([{ times: 1_000 }]);
  });

  test('in a stream, after what came well', async () => {
    const { post, lines } = openFailingServer();
    const text = await (await post('subscription { ticks }', 'text/event-stream')).text();
    expect(text).toContain('{"data":{"ticks":"tick"}}');
    expect(text).not.toContain('secret');
    expect(text).toContain('INTERNAL_SERVER_ERROR');
    expect(lines).toHaveLength(1);
  });

  test('and not that the store could not read for now', async () => {
    const { post } = openFailingServer();
    const text = await (await post('{ unread fine }')).text();
    expect(JSON.parse(text)).toMatchObject({
      data: { unread: null, fine: 'fine' },
      errors: [{ message: 'Too many files are open.', extensions: { code: 'STORE_UNAVAILABLE' } }],
    });
    expect(text).not.toContain('secret');
  });

  test('and no error that a client caused', async () => {
    const { post, lines } = openFailingServer();
    expect(await (await post('{ known }')).json()).toMatchObject({
      errors: [{ message: 'Expected less.', extensions: { code: 'TOO_MUCH' } }],
    });
    expect(lines).toEqual([]);
  });
});

test.each(['', 'x'])(
  'a long value is cut between characters, not within one: %j before it',
  async (before) => {
    const { post } = await openTestServer();
    const query = 'query ($first: Int) { sessions(first: $first) { totalCount } }';
    const answer = await (await post(query, {}, { first: `${before}${'😀'.repeat(2_000)}` })).json();
    const [{ message }] = (answer as { errors: [{ message: string }] }).errors;
    expect(message.length).toBeLessThan(1_010);
    expect(message).toMatch(/😀…$/u);
  },
);
