import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { childrenCursor } from '../../src/schema/cursor.ts';
import type { Sent } from '../support/http-client.ts';
import { GRAPHQL_RESPONSE, JSON_TYPE, TEST_STORE, type TestServerOptions } from './support.ts';

export type Case = readonly [name: string, sent: Sent, options?: TestServerOptions];

/** A request in the form that programs send. */
export function plain(params: object | string, headers: Sent['headers'] = {}): Sent {
  const body = typeof params === 'string' ? params : JSON.stringify(params);
  return { headers: { ...JSON_TYPE, accept: GRAPHQL_RESPONSE, ...headers }, body };
}

const TREE = `query Tree($n: Int = 2) {
  session(id: "root") { id metadata children(first: $n) { totalCount nodes { id title history(last: 1) { nodes { role content payload } } } } }
}`;
const TYPENAME = { query: '{ __typename }' };
/** A query with a long answer. */
export const TYPES = { query: '{ __schema { types { name fields { name } } } }' };
const BY_ID = 'query ($id: ID!) { session(id: $id) { id version } }';
const CREATE =
  'mutation Create($input: CreateSessionInput!) { createSession(input: $input) { __typename ... on CreateSessionPayload { session { id createdAt version } } ... on Error { message } } }';
/** A query with its hash. Either may be sent without the other. */
export const ID_BY_HASH = {
  query: BY_ID,
  extensions: {
    persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(BY_ID).digest('hex') },
  },
};
const TWO =
  'query A { __typename } query B { store { __typename } } mutation C { updateSession(input: { sessionId: "none" }) { __typename } }';

/** Requests that register the documents of requests that are passed on nevertheless. */
export const KNOWN: readonly Sent[] = [
  plain(TYPENAME),
  plain(TYPES),
  plain({ query: TREE }),
  plain({ query: BY_ID, variables: { id: 'root' } }),
  plain({ query: CREATE, variables: { input: { id: 'root' } } }),
  plain({ query: TWO, operationName: 'A' }),
  plain({ ...ID_BY_HASH, variables: { id: 'root' } }),
];

/** Requests that the fast path answers itself, once their documents are registered. */
export const OWN: readonly Case[] = [
  ['a query', plain({ query: TREE })],
  ['a query with variables', plain({ query: TREE, variables: { n: 1 } })],
  [
    'variables, a name and extensions that are null',
    plain({ query: TREE, variables: null, operationName: null, extensions: null }),
  ],
  ['a query string', { ...plain(TYPENAME), path: '/graphql?a=1' }],
  [
    'an address that is whole',
    { ...plain(TYPENAME, { host: 'evil.example' }), path: 'http://localhost:4000/graphql' },
  ],
  ['extensions', plain({ ...TYPENAME, extensions: { persisted: true } })],
  ['a query that finds nothing', plain({ query: BY_ID, variables: { id: 'none' } })],
  ['an operation by its name', plain({ query: TWO, operationName: 'B' })],
  ['a mutation of that document', plain({ query: TWO, operationName: 'C' })],
  [
    'conditions',
    plain({
      query:
        'query ($yes: Boolean!) { __typename @skip(if: $yes) store { sessionCount @include(if: $yes) } }',
      variables: { yes: true },
    }),
  ],
  ['introspection', plain(TYPES)],
  [
    'a mutation that is sent again',
    plain({ query: CREATE, variables: { input: { id: 'made', operationId: 'make' } } }),
  ],
  ['a mutation with a typed error', plain({ query: CREATE, variables: { input: { id: 'root' } } })],
  [
    'a mutation with faults in its input',
    plain({ query: CREATE, variables: { input: { id: 'no id!', title: 'x'.repeat(501) } } }),
  ],
  [
    'a mutation with an operation that was another',
    plain({ query: CREATE, variables: { input: { id: 'other', operationId: 'root' } } }),
  ],
  [
    'an error beside data',
    plain({
      query:
        'query ($after: String) { node(id: "root") { ... on Session { children(after: $after) { totalCount } } } store { sessionCount } }',
      variables: { after: childrenCursor(TEST_STORE, 'another').encode(1) },
    }),
  ],
  ['a budget that is spent', plain({ query: TREE }), { limits: { objects: 2 } }],
  [
    'a budget that is spent by a mutation',
    plain({
      query:
        'mutation { updateSession(input: { sessionId: "root", title: "root", operationId: "again" }) { ... on UpdateSessionPayload { session { root { id } } } } }',
    }),
    { limits: { objects: 1 } },
  ],
  ['text of many languages', plain({ query: '# größe 数据 \u{1F600}\n{ __typename }' })],
  ['no Accept', { headers: { ...JSON_TYPE }, body: JSON.stringify(TYPENAME) }],
  ['Accept: */*', plain(TYPENAME, { accept: '*/*' })],
  ['Accept: application/json', plain(TYPENAME, { accept: 'application/json' })],
  ['Accept as axios has it', plain(TYPENAME, { accept: 'application/json, text/plain, */*' })],
  ['Accept: application/json, */*', plain(TYPENAME, { accept: 'application/json, */*' })],
  ['Accept of both types', plain(TYPENAME, { accept: `${GRAPHQL_RESPONSE}, application/json` })],
  ['Accept with a preference', plain(TYPENAME, { accept: `${GRAPHQL_RESPONSE},application/json;q=0.9` })],
  ['Accept of anything of ours', plain(TYPENAME, { accept: 'application/*' })],
  ['an empty Accept', plain(TYPENAME, { accept: '' })],
  ['a browser, by Sec-Fetch-Site', plain(TYPENAME, { 'sec-fetch-site': 'same-origin' })],
  ['a Content-Encoding that changes nothing', plain(TYPENAME, { 'content-encoding': 'Identity' })],
  ['a charset', plain(TYPENAME, { 'content-type': 'application/json; charset=UTF-8' })],
  ['a content type in capitals', plain(TYPENAME, { 'content-type': 'Application/JSON' })],
  ['an id', plain(TYPENAME, { 'x-request-id': 'Trace_1.2-3' })],
  ['an id that is none', plain(TYPENAME, { 'x-request-id': 'a b' })],
  ['a host of its own', plain(TYPENAME, { host: '127.0.0.1:4000' })],
  [
    'an allowed host',
    plain(TYPENAME, { host: 'Sessions.Example:443' }),
    { allowedHosts: ['sessions.example'] },
  ],
  [
    'a server with allowed origins, to no browser',
    plain(TYPENAME),
    { allowedOrigins: ['https://app.example'] },
  ],
  [
    'headers that mean nothing',
    plain(TYPENAME, {
      cookie: 'a=1',
      authorization: 'Bearer x',
      'user-agent': 'x',
      'apollo-require-preflight': '1',
    }),
  ],
  ['a program that takes gzip, as Node has it', plain(TYPES, { 'accept-encoding': 'gzip, deflate' })],
  [
    'a program that takes gzip, as Ruby has it',
    plain(TYPES, { 'accept-encoding': 'gzip;q=1.0,deflate;q=0.6,identity;q=0.3' }),
  ],
  ['a program behind a proxy that takes no gzip', plain(TYPES, { 'x-forwarded-for': '10.0.0.7' })],
  ['a body of just the limit', plain(JSON.stringify(TYPENAME).padEnd(100)), { limits: { bodyBytes: 100 } }],
  ['a body of 64 KiB', plain(JSON.stringify(TYPENAME).padEnd(64 * 1024))],
];

const HUGE = `{ ${Array.from({ length: 3_000 }, () => '__typename').join(' ')} }`;

/** Requests that Yoga always answers, even if their documents are registered. */
export const HANDED_ON: readonly Case[] = [
  ['a body over 64 KiB', plain(JSON.stringify(TYPENAME).padEnd(64 * 1024 + 1))],
  ['a body over the limit', plain(JSON.stringify(TYPENAME).padEnd(101)), { limits: { bodyBytes: 100 } }],
  ['a body in chunks', plain(TYPENAME, { 'transfer-encoding': 'chunked' })],
  [
    'a body that is compressed',
    { ...plain('', { 'content-encoding': 'gzip' }), body: gzipSync(JSON.stringify(TYPENAME)) },
  ],
  ['a body that says it is compressed, and is not', plain(TYPENAME, { 'content-encoding': 'br' })],
  ['a document that is too long to be kept', plain({ query: HUGE })],
  ['an empty body', plain('')],
  ['no body', { headers: { ...JSON_TYPE } }],
  ['broken JSON', plain('{"query":"{ __typename }"')],
  [
    'text that is not UTF-8',
    { ...plain(''), body: Buffer.from('{"query":"{ __typename } # \xe9"}', 'latin1') },
  ],
  ['null', plain('null')],
  ['a list', plain([TYPENAME])],
  ['an unknown parameter', plain({ ...TYPENAME, id: 1 })],
  ['no query', plain({ operationName: 'A' })],
  ['a query with its hash', plain({ ...ID_BY_HASH, variables: { id: 'root' } })],
  ['a query with the hash of another', plain({ ...ID_BY_HASH, ...TYPENAME })],
  [
    'a hash in the place of a query',
    plain({ query: ID_BY_HASH.extensions.persistedQuery.sha256Hash, variables: { id: 'root' } }),
  ],
  [
    'a hash that is not known',
    plain({ extensions: { persistedQuery: { version: 1, sha256Hash: '0'.repeat(64) } } }),
  ],
  ['a hash of another version', plain({ ...TYPENAME, extensions: { persistedQuery: { version: 2 } } })],
  ['a hash that is none', plain({ ...TYPENAME, extensions: { persistedQuery: { version: 1 } } })],
  ['@defer', plain({ query: '{ ... @defer { __typename } }' })],
  ['@stream', plain({ query: '{ sessions { nodes @stream { id } } }' })],
  ['an empty query', plain({ query: '' })],
  ['variables in a list', plain({ ...TYPENAME, variables: [] })],
  ['a name that is no string', plain({ ...TYPENAME, operationName: 1 })],
  ['a name that is empty', plain({ ...TYPENAME, operationName: '' })],
  ['a query that cannot be parsed', plain({ query: '{' })],
  ['a field that is not there', plain({ query: '{ nope }' })],
  ['a document that is too deep', plain({ query: TREE }), { limits: { depth: 3 } }],
  [
    'a document of too many aliases',
    plain({ query: '{ a: __typename b: __typename }' }),
    { limits: { aliases: 1 } },
  ],
  ['a document of too many tokens', plain({ query: '{ __typename __typename }' }), { limits: { tokens: 3 } }],
  ['no operation of that name', plain({ query: TWO, operationName: 'D' })],
  ['several operations and no name', plain({ query: TWO })],
  ['no operation', plain({ query: 'fragment A on Query { __typename }' })],
  ['a variable that is missing', plain({ query: BY_ID })],
  ['a variable of the wrong type', plain({ query: BY_ID, variables: { id: {} } })],
  [
    'a mutation whose variables are wrong',
    plain({ query: CREATE, variables: { input: { id: 1.5, no: 1 } } }),
  ],
  [
    'a variable of the wrong type, to a client of the older type',
    plain({ query: BY_ID, variables: { id: {} } }, { accept: '*/*' }),
  ],
  ['an argument that is wrong', plain({ query: '{ sessions(first: -1) { totalCount } }' })],
  [
    'an argument that is wrong, to a client of the older type',
    plain({ query: '{ sessions(first: -1) { totalCount } }' }, { accept: 'application/json' }),
  ],
  ['an argument that is wrong by its variable', plain({ query: TREE, variables: { n: 1_001 } })],
  ['an unknown Accept', plain(TYPENAME, { accept: 'text/plain' })],
  ['a client that takes a stream', plain(TYPENAME, { accept: 'text/event-stream' })],
  ['another content type', plain(TYPENAME, { 'content-type': 'text/plain' })],
  ['no content type', { headers: {}, body: JSON.stringify(TYPENAME) }],
  ['a wrong host', plain(TYPENAME, { host: 'evil.example' })],
  ['a host that begins as its own', plain(TYPENAME, { host: 'localhost.evil.example' })],
  ['an own Origin', plain(TYPENAME, { origin: 'http://localhost' })],
  ['a foreign Origin', plain(TYPENAME, { origin: 'https://evil.example' })],
  [
    'an allowed Origin',
    plain(TYPENAME, { origin: 'https://app.example' }),
    { allowedOrigins: ['https://app.example'] },
  ],
  ['an Origin that is null', plain(TYPENAME, { origin: 'null' })],
  [
    'a browser that takes gzip',
    plain(TYPES, { 'sec-fetch-site': 'same-origin', 'accept-encoding': 'gzip, deflate, br, zstd' }),
  ],
  [
    'a program behind a proxy that takes gzip',
    plain(TYPES, { 'x-forwarded-for': '10.0.0.7', 'accept-encoding': 'gzip' }),
  ],
  ['a program that takes nothing but gzip', plain(TYPENAME, { 'accept-encoding': 'gzip, identity;q=0' })],
  ['a program that takes nothing', plain(TYPENAME, { 'accept-encoding': 'identity;q=0' })],
  ['another site, by Sec-Fetch-Site', plain(TYPENAME, { 'sec-fetch-site': 'cross-site' })],
  ['GET', { method: 'GET', path: '/graphql?query={__typename}' }],
  ['GET of GraphiQL', { method: 'GET', headers: { accept: 'text/html' } }],
  [
    'a mutation by GET',
    {
      method: 'GET',
      path: `/graphql?query=${encodeURIComponent('mutation { updateSession(input: { sessionId: "none" }) { __typename } }')}`,
    },
  ],
  [
    'a preflight',
    {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' },
    },
    { allowedOrigins: ['https://app.example'] },
  ],
  [
    'a preflight of another origin',
    {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    },
  ],
  ['PUT', { ...plain(TYPENAME), method: 'PUT' }],
  ['HEAD', { method: 'HEAD' }],
  ['another path', { ...plain(TYPENAME), path: '/other' }],
  ['a path with a slash at its end', { ...plain(TYPENAME), path: '/graphql/' }],
  ['the bare address', { method: 'GET', path: '/' }],
  ['a subscription', plain({ query: 'subscription { x }' })],
];
