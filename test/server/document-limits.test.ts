import { getIntrospectionQuery } from 'graphql';
import { describe, expect, test } from 'vitest';
import {
  ALLOWED,
  ENDPOINT,
  type ErrorAnswer,
  GRAPHQL_RESPONSE,
  JSON_TYPE,
  openTestServer,
  outcome,
} from './support.ts';

const refused = (code: string) => ({ status: 400, codes: [code] });
const nested = (levels: number) =>
  `{ session(id: "x") { ${'parent { '.repeat(levels - 2)}id${' }'.repeat(levels - 2)} } }`;

test("GraphiQL's introspection passes", async () => {
  const { post } = await openTestServer();
  const query = getIntrospectionQuery({ schemaDescription: true, inputValueDeprecation: true, oneOf: true });
  expect(await outcome(await post(query))).toEqual(ALLOWED);
});

test('a tree of eight levels with the messages of each passes', async () => {
  const { post } = await openTestServer();
  const page = 'id history(last: 2) { nodes { content usage { inputTokens } } }';
  const tree = (levels: number): string =>
    levels === 0 ? page : `${page} children { edges { node { ${tree(levels - 1)} } } }`;
  expect(await outcome(await post(`{ session(id: "x") { ${tree(8)} } }`))).toEqual(ALLOWED);
});

test.each([
  ['@defer', '{ ... @defer { __typename } }'],
  ['@stream', '{ sessions { nodes @stream { id } } }'],
])('%s, which the server does not do, is refused by its name', async (directive, query) => {
  const { post } = await openTestServer();
  const { errors } = (await (await post(query)).json()) as { errors: ErrorAnswer[] };
  expect(errors).toMatchObject([
    { message: `Unknown directive "${directive}".`, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
  ]);
});

test('a document refused by its limits is answered with 200 to a client of the older media type', async () => {
  const { post } = await openTestServer({ limits: { depth: 3 } });
  const response = await post(nested(4), { accept: 'application/json' });
  expect(await outcome(response)).toEqual({ status: 200, codes: ['QUERY_TOO_DEEP'] });
});

describe('depth', () => {
  test('as deep as the limit passes, one deeper does not', async () => {
    const { post } = await openTestServer({ limits: { depth: 10 } });
    expect(await outcome(await post(nested(10)))).toEqual(ALLOWED);
    expect(await outcome(await post(nested(11)))).toEqual(refused('QUERY_TOO_DEEP'));
  });

  test('fragments count where they are spread', async () => {
    const { post } = await openTestServer({ limits: { depth: 4 } });
    const query = (field: string) =>
      `{ session(id: "x") { ...A } } fragment A on Session { parent { ... on Session { ...B } } } fragment B on Session { ${field} }`;
    expect(await outcome(await post(query('parent { id }')))).toEqual(ALLOWED);
    expect(await outcome(await post(query('parent { parent { id } }')))).toEqual(refused('QUERY_TOO_DEEP'));
  });

  test('a fragment that spreads itself is refused for that', async () => {
    const { post } = await openTestServer();
    const query =
      '{ session(id: "x") { ...A } } fragment A on Session { parent { ...B } } fragment B on Session { parent { ...A } }';
    expect(await outcome(await post(query))).toEqual(refused('GRAPHQL_VALIDATION_FAILED'));
  });

  test.each([
    ['fields', '{a'.repeat(2_000), ''],
    ['lists', `{ session(id: ${'['.repeat(4_000)}`, ''],
    ['objects', `{ session(id: ${'{a:'.repeat(1_500)}`, ''],
    ['inline fragments', `{${'...{'.repeat(1_200)}`, ''],
  ])('%s that would overflow the stack are refused', async (_name, query) => {
    const { post } = await openTestServer();
    expect(await outcome(await post(query))).toEqual(refused('QUERY_TOO_DEEP'));
  });

  test('a literal as deep as a payload may be is read', async () => {
    const { post } = await openTestServer();
    const payload = `${'[['.repeat(63)}1${']]'.repeat(63)}`;
    const query = `mutation { appendMessages(input: { sessionId: "none", messages: [{ role: USER, content: "", payload: ${payload} }] }) { __typename } }`;
    const response = await post(query);
    expect(await response.json()).toEqual({
      data: { appendMessages: { __typename: 'SessionNotFoundError' } },
    });
  });

  test('brackets in strings and comments are none', async () => {
    const { post } = await openTestServer();
    const brackets = '{[('.repeat(300);
    const query = `
      # ${brackets}
      { a: session(id: "${brackets}\\"") { id } b: session(id: """${brackets}\\""" " """) { id } }`;
    expect((await outcome(await post(query))).codes).not.toContain('QUERY_TOO_DEEP');
  });
});

describe('tokens', () => {
  test('as many as the limit pass, one more does not', async () => {
    const { post } = await openTestServer({ limits: { tokens: 5 } });
    expect(await outcome(await post('{ __typename __typename __typename }'))).toEqual(ALLOWED);
    expect(await outcome(await post('{ __typename __typename __typename __typename }'))).toEqual(
      refused('TOO_MANY_TOKENS'),
    );
  });

  test('comments, which the parser keeps, are bounded likewise', async () => {
    const { post } = await openTestServer({ limits: { tokens: 5 } });
    const commented = (comments: number) => `${'#\n'.repeat(comments)}{ __typename }`;
    expect(await outcome(await post(commented(5)))).toEqual(ALLOWED);
    expect(await outcome(await post(commented(6)))).toEqual(refused('TOO_MANY_TOKENS'));
  });
});

describe('aliases', () => {
  test('as many as the limit pass, one more does not', async () => {
    const { post } = await openTestServer({ limits: { aliases: 2 } });
    expect(await outcome(await post('{ a: __typename b: __typename __typename }'))).toEqual(ALLOWED);
    expect(await outcome(await post('{ a: __typename b: __typename c: __typename }'))).toEqual(
      refused('TOO_MANY_ALIASES'),
    );
  });

  test('those of a fragment count at each spread', async () => {
    const { post } = await openTestServer({ limits: { aliases: 4 } });
    const query = (spreads: number) =>
      `{ session(id: "x") { ...A ${'parent { ...A } root { ...A }'.slice(0, spreads)} } } fragment A on Session { a: id b: title }`;
    expect(await outcome(await post(query('parent { ...A }'.length)))).toEqual(ALLOWED);
    expect(await outcome(await post(query(100)))).toEqual(refused('TOO_MANY_ALIASES'));
  });

  test('fragments that double at each step are counted without being followed to the end', async () => {
    const { post } = await openTestServer();
    const step = (at: number) =>
      `fragment F${at} on Session { a${at}: parent { ...F${at + 1} } b${at}: parent { ...F${at + 1} } }`;
    const steps = Array.from({ length: 40 }, (_, at) => step(at)).join(' ');
    const query = `{ session(id: "x") { ...F0 } } ${steps} fragment F40 on Session { id }`;
    expect(await outcome(await post(query))).toEqual(refused('TOO_MANY_ALIASES'));
  });
});

describe('mutations', () => {
  const update = (key: string) => `${key}: updateSession(input: { sessionId: "none" }) { __typename }`;
  const mutationOf = (keys: readonly string[]) => `mutation { __typename ${keys.map(update).join(' ')} }`;

  test('as many as the limit pass, one more does not', async () => {
    const { post } = await openTestServer({ limits: { mutations: 3 } });
    expect(await outcome(await post(mutationOf(['a', 'b', 'c'])))).toEqual(ALLOWED);
    expect(await outcome(await post(mutationOf(['a', 'b', 'c', 'd'])))).toEqual(
      refused('TOO_MANY_MUTATIONS'),
    );
  });

  test('fragments count, and what is selected twice is executed and counted once', async () => {
    const { post } = await openTestServer({ limits: { mutations: 2 } });
    const query = (key: string) =>
      `mutation { ...A ...A ... on Mutation { ${update('a')} } } fragment A on Mutation { ${update('a')} ${update('b')} ${update(key)} }`;
    expect(await outcome(await post(query('b')))).toEqual(ALLOWED);
    expect(await outcome(await post(query('c')))).toEqual(refused('TOO_MANY_MUTATIONS'));
  });
});

describe('length', () => {
  test('as long as the limit passes, one character more does not, by either method', async () => {
    const { post, fetch } = await openTestServer({ limits: { documentLength: 20 } });
    for (const [length, expected] of [
      [20, ALLOWED],
      [21, refused('DOCUMENT_TOO_LONG')],
    ] as const) {
      const query = '{ __typename }'.padEnd(length);
      expect(await outcome(await post(query))).toEqual(expected);
      const url = `${ENDPOINT}?query=${encodeURIComponent(query)}`;
      expect(await outcome(await fetch({ headers: { accept: GRAPHQL_RESPONSE } }, url))).toEqual(expected);
    }
  });

  test.each([
    ['a name', (text: string) => ({ query: `{ ${text} }` })],
    ['a string', (text: string) => ({ query: `{ session(id: "${text}") { id } }` })],
    ['a comment', (text: string) => ({ query: `{ __typename } # ${text}` })],
    ['an operationName', (text: string) => ({ query: '{ __typename }', operationName: text })],
  ])('%s of many megabytes is refused, and not repeated in the answer', async (_name, paramsOf) => {
    const { fetch } = await openTestServer();
    const body = JSON.stringify(paramsOf('x'.repeat(15 * 1024 * 1024)));
    const response = await fetch({
      method: 'POST',
      headers: { ...JSON_TYPE, accept: GRAPHQL_RESPONSE },
      body,
    });
    const text = await response.text();
    expect(text.length).toBeLessThan(1_000);
    expect(text).toContain('DOCUMENT_TOO_LONG');
  });
});

describe('JSON values of a body', () => {
  const bodyOf = (values: string) => `{"query":"{ __typename }","variables":{"list":[${values}]}}`;

  test('as many as the limit pass, one more does not', async () => {
    const { fetch } = await openTestServer({ limits: { bodyValues: 1_003 } });
    const sent = (values: number) =>
      fetch({
        method: 'POST',
        headers: { ...JSON_TYPE, accept: GRAPHQL_RESPONSE },
        body: bodyOf(Array(values).fill('[]').join(',')),
      });
    // The object, its two keys and the comma between them, `variables` and its key, and the list; each list in it and each comma.
    // Each of the three keys is new, and a short string.
    const most = (1_003 - 7 - 3 * 21 + 1) / 2;
    expect(await outcome(await sent(most))).toEqual(ALLOWED);
    expect(await outcome(await sent(most + 1))).toEqual({ status: 413, codes: ['PAYLOAD_TOO_LARGE'] });
  });
});
