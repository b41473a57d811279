import type { Attack } from '../attack.ts';
import { bodyOf } from '../client.ts';
import { MB } from '../store-writer.ts';
import { aliased } from './answers.ts';

/* Documents, variables and JSON that cost more to read than to send. A refusal repeats nothing of what came. */

/** Bytes that a refusal may have. */
const REFUSAL_BYTES = 64 * 1024;

/** Every code with which a document or its parameters are refused before anything is executed. */
const REFUSED = [
  'BAD_REQUEST',
  'BAD_USER_INPUT',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'QUERY_TOO_DEEP',
  'TOO_MANY_ALIASES',
  'TOO_MANY_TOKENS',
  'DOCUMENT_TOO_LONG',
  'OPERATION_RESOLUTION_FAILURE',
  'BATCHING_NOT_SUPPORTED',
]
  .flatMap((code) => [`400 ${code}`, `200 ${code}`])
  .concat('413 PAYLOAD_TOO_LARGE');

const LARGE = 30 * MB;

/** An attack of some bodies, each of which is refused in few words. */
function refusedBodies(
  attack: Omit<Attack, 'run' | 'allowed'> & Partial<Pick<Attack, 'allowed'>>,
  bodies: () => readonly string[],
): Attack {
  return {
    allowed: REFUSED,
    ...attack,
    async run({ server, got, expect }) {
      for (const body of bodies()) {
        const answer = await server.send({ body });
        got(answer);
        expect(answer.bytes < REFUSAL_BYTES, `a refusal of ${answer.bytes} bytes`);
      }
    },
  };
}

export const DOCUMENTS: readonly Attack[] = [
  refusedBodies(
    {
      name: 'long-field-name',
      what: 'documents of 30 MB: one name, one string, one comment, spaces, commas',
      hasLargeBodies: true,
      growthMb: 350,
    },
    () => [
      bodyOf(`{ ${'f'.repeat(LARGE)} }`),
      bodyOf(`{ session(id: "${'s'.repeat(LARGE)}") { id } }`),
      bodyOf(`# ${'c'.repeat(LARGE)}\n{ f }`),
      bodyOf(`{ ${' '.repeat(LARGE)} f }`),
      bodyOf(`{ ${','.repeat(LARGE)} f }`),
    ],
  ),
  refusedBodies(
    {
      name: 'deep-json',
      what: '30 MB of nested lists and objects, in a variable and as the body',
      hasLargeBodies: true,
      growthMb: 450,
    },
    () => {
      const nested = `${'['.repeat(LARGE / 2)}${']'.repeat(LARGE / 2)}`;
      const objects = `${'{"a":'.repeat(LARGE / 6)}1${'}'.repeat(LARGE / 6)}`;
      return [
        nested,
        `{"query":"{ nope }","variables":{"v":${nested}}}`,
        `{"query":"{ nope }","extensions":${objects}}`,
      ];
    },
  ),
  refusedBodies(
    {
      name: 'wide-json',
      what: '30 MB of keys, of numbers, of escapes and of one number',
      hasLargeBodies: true,
      growthMb: 550,
    },
    () => {
      const keys = Array.from({ length: 900_000 }, (_, n) => `"k${n}":${n % 10}`).join();
      return [
        `{"query":"{ nope }","variables":{${keys}}}`,
        `{"query":"{ nope }","variables":{"v":[${'1,'.repeat(LARGE / 2 - 1)}1]}}`,
        `{"query":"{ nope }","variables":{"v":"${'\\u0041'.repeat(LARGE / 6)}"}}`,
        `{"query":"{ nope }","variables":{"v":${'9'.repeat(LARGE)}}}`,
      ];
    },
  ),
  refusedBodies(
    {
      name: 'long-parameters',
      what: 'an `operationName`, a hash, an id, a cursor and a search of 30 MB',
      hasLargeBodies: true,
      growthMb: 450,
      allowed: [...REFUSED, '200 ok', '400 PERSISTED_QUERY_MISMATCH', '200 PERSISTED_QUERY_NOT_FOUND'],
    },
    () => {
      const long = 'l'.repeat(LARGE);
      return [
        JSON.stringify({ query: '{ __typename }', operationName: long }),
        JSON.stringify({ extensions: { persistedQuery: { version: 1, sha256Hash: long } } }),
        bodyOf('query($v: ID!) { session(id: $v) { id } }', { v: long }),
        bodyOf('query($v: String!) { sessions(after: $v) { nodes { id } } }', { v: long }),
        bodyOf('query($v: String!) { searchMessages(query: $v) { nodes { id } } }', { v: long }),
      ];
    },
  ),
  refusedBodies(
    {
      name: 'many-wrong-values',
      what: 'lists of a million values of the wrong type, in variables',
      hasLargeBodies: true,
      growthMb: 450,
    },
    () => [
      bodyOf('query($v: [MessageRole!]!) { searchMessages(query: "a", roles: $v) { nodes { id } } }', {
        v: Array.from({ length: 1_000_000 }, () => 'NOBODY'),
      }),
      bodyOf('query($v: [ID!]!) { nodes(ids: $v) { id } }', {
        v: Array.from({ length: 1_000_000 }, () => null),
      }),
      bodyOf('query($v: [ID!]!) { nodes(ids: $v) { id } }', {
        v: Array.from({ length: 1_000_000 }, (_, n) => `${n}`),
      }),
    ],
  ),
  refusedBodies(
    { name: 'invalid-json', what: '30 MB that are not JSON', hasLargeBodies: true, growthMb: 450 },
    () => ['a'.repeat(LARGE), `{"query":"${'a'.repeat(LARGE)}`, '\0'.repeat(LARGE)],
  ),
  refusedBodies(
    {
      name: 'documents-out-of-bounds',
      what: '10,000 aliases, 5,000 directives, 100,000 levels, lists and types as deep',
    },
    () => [
      bodyOf(`{ ${aliased('__typename', 10_000)} }`),
      bodyOf(`{ __typename ${'@skip(if: false) '.repeat(5_000)} }`),
      bodyOf(`${'{ session '.repeat(100_000)}${'}'.repeat(100_000)}`),
      bodyOf(`{ session(id: ${'['.repeat(100_000)}${']'.repeat(100_000)}) { id } }`),
      bodyOf(`query($v: ${'['.repeat(100_000)}Int${']'.repeat(100_000)}) { __typename }`),
    ],
  ),
  refusedBodies(
    { name: 'fragment-bombs', what: 'fragments that double at each of 30 levels, and cycles of fragments' },
    () => {
      const doubling = Array.from(
        { length: 30 },
        (_, n) => `fragment F${n} on Session { children { nodes { ...F${n + 1} } } parent { ...F${n + 1} } }`,
      );
      return [
        bodyOf(`{ session(id: "a") { ...F0 } } ${doubling.join(' ')} fragment F30 on Session { id }`),
        bodyOf('{ session(id: "a") { ...A } } fragment A on Session { ...B } fragment B on Session { ...A }'),
      ];
    },
  ),
  {
    name: 'overlapping-fields',
    what: 'the same field hundreds of times, with and without arguments, and in nested fragments',
    allowed: [...REFUSED, '200 ok'],
    async run({ server, got }) {
      const flat = `{ session(id: "witness") { ${'title '.repeat(2_000)} } }`;
      const nested = `{ ${'session(id: "witness") { children { nodes { id } } } '.repeat(250)} }`;
      const fragments = Array.from(
        { length: 40 },
        (_, n) => `fragment F${n} on Session { ${'id title '.repeat(40)} ...F${n + 1} }`,
      );
      const spread = `{ session(id: "witness") { ${'...F0 '.repeat(100)} } } ${fragments.join(' ')} fragment F40 on Session { id }`;
      for (const document of [flat, nested, spread]) got(await server.query(document));
    },
  },
  {
    name: 'distinct-documents',
    what: 'thousands of documents that are all different, valid and not',
    allowed: ['200 ok', '200 GRAPHQL_VALIDATION_FAILED'],
    growthMb: 450,
    async run({ server, got, pick }) {
      await inLanes(pick(300, 50_000), async (n) => {
        const field = n % 4 === 0 ? 'nope' : 'title';
        got(await server.query(`query Q${n} { session(id: "witness") { a${n}: ${field} } }`));
      });
    },
  },
  {
    name: 'distinct-operations',
    what: 'thousands of operation ids, users and hashes that are all different',
    // A user may name nobody else's trees.
    allowed: ['200 ok', '200 PERSISTED_QUERY_NOT_FOUND', '200 ForbiddenError'],
    growthMb: 450,
    async run({ server, got, pick }) {
      await inLanes(pick(150, 10_000), async (n) => {
        const input = { operationId: `distinct-operations-${process.pid}-${n}`, userId: `user-${n}` };
        got(
          await server.query(
            'mutation($i: CreateSessionInput!) { createSession(input: $i) { __typename } }',
            {
              i: input,
            },
          ),
        );
        const sha256Hash = n.toString(16).padStart(64, '0');
        got(
          await server.send({
            body: JSON.stringify({ extensions: { persistedQuery: { version: 1, sha256Hash } } }),
          }),
        );
      });
    },
  },
  {
    name: 'forged-cursors-and-ids',
    what: 'cursors that are garbage, of other lists, cut short; ids of messages with endless ordinals',
    allowed: ['200 ok', '200 BAD_USER_INPUT', '400 BAD_USER_INPUT'],
    async run({ server, got }) {
      // Of the attacker's own list, which is empty for a user.
      await server.read('mutation { createSession(input: {}) { __typename } }');
      const { sessions } = await server.read<{ sessions: { pageInfo: { endCursor: string } } }>(
        '{ sessions(first: 1) { pageInfo { endCursor } } }',
      );
      const cursor = sessions.pageInfo.endCursor;
      const json = Buffer.from('{"__proto__":[1e999,null]}').toString('base64url');
      const forged = ['', '=', 'AAAA', '\0', 'ÿ', cursor.slice(1), `${cursor}A`, cursor.repeat(200), json];
      for (const after of [cursor, ...forged])
        for (const list of ['sessions', 'searchMessages'])
          got(
            await server.query(
              `query($after: String) { ${list}${list === 'sessions' ? '(' : '(query: "a", '}after: $after) { pageInfo { endCursor } } }`,
              { after },
            ),
          );
      const ids = [
        `witness:${'9'.repeat(400)}`,
        'witness:-1',
        'witness:1e3',
        'witness: 1',
        'witness:',
        ':',
        ':::',
        'witness:0:0',
      ];
      got(await server.query('query($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids }));
    },
  },
  {
    name: 'names-of-prototypes',
    what: '`__proto__`, `constructor` and the like, wherever a client may write a name',
    allowed: [...REFUSED, '200 ok', '200 InvalidInputError', '200 PERSISTED_QUERY_NOT_FOUND'],
    async run({ server, got, expect }) {
      for (const name of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']) {
        const metadata = JSON.parse(`{"${name}":{"polluted":true}}`) as unknown;
        got(
          await server.query(
            'mutation($i: CreateSessionInput!) { createSession(input: $i) { __typename } }',
            {
              i: { metadata },
            },
          ),
        );
        got(
          await server.query('query($f: SessionFilter) { sessions(filter: $f) { totalCount } }', {
            f: { metadata },
          }),
        );
        got(await server.query(`{ session(id: "witness") { metadataValue(key: "${name}") } }`));
        got(await server.query(`{ ${name}: __typename }`));
        got(await server.send({ body: `{"query":"{ __typename }","${name}":{"polluted":true}}` }));
        got(
          await server.send({
            body: JSON.stringify({ query: `query ${name} { __typename }`, operationName: name }),
          }),
        );
      }
      const { status } = await server.query('{ polluted: __typename }');
      expect(status === 200, `a query afterwards got ${status}`);
    },
  },
];

/** Calls `work` for the numbers below `count`, eight at a time. */
export async function inLanes(count: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: 8 }, lane));
}
