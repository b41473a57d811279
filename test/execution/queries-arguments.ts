import type { Named } from './by-the-book.ts';

const CONNECTION = 'nodes { id } edges { cursor node { id title } } pageInfo { ...P } totalCount';
const PAGE_INFO = 'fragment P on PageInfo { hasNextPage hasPreviousPage startCursor endCursor }';
const SELECT = (depth: number): string =>
  depth === 0
    ? 'id __typename'
    : `id t: __typename parent { id } children { nodes { ${SELECT(depth - 1)} } totalCount }`;

/** Ways to pass arguments, and kinds of answers, that a plan executes without falling back to graphql-js. */
export const ARGUMENTS: readonly Named[] = [
  [
    'variables',
    {
      query: 'query ($id: ID!, $n: Int) { session(id: $id) { children(first: $n) { nodes { id } } } }',
      variables: { id: 'root', n: 2 },
    },
  ],
  [
    'variables with defaults, left out',
    {
      query:
        'query ($id: ID = "root", $n: Int = 1) { node(id: $id) { ... on Session { children(last: $n) { nodes { id } } } } }',
    },
  ],
  [
    'variables with defaults, given',
    {
      query:
        'query ($id: ID! = "none", $n: Int = 1) { session(id: $id) { children(last: $n) { nodes { id } } } }',
      variables: { id: 'root', n: 3 },
    },
  ],
  [
    'a variable that is null',
    {
      query:
        'query ($n: Int = 1, $roles: [MessageRole!]) { session(id: "a") { history(first: $n, roles: $roles) { nodes { id } } } }',
      variables: { n: null, roles: null },
    },
  ],
  [
    'a variable that is left out',
    {
      query:
        'query ($n: Int, $after: String, $filter: SessionFilter) { sessions(first: $n, after: $after, filter: $filter) { nodes { id } } }',
      variables: {},
    },
  ],
  [
    'a variable in a list and in an object',
    {
      query:
        'query ($id: ID!, $role: MessageRole!, $user: String) { nodes(ids: [$id, "a", $id]) { id } sessions(filter: { userId: $user, archived: INCLUDE }) { nodes { id } } session(id: $id) { history(roles: [$role, TOOL]) { nodes { role } } } }',
      variables: { id: 'root', role: 'USER' },
    },
  ],
  [
    'a number for an id',
    {
      query: 'query ($id: ID!) { a: session(id: 7) { id } b: session(id: $id) { id } }',
      variables: { id: 8 },
    },
  ],
  [
    'one value for a list',
    {
      query:
        '{ session(id: "root") { history(roles: USER) { nodes { role content } totalCount } } nodes(ids: "a") { id } }',
    },
  ],
  [
    'one value for a list, by variable',
    {
      query:
        'query ($r: [MessageRole!], $ids: [ID!]!) { session(id: "root") { history(roles: $r) { nodes { role } } } nodes(ids: $ids) { id } }',
      variables: { r: 'TOOL', ids: 'a' },
    },
  ],
  [
    'enums',
    {
      query:
        '{ sessions(orderBy: { field: CREATED_AT, direction: DESC }, filter: { archived: ONLY }) { nodes { id archivedAt } } }',
    },
  ],
  [
    'an input object by variable',
    {
      query:
        'query ($f: SessionFilter, $o: SessionOrder) { sessions(filter: $f, orderBy: $o) { nodes { id } totalCount } }',
      variables: {
        f: {
          userId: 'ada',
          rootsOnly: true,
          createdAfter: '2026-01-31T09:00:00Z',
          metadata: { topic: 'odd' },
        },
        o: { field: 'CREATED_AT', direction: 'ASC' },
      },
    },
  ],
  [
    'times and JSON by literal',
    {
      query:
        '{ sessions(filter: { createdBefore: "2026-01-31T09:05:00Z", metadata: { topic: "a" } }) { nodes { id } } }',
    },
  ],
  [
    'odd keys of metadata',
    {
      query:
        '{ session(id: "root") { metadata a: metadataValue(key: "__proto__") b: metadataValue(key: "constructor") c: metadataValue(key: "toString") d: metadataValue(key: "") history { nodes { metadata payload } } } }',
    },
  ],
  [
    'messages of all roles',
    {
      query:
        '{ session(id: "root") { history { nodes { id position role content name toolCallId payload usage { inputTokens outputTokens costUsd } createdAt session { id } } } } }',
    },
  ],
  [
    'connections whole',
    {
      query: `{ sessions { ${CONNECTION} } session(id: "root") { children { ${CONNECTION} } descendants { ${CONNECTION} } history { nodes { id } edges { cursor node { role } } pageInfo { ...P } totalCount } } } ${PAGE_INFO}`,
    },
  ],
  [
    'connections in part, from both ends',
    {
      query: `{ session(id: "root") { children(last: 2) { ${CONNECTION} } descendants(first: 3, maxDepth: 2) { ${CONNECTION} } d: descendants(last: 2) { ${CONNECTION} } history(first: 1) { pageInfo { ...P } } e: history(first: 0) { nodes { id } pageInfo { ...P } } } } ${PAGE_INFO}`,
    },
  ],
  ['deep nesting', { query: `{ session(id: "root") { ${SELECT(6)} } }` }],
  [
    'what is above',
    {
      query:
        '{ session(id: "a-0-0") { ancestors { id ancestors { id } } root { id root { id } } parent { parent { parent { parent { id } } } } } }',
    },
  ],
  [
    'rollups',
    {
      query:
        '{ session(id: "root") { rollup { sessionCount messageCount historyLength maxDepth lastActiveAt usage { inputTokens outputTokens costUsd } } children { nodes { rollup { sessionCount } } } } }',
    },
  ],
  [
    'forks',
    {
      query:
        '{ nodes(ids: ["fork", "fork-of-gone"]) { ... on Session { id forkedFrom { session { id } sessionId messageId historyLength } history { nodes { id content } } } } }',
    },
  ],
  [
    'a search',
    {
      query:
        '{ searchMessages(query: "hello a*", first: 3) { edges { cursor snippet node { id role session { id } } } nodes { id } pageInfo { hasNextPage startCursor endCursor } } }',
    },
  ],
  [
    'several operations, one named',
    {
      query: 'query A { session(id: "a") { id } } query B($id: ID = "b") { session(id: $id) { title } }',
      operationName: 'B',
    },
  ],
  [
    'the query of a document that also mutates',
    {
      query:
        'mutation M { archiveSession(input: { sessionId: "a" }) { __typename } } query Q { session(id: "a") { version } }',
      operationName: 'Q',
    },
  ],
  [
    'what the store is',
    { query: '{ store { sessionCount messageCount quarantined { path reason since } } }' },
  ],
];
