import { expect, test } from 'vitest';
import { openTestServer, outcome } from './support.ts';

test('the address without a path leads to the API', async () => {
  const { fetch } = await openTestServer();
  const response = await fetch({}, 'http://localhost:4000/');
  expect(response.status).toBe(302);
  expect(response.headers.get('location')).toBe('/explorer/');
});

test.each([
  '/other',
  '/graphql/',
  '/graphql/graphql',
  '//graphql',
  '/?query={__typename}&x=/graphql',
  '/health',
])('there is nothing at %s', async (path) => {
  const { fetch } = await openTestServer();
  const response = await fetch({ method: 'POST' }, `http://localhost:4000${path}`);
  expect(await outcome(response)).toEqual({ status: 404, codes: ['NOT_FOUND'] });
});

test('a query that ends as a health check does is a query', async () => {
  const { fetch } = await openTestServer();
  const response = await fetch({}, 'http://localhost:4000/graphql?query={__typename}&operationName=/health');
  expect(await outcome(response)).toEqual({ status: 400, codes: ['OPERATION_RESOLUTION_FAILURE'] });
});

test('every answer says not to guess what it is', async () => {
  const { post, fetch } = await openTestServer();
  const responses = [
    await post('{ __typename }'),
    await post('{'),
    await fetch({}, 'http://localhost:4000/other'),
    await fetch({ headers: { accept: 'text/html' } }),
  ];
  expect(responses.map((response) => response.headers.get('x-content-type-options'))).toEqual(
    responses.map(() => 'nosniff'),
  );
});
