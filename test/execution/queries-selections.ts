import type { Named } from './by-the-book.ts';

const SESSION = 'id title userId depth metadata createdAt archivedAt version';
/** Ways to select fields that a plan executes without falling back to graphql-js. */
export const SELECTIONS: readonly Named[] = [
  ['all fields of a session', { query: `{ session(id: "root") { ${SESSION} damage { line reason } } }` }],
  ['a session that is not there', { query: '{ session(id: "none") { id } }' }],
  [
    'aliases, in another order than they resolve',
    {
      query:
        '{ z: session(id: "a") { b: id a: title } store { sessionCount } y: session(id: "none") { id } }',
    },
  ],
  [
    'aliases that objects have of their own',
    {
      query:
        '{ session(id: "a") { toString: id constructor: title then: depth toJSON: version hasOwnProperty: id } }',
    },
  ],
  ['the same field twice', { query: '{ session(id: "a") { id } session(id: "a") { title id } }' }],
  [
    'the same field three times, at three levels',
    {
      query:
        '{ session(id: "root") { children { nodes { id } } } session(id: "root") { children { nodes { title } totalCount } } session(id: "root") { id children { nodes { id depth } } } }',
    },
  ],
  [
    'selections merged through fragments at several levels',
    {
      query: `
    { session(id: "root") { ...A ...B children { nodes { ...C } } ...A } }
    fragment A on Session { children { nodes { id ...D } } }
    fragment B on Session { title children { totalCount nodes { ...D depth } } }
    fragment C on Session { parent { ...D } }
    fragment D on Session { parent { id ... on Node { id __typename } } }`,
    },
  ],
  [
    'one fragment in many places',
    {
      query:
        '{ session(id: "root") { ...S children { nodes { ...S parent { ...S } } } root { ...S } } } fragment S on Session { id history(last: 1) { nodes { content } } }',
    },
  ],
  [
    'one fragment on objects of two types',
    {
      query:
        '{ nodes(ids: ["a", "a:0", "b"]) { ...N } } fragment N on Node { id __typename ... on Message { session { ...I } } ... on Session { parent { ...I } } } fragment I on Node { id }',
    },
  ],
  [
    'inline fragments with and without a condition',
    {
      query:
        '{ ... { session(id: "a") { ... { id ... { title } } ... on Session { depth } ... on Node { id version: __typename } } } ... on Query { store { messageCount } } }',
    },
  ],
  [
    'the interface Node',
    {
      query:
        '{ node(id: "a") { id __typename } m: node(id: "a:1") { __typename id } none: node(id: "none") { id } }',
    },
  ],
  [
    'fragments that do not apply',
    {
      query:
        '{ node(id: "a") { ... on Message { content } ...M } m: node(id: "a:0") { ... on Session { title } ...M } } fragment M on Message { role content session { title } }',
    },
  ],
  [
    'the same key for another field in each type',
    {
      query:
        '{ nodes(ids: ["a:0", "a", "none", "a:99", "no id!", ""]) { ... on Message { metadata createdAt } ... on Session { metadata createdAt } } }',
    },
  ],
  [
    'merged selections of an interface',
    {
      query: '{ node(id: "a") { id } node(id: "a") { ... on Session { title } ... on Message { content } } }',
    },
  ],
  [
    'more selections than a plan that is kept may have',
    {
      query: `{ ${Array.from({ length: 600 }, (_, n) => `s${n}: session(id: "a") { id }`).join(' ')} }`,
    },
  ],
  [
    '__typename everywhere',
    {
      query:
        '{ __typename q: __typename session(id: "root") { __typename children { __typename nodes { __typename } edges { __typename node { __typename } } pageInfo { __typename } } history { c: __typename edges { e: __typename } } } store { __typename } }',
    },
  ],
];
