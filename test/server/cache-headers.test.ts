import { expect, test } from 'vitest';
import { ENDPOINT, openTestServer } from './support.ts';

const QUERY = `${ENDPOINT}?query={__typename}`;

test.each<[string, number, string, RequestInit?]>([
  ['a query', 200, QUERY],
  [
    'a query with a fault',
    400,
    `${ENDPOINT}?query={nothing}`,
    { headers: { accept: 'application/graphql-response+json' } },
  ],
  [
    'a mutation by GET',
    405,
    `${ENDPOINT}?query=mutation{deleteSession(input:{sessionId:"none"}){__typename}}`,
  ],
  ['nothing at this path', 404, 'http://localhost:4000/other'],
  ['the bare address', 302, 'http://localhost:4000/'],
  ['what is not acceptable', 406, QUERY, { headers: { accept: 'image/png' } }],
  ['another site', 403, QUERY, { headers: { origin: 'https://evil.example' } }],
])('of an answer to GET nothing is kept: %s', async (_name, status, url, init) => {
  const { fetch } = await openTestServer();
  const response = await fetch(init, url);
  expect(response.status).toBe(status);
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('vary')).toBe('Accept, Accept-Encoding');
});

test('an answer to GET varies by Origin where origins are allowed', async () => {
  const { fetch } = await openTestServer({ allowedOrigins: ['https://app.example'] });
  const response = await fetch({}, QUERY);
  expect(response.headers.get('vary')?.split(', ').sort()).toEqual(['Accept', 'Accept-Encoding', 'Origin']);
  const page = await fetch({ headers: { accept: 'text/html' } });
  expect(page.headers.get('vary')?.split(', ').sort()).toEqual(['Accept', 'Accept-Encoding', 'Origin']);
});

test('an answer to POST has no headers for caches: no cache keeps one', async () => {
  const { post } = await openTestServer();
  const { headers } = await post('{ __typename }');
  expect(headers.get('cache-control')).toBeNull();
  expect(headers.get('vary')).toBeNull();
});
