import { GraphQLError, type OperationDefinitionNode, print } from 'graphql';
import { describe, expect, test } from 'vitest';
import type { Caller } from '../../src/model/caller.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/model/limits.ts';
import { NO_TOKEN } from '../../src/server/auth/refusals.ts';
import { Callers } from '../../src/server/callers/callers.ts';
import { createPolicies } from '../../src/server/policies/policies.ts';
import type { Policy } from '../../src/server/policies/policy.ts';
import { documentError } from '../../src/server/refusal.ts';
import { createRequestRules } from '../../src/server/request-rules.ts';
import { type Sent, send } from '../support/http-client.ts';
import { type BothWays, openBothWays, openTree, seen } from './both-ways.ts';
import { ID_BY_HASH, plain } from './requests.ts';
import type { TestServerOptions } from './support.ts';

const TYPENAME = { query: '{ __typename }' };

const ADA: Caller = { userId: 'ada', scope: 'write', subtreeId: null, tokenId: null, expiresAt: null };

/** All that is sent is of one caller. The window is the shortest, so that all refusals name the same seconds. */
function asUser(limits: Partial<Limits>): TestServerOptions {
  return { limits: { ...limits, callerSeconds: 1 }, authenticate: () => ADA };
}

/** Of each policy a request that it alone refuses. */
const REFUSED: Readonly<
  Record<string, readonly [status: number, code: string, sent: Sent, options?: TestServerOptions]>
> = {
  'accepted encoding': [406, 'NOT_ACCEPTABLE', plain(TYPENAME, { 'accept-encoding': 'identity;q=0' })],
  'own host': [403, 'HOST_NOT_ALLOWED', plain(TYPENAME, { host: 'evil.example' })],
  'known route': [404, 'NOT_FOUND', { ...plain(TYPENAME), path: '/other' }],
  'allowed origin': [403, 'ORIGIN_NOT_ALLOWED', plain(TYPENAME, { 'sec-fetch-site': 'cross-site' })],
  authentication: [401, 'UNAUTHENTICATED', plain(TYPENAME), { authenticate: () => NO_TOKEN }],
  "caller's requests": [429, 'RATE_LIMITED', plain(TYPENAME), asUser({ callerRequests: 0 })],
  'accepted type': [406, 'NOT_ACCEPTABLE', plain(TYPENAME, { accept: 'text/plain' })],
  'served method': [405, 'METHOD_NOT_ALLOWED', { ...plain(TYPENAME), method: 'PUT' }],
  'JSON content': [415, 'UNSUPPORTED_MEDIA_TYPE', plain(TYPENAME, { 'content-type': 'text/plain' })],
  'uncompressed content': [415, 'UNSUPPORTED_MEDIA_TYPE', plain(TYPENAME, { 'content-encoding': 'gzip' })],
  'body size': [
    413,
    'PAYLOAD_TOO_LARGE',
    plain(JSON.stringify(TYPENAME).padEnd(101)),
    { limits: { bodyBytes: 100 } },
  ],
  'well-formed parameters': [
    200,
    'PERSISTED_QUERY_NOT_SUPPORTED',
    plain({ extensions: { persistedQuery: { version: 2, sha256Hash: '0'.repeat(64) } } }),
  ],
  'document length': [
    400,
    'DOCUMENT_TOO_LONG',
    plain({ query: '{ __typename }' }),
    { limits: { documentLength: 13 } },
  ],
  'matching hash': [400, 'PERSISTED_QUERY_MISMATCH', plain({ ...ID_BY_HASH, ...TYPENAME })],
  'parsing limit': [
    400,
    'TOO_MANY_TOKENS',
    plain({ query: '{ __typename __typename }' }),
    { limits: { tokens: 3 } },
  ],
  'read-only GET': [
    405,
    'METHOD_NOT_ALLOWED',
    {
      method: 'GET',
      path: `/graphql?query=${encodeURIComponent('mutation { updateSession(input: { sessionId: "none" }) { __typename } }')}`,
    },
  ],
  'accepted stream': [406, 'NOT_ACCEPTABLE', plain({ query: 'subscription { __typename }' })],
  'depth limit': [
    400,
    'QUERY_TOO_DEEP',
    plain({ query: '{ store { __typename } }' }),
    { limits: { depth: 1 } },
  ],
  'alias limit': [
    400,
    'TOO_MANY_ALIASES',
    plain({ query: '{ a: __typename b: __typename }' }),
    { limits: { aliases: 1 } },
  ],
  'mutation limit': [
    400,
    'TOO_MANY_MUTATIONS',
    plain({
      query: `mutation {
        a: updateSession(input: { sessionId: "none" }) { __typename }
        b: updateSession(input: { sessionId: "none" }) { __typename }
      }`,
    }),
    { limits: { mutations: 1 } },
  ],
  "caller's mutations": [
    429,
    'RATE_LIMITED',
    plain({ query: 'mutation { updateSession(input: { sessionId: "none" }) { __typename } }' }),
    asUser({ callerMutations: 0 }),
  ],
};

test('each policy of the list has a request here', () => {
  const options = {
    limits: DEFAULT_LIMITS,
    allowedHosts: [],
    allowedOrigins: [],
    authenticate: () => NO_TOKEN,
    callers: new Callers(DEFAULT_LIMITS, null),
  };
  const policies = createPolicies({ ...options, ...createRequestRules(options) });
  expect(policies.map(({ name }) => name)).toEqual(Object.keys(REFUSED));
});

/** What a client sees of the answer each way, without what is of the connection. */
async function answers({ yoga, fast, fetch }: BothWays, sent: Sent) {
  const fetched = await fetch(sent);
  const received = [
    await send(yoga.port, sent),
    await send(fast.port, sent),
    {
      status: fetched.status,
      headers: Object.fromEntries(
        [...fetched.headers].map(([header, value]) => [header.toLowerCase(), value]),
      ),
      body: Buffer.from(await fetched.arrayBuffer()),
    },
  ];
  return received.map(({ headers: { connection: _, 'keep-alive': __, ...headers }, ...answer }) =>
    seen({ ...answer, headers }),
  );
}

describe('a policy refuses the same on both ways, and of a request that needs no socket', () => {
  test.each(Object.entries(REFUSED))('%s', async (_name, [status, code, sent, options]) => {
    const ways = await openBothWays(await openTree(), options);
    const [expected, ...others] = await answers(ways, sent);
    expect(expected).toMatchObject({ status, body: expect.stringContaining(`"${code}"`) });
    for (const other of others) expect(other).toEqual(expected);
  });
});

// Not of the size of a body: whoever reads one holds it to the same limit, for bodies that do not say how large they are.
describe('without the policy nothing else refuses so', () => {
  test.each(Object.entries(REFUSED).filter(([name]) => name !== 'body size'))(
    '%s',
    async (name, [_status, code, sent, options]) => {
      const ways = await openBothWays(await openTree(), options, (list) =>
        list.filter((policy) => policy.name !== name),
      );
      for (const answer of await answers(ways, sent))
        expect(answer).not.toMatchObject({ body: expect.stringContaining(`"${code}"`) });
    },
  );
});

const TEAPOT = { status: 418, code: 'TEAPOT', message: 'Expected a kettle.' };
const teapot = () => documentError(TEAPOT.code, TEAPOT.message);
const MARKED = plain(TYPENAME, { 'x-teapot': '1' });
const isMarked = ({ header }: { header: (name: string) => unknown }) => header('x-teapot') === '1';
const OTHER = plain({ query: '{ teapot: __typename }' });
const isOther = (operation: OperationDefinitionNode) => print(operation).includes('teapot');

describe('a policy that is added to the list', () => {
  test.each<[stage: string, policy: Omit<Policy, 'name'>, refused: Sent]>([
    ['the head', { head: (head) => (isMarked(head) ? TEAPOT : undefined) }, MARKED],
    ['the content', { content: (head) => (isMarked(head) ? TEAPOT : undefined) }, MARKED],
    ['the parameters', { params: (_params, head) => (isMarked(head) ? TEAPOT : undefined) }, MARKED],
    ['the operation', { operation: (_operation, head) => (isMarked(head) ? TEAPOT : undefined) }, MARKED],
    [
      'the text of a document',
      {
        parser: (parse) => (source, options) => {
          if (String(source).includes('teapot')) throw teapot();
          return parse(source, options);
        },
      },
      OTHER,
    ],
    [
      'a document',
      {
        document: (context) => ({
          Field: ({ alias }) => {
            if (alias?.value !== 'teapot') return;
            const { message, extensions } = teapot();
            context.reportError(new GraphQLError(message, { extensions }));
          },
        }),
      },
      OTHER,
    ],
    ['the execution', { execution: ({ operation }) => (isOther(operation) ? TEAPOT : undefined) }, OTHER],
    [
      'the execution, after a while',
      { execution: async ({ operation }) => (isOther(operation) ? TEAPOT : undefined) },
      OTHER,
    ],
  ])('refuses for %s what the fast path would have answered', async (_stage, policy, refused) => {
    const ways = await openBothWays(await openTree(), {}, (list) => [...list, { name: 'teapot', ...policy }]);
    for (let time = 0; time < 2; time += 1)
      for (const answer of await answers(ways, plain(TYPENAME)))
        expect(answer).toMatchObject({ status: 200 });
    expect(ways.fast.handedOn()).toBe(1);
    for (let time = 0; time < 2; time += 1) {
      const [expected, ...others] = await answers(ways, refused);
      expect(expected).toMatchObject({
        status: refused === MARKED || policy.execution ? 418 : 400,
        body: expect.stringContaining('"TEAPOT"'),
      });
      for (const other of others) expect(other).toEqual(expected);
    }
  });
});

test('the head of a request is checked once, whichever way it takes', async () => {
  let count = 0;
  const counting: Policy = {
    name: 'counting',
    head() {
      count += 1;
      return undefined;
    },
  };
  const ways = await openBothWays(await openTree(), {}, (list) => [counting, ...list]);
  const countOf = async (sent: Sent) => {
    count = 0;
    await answers(ways, sent);
    return count;
  };
  // The fast path hands on the first, for its document, and answers the second.
  expect(await countOf(plain(TYPENAME))).toBe(3);
  expect(await countOf(plain(TYPENAME))).toBe(3);
  expect(ways.fast.handedOn()).toBe(1);
  expect(await countOf({ method: 'GET', path: '/graphql?query={__typename}' })).toBe(3);
  expect(await countOf(plain(TYPENAME, { host: 'evil.example' }))).toBe(3);
});
