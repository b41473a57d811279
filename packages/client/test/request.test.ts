import { getEventListeners } from 'node:events';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { parse } from 'graphql';
import { expect, expectTypeOf, test } from 'vitest';
import { Sessiontree, type TypedDocument } from '../src/index.ts';
import { openClient, rejection } from './support.ts';

const CREATE = 'mutation ($input: CreateSessionInput!) { createSession(input: $input) { __typename } }';

/** A client whose connection fails, and the number of requests that it has sent. */
function openBroken() {
  let sent = 0;
  const fetch = async () => {
    sent += 1;
    throw new TypeError('fetch failed');
  };
  return {
    client: new Sessiontree('http://any.example/graphql', { fetch, maxRetries: 1 }),
    sent: () => sent,
  };
}

test('a text is sent with its variables', async () => {
  const client = await openClient();
  await client.request(CREATE, { input: { id: 's', title: 'Trip' } });
  const data = await client.request('query ($id: ID!) { session(id: $id) { title } }', { id: 's' });
  expect(data).toEqual({ session: { title: 'Trip' } });
});

/** As GraphQL Code Generator makes it with `documentMode: 'string'`. */
class TypedDocumentString<Data, Variables> extends String implements TypedDocument<Data, Variables> {
  declare __apiType?: (variables: Variables) => Data;
}

test('a typed document types the variables and the data', async () => {
  const client = await openClient();
  const document = new TypedDocumentString<{ session: { id: string } | null }, { id: string }>(
    'query ($id: ID!) { session(id: $id) { id } }',
  );
  const data = await client.request(document, { id: 'none' });
  expectTypeOf(data).toEqualTypeOf<{ session: { id: string } | null }>();
  expect(data).toEqual({ session: null });
  // @ts-expect-error: the document has a variable.
  expect(await rejection(client.request(document))).toMatchObject({ code: 'BAD_USER_INPUT' });
  const store = new TypedDocumentString<{ store: { sessionCount: number } }, Record<string, never>>(
    '{ store { sessionCount } }',
  );
  expect((await client.request(store)).store.sessionCount).toBe(0);
});

test('a parsed document is sent with its text; one without its text is refused, with what to do', async () => {
  const client = await openClient();
  const text = '{ store { sessionCount } }';
  const parsed: TypedDocumentNode<{ store: { sessionCount: number } }, Record<string, never>> = parse(text);
  expect((await client.request(parsed)).store.sessionCount).toBe(0);
  expect(await rejection(client.request(parse(text, { noLocation: true })))).toMatchObject({
    name: 'TypeError',
    message: expect.stringContaining('print(document)'),
  });
});

test.each([
  ['a query', '{ store { sessionCount } }', {}, 2],
  ['a mutation', CREATE, { input: {} }, 1],
  ['a mutation behind a fragment', `fragment F on Session { id } ${CREATE}`, { input: {} }, 1],
  ['a mutation with an operationId', CREATE, { input: { operationId: 'o' } }, 2],
  ['a mutation with an operationId among its variables', CREATE, { operationId: 'o' }, 2],
])('after a network fault, %s is sent as often as is safe', async (_, text, variables, times) => {
  const { client, sent } = openBroken();
  expect(await rejection(client.request(text, variables))).toMatchObject({ code: 'CONNECTION_FAILED' });
  expect(sent()).toBe(times);
});

test('data beside errors is in the error', async () => {
  const errors = [{ message: 'Not now.', path: ['b'], extensions: { code: 'STORE_UNAVAILABLE' } }];
  const fetch = async () => Response.json({ data: { a: 1, b: null }, errors });
  const client = new Sessiontree('http://any.example/graphql', { fetch, maxRetries: 0 });
  expect(await rejection(client.request('{ a b }'))).toMatchObject({
    code: 'STORE_UNAVAILABLE',
    data: { a: 1, b: null },
    errors,
  });
});

test('a request that is answered lets the signal of its caller go', async () => {
  const client = await openClient();
  const { signal } = new AbortController();
  await client.sessions.get('trip', { signal });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
