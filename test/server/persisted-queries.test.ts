import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createPersistedQueries } from '../../src/server/persisted-queries.ts';
import {
  ENDPOINT,
  type ErrorAnswer,
  GRAPHQL_RESPONSE,
  JSON_TYPE,
  openTestServer,
  outcome,
} from './support.ts';

const QUERY = 'query Name($id: ID = "none") { __typename session(id: $id) { id } }';
const FOUND = { data: { __typename: 'Query', session: null } };
const NOT_FOUND = { status: 200, codes: ['PERSISTED_QUERY_NOT_FOUND'] };

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const named = (text: string) => ({ persistedQuery: { version: 1, sha256Hash: sha256(text) } });

async function open() {
  const { fetch, repository } = await openTestServer();
  return {
    repository,
    send: (params: object, accept = GRAPHQL_RESPONSE) =>
      fetch({ method: 'POST', headers: { ...JSON_TYPE, accept }, body: JSON.stringify(params) }),
    get: (params: Record<string, unknown>) => {
      const texts = Object.entries(params).map(([name, value]): [string, string] => [
        name,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]);
      return fetch({ headers: { accept: GRAPHQL_RESPONSE } }, `${ENDPOINT}?${new URLSearchParams(texts)}`);
    },
  };
}

async function firstError(response: Response): Promise<ErrorAnswer> {
  return ((await response.json()) as { errors: [ErrorAnswer] }).errors[0];
}

describe('a hash', () => {
  test.each([GRAPHQL_RESPONSE, 'application/json', '*/*'])(
    'that is not known is answered as the protocol has it, to a client of %s too',
    async (accept) => {
      const { send } = await open();
      const response = await send({ extensions: named(QUERY) }, accept);
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({
        errors: [{ message: 'PersistedQueryNotFound', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }],
      });
    },
  );

  test('stands for its document once that has come with it', async () => {
    const { send } = await open();
    expect(await (await send({ query: QUERY, extensions: named(QUERY) })).json()).toEqual(FOUND);
    for (const query of [undefined, null, '']) {
      const answer = await send({ query, variables: { id: 'none' }, extensions: named(QUERY) });
      expect(await answer.json()).toEqual(FOUND);
    }
  });

  test('may be in capitals, and may come beside other extensions', async () => {
    const { send } = await open();
    await send({ query: QUERY, extensions: named(QUERY) });
    const persistedQuery = { version: 1, sha256Hash: sha256(QUERY).toUpperCase(), miss: true };
    const answer = await send({ extensions: { persistedQuery, clientLibrary: { name: 'x' } } });
    expect(await answer.json()).toEqual(FOUND);
  });

  test('is taken by GET, with its document and alone', async () => {
    const { get } = await open();
    expect(await outcome(await get({ extensions: named(QUERY) }))).toEqual(NOT_FOUND);
    expect(await (await get({ query: QUERY, extensions: named(QUERY) })).json()).toEqual(FOUND);
    const answer = await get({ extensions: named(QUERY), variables: { id: 'none' }, operationName: 'Name' });
    expect(await answer.json()).toEqual(FOUND);
  });

  test('of a mutation is taken by POST, and by GET neither with its document nor alone', async () => {
    const { send, get, repository } = await open();
    const query = 'mutation { createSession(input: { id: "by-hash" }) { __typename } }';
    const refused = { status: 405, codes: ['METHOD_NOT_ALLOWED'] };
    expect(await outcome(await get({ query, extensions: named(query) }))).toEqual(refused);
    expect(await outcome(await send({ extensions: named(query) }))).toEqual(NOT_FOUND);
    expect(await repository.findMany(['by-hash'])).toEqual([null]);
    await send({ query, extensions: named(query) });
    expect(await outcome(await get({ extensions: named(query) }))).toEqual(refused);
    expect(await (await send({ extensions: named(query) })).json()).toEqual({
      data: { createSession: { __typename: 'SessionExistsError' } },
    });
  });

  test('of another text is refused, and kept for neither', async () => {
    const { send } = await open();
    const other = '{ __typename }';
    const response = await send({ query: QUERY, extensions: named(other) });
    expect(response.status).toBe(400);
    expect(await firstError(response)).toMatchObject({
      message: expect.stringContaining('to be the SHA-256 of "query"'),
      extensions: { code: 'PERSISTED_QUERY_MISMATCH' },
    });
    expect(await outcome(await send({ extensions: named(other) }))).toEqual(NOT_FOUND);
    expect(await outcome(await send({ extensions: named(QUERY) }))).toEqual(NOT_FOUND);
  });

  test.each([
    ['cannot be parsed', '{ session(id: "a" }', 'GRAPHQL_PARSE_FAILED'],
    ['does not fit the schema', '{ nothing }', 'GRAPHQL_VALIDATION_FAILED'],
  ])('of a document that %s is not kept', async (_name, query, code) => {
    const { send } = await open();
    for (let time = 0; time < 2; time += 1)
      expect((await outcome(await send({ query, extensions: named(query) }))).codes).toEqual([code]);
    expect(await outcome(await send({ extensions: named(query) }))).toEqual(NOT_FOUND);
  });

  test('of another version is not supported: the client goes on without', async () => {
    const { send } = await open();
    for (const query of [undefined, QUERY]) {
      const persistedQuery = { version: 2, sha256Hash: sha256(QUERY) };
      const response = await send({ query, extensions: { persistedQuery } });
      expect(response.status).toBe(200);
      expect(await firstError(response)).toEqual({
        message: 'PersistedQueryNotSupported',
        extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' },
      });
    }
  });

  test.each([
    'my-secret',
    1,
    [],
    {},
    { version: 1 },
    { version: 1, sha256Hash: 'my-secret' },
    { version: 1, sha256Hash: [sha256(QUERY)] },
  ])('that is none (%j) is refused, and not repeated', async (persistedQuery) => {
    const { send } = await open();
    for (const query of [undefined, QUERY]) {
      const response = await send({ query, extensions: { persistedQuery } });
      expect(await response.clone().text()).not.toContain('my-secret');
      expect(await outcome(response)).toEqual({ status: 400, codes: ['BAD_REQUEST'] });
    }
  });

  test('that is null is none', async () => {
    const { send } = await open();
    expect(await (await send({ query: QUERY, extensions: { persistedQuery: null } })).json()).toEqual(FOUND);
    const alone = await send({ extensions: { persistedQuery: null } });
    expect(await outcome(alone)).toEqual({ status: 400, codes: ['BAD_REQUEST'] });
  });
});

describe('what is kept is bounded', () => {
  test('in number: the documents used last stay', () => {
    const kept = createPersistedQueries();
    for (let index = 0; index < 1_000; index += 1) kept.set(String(index), '{ a }');
    kept.get('0');
    kept.set('1000', '{ a }');
    expect(kept.size).toBe(1_000);
    expect(['0', '1', '2', '1000'].map((hash) => kept.has(hash))).toEqual([true, false, true, true]);
  });

  test('in bytes: long documents drop each other, and one of more than 128 Ki characters is not kept', async () => {
    const { send } = await open();
    const text = (index: number, length: number) => `{ __typename } # ${index} `.padEnd(length, '-');
    for (let index = 0; index < 20; index += 1)
      await send({ query: text(index, 120_000), extensions: named(text(index, 120_000)) });
    expect(await outcome(await send({ extensions: named(text(0, 120_000)) }))).toEqual(NOT_FOUND);
    expect((await outcome(await send({ extensions: named(text(19, 120_000)) }))).codes).toEqual([]);
    const tooLong = text(20, 140_000);
    expect((await outcome(await send({ query: tooLong, extensions: named(tooLong) }))).codes).toEqual([]);
    expect(await outcome(await send({ extensions: named(tooLong) }))).toEqual(NOT_FOUND);
  });
});
