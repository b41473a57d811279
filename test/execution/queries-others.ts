import type { Named } from './by-the-book.ts';

/** Queries that are left to graphql-js: conditions, introspection, unusual keys of objects. */
export const NOT_PLANNED: readonly Named[] = [
  [
    '@skip and @include',
    {
      query:
        'query ($yes: Boolean!, $no: Boolean = false) { session(id: "a") { id @include(if: $yes) title @skip(if: $yes) ... @include(if: $no) { depth } ...V @skip(if: $no) } } fragment V on Session { version }',
      variables: { yes: true },
    },
  ],
  [
    '@include in a fragment of a fragment',
    {
      query:
        'query ($yes: Boolean!) { session(id: "a") { ...A } } fragment A on Session { parent { ...B } } fragment B on Session { id @include(if: $yes) }',
      variables: { yes: false },
    },
  ],
  [
    'an alias __proto__',
    { query: '{ session(id: "a") { __proto__: id title } __proto__: store { sessionCount } }' },
  ],
  [
    'an alias that begins as introspection does',
    { query: '{ session(id: "a") { __id: id __schema: title } }' },
  ],
  [
    'introspection beside data',
    {
      query:
        '{ session(id: "a") { id } __schema { queryType { name fields { name } } } __type(name: "Session") { kind name } }',
    },
  ],
];

/** Queries that end with errors. */
export const FAILING: readonly Named[] = [
  [
    'a cursor that is none',
    { query: '{ session(id: "root") { id children(after: "garbage") { nodes { id } } } }' },
  ],
  [
    'a cursor of another connection',
    {
      query:
        '{ session(id: "root") { descendants(before: "a") { nodes { id } } } sessions(after: "x") { totalCount } }',
    },
  ],
  [
    'a page that is too large',
    { query: '{ session(id: "root") { id children(first: 1001) { totalCount } } }' },
  ],
  [
    'a page of less than nothing',
    { query: '{ session(id: "root") { title history(last: -1) { totalCount } } }' },
  ],
  [
    'both ends at once',
    { query: '{ session(id: "root") { title history(last: 1, first: 1) { totalCount } } }' },
  ],
  [
    'an error in each place of a list',
    { query: '{ session(id: "root") { children { nodes { id history(first: -1) { totalCount } } } } }' },
  ],
  [
    'an error in a place that may be null',
    {
      query:
        '{ a: session(id: "a") { id } node(id: "root") { id ... on Session { children(first: -1) { totalCount } } } }',
    },
  ],
  [
    'an error of a variable in use',
    {
      query:
        'query ($n: Int) { node(id: "root") { id ... on Session { children(first: $n) { totalCount } } } }',
      variables: { n: -5 },
    },
  ],
  [
    'a search that is too long',
    {
      query: 'query ($q: String!) { searchMessages(query: $q) { isComplete } }',
      variables: { q: 'x'.repeat(501) },
    },
  ],
  [
    'an error beside others that come later',
    {
      query:
        '{ searchMessages(query: "x", first: -1) { isComplete } session(id: "root") { history { nodes { id } } } sessions(first: -1) { totalCount } }',
    },
  ],
  [
    'too many ids',
    {
      query: 'query ($ids: [ID!]!) { store { sessionCount } nodes(ids: $ids) { id } }',
      variables: { ids: Array(1_001).fill('a') },
    },
  ],
];

/** Requests that are refused before execution. */
export const REFUSED: readonly Named[] = [
  ['a variable that is required and missing', { query: 'query ($id: ID!) { session(id: $id) { id } }' }],
  [
    'a variable that is required and null',
    { query: 'query ($id: ID!) { session(id: $id) { id } }', variables: { id: null } },
  ],
  [
    'variables of wrong types',
    {
      query:
        'query ($id: ID!, $n: Int, $r: [MessageRole!], $f: SessionFilter) { session(id: $id) { history(first: $n, roles: $r) { totalCount } } sessions(filter: $f) { totalCount } }',
      variables: { id: {}, n: 'x', r: ['NOBODY'], f: { unknown: 1, createdAfter: 'soon' } },
    },
  ],
  [
    'null in a list of what is never null',
    { query: 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', variables: { ids: ['a', null] } },
  ],
  [
    'no operation of that name',
    { query: 'query A { __typename } query B { __typename }', operationName: 'C' },
  ],
  ['several operations and no name', { query: 'query A { __typename } query B { __typename }' }],
];
