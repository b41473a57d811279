import { expect, test } from 'vitest';
import { ALLOWED, ENDPOINT, openTestServer, outcome } from './support.ts';

const QUERY = '{ __typename }';
const REFUSED = { status: 403, codes: ['ORIGIN_NOT_ALLOWED'] };
const SELF = { host: 'localhost:4000' };

test.each([
  ['no browser', {}],
  ['a page of its own', { origin: 'http://localhost:4000', 'sec-fetch-site': 'same-origin' }],
  ['its page behind a proxy with TLS', { origin: 'https://localhost:4000' }],
  ['an address that was typed', { 'sec-fetch-site': 'none' }],
])('a request of %s is answered', async (_name, headers) => {
  const { post } = await openTestServer();
  expect(await outcome(await post(QUERY, { ...SELF, ...headers }))).toEqual(ALLOWED);
});

test.each([
  ['a page of another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
  ['a page at another port', { origin: 'http://localhost:3000', 'sec-fetch-site': 'same-site' }],
  ['a sandboxed frame or a file', { origin: 'null' }],
  ['a page whose origin begins as the own one does', { origin: 'http://localhost:4000.evil.example' }],
  ['another site, Origin left out', { 'sec-fetch-site': 'cross-site' }],
  ['another port, Origin left out', { 'sec-fetch-site': 'same-site' }],
  ['an extension', { origin: 'chrome-extension://localhost:4000' }],
])('a request of %s is refused', async (_name, headers) => {
  const { post, fetch } = await openTestServer();
  expect(await outcome(await post(QUERY, { ...SELF, ...headers }))).toEqual(REFUSED);
  const get = await fetch({ headers: { ...SELF, ...headers } }, `${ENDPOINT}?query={__typename}`);
  expect(await outcome(get)).toEqual(REFUSED);
});

test('an allowed origin may call, and no other', async () => {
  const { post } = await openTestServer({ allowedOrigins: ['https://app.example'] });
  const from = (origin: string) => post(QUERY, { ...SELF, origin, 'sec-fetch-site': 'cross-site' });
  expect(await outcome(await from('https://app.example'))).toEqual(ALLOWED);
  expect(await outcome(await from('http://app.example'))).toEqual(REFUSED);
  expect(await outcome(await from('https://app.example.evil.example'))).toEqual(REFUSED);
});

test('a link on another site leads to GraphiQL, which runs nothing', async () => {
  const { fetch, logs } = await openTestServer();
  const response = await fetch(
    { headers: { accept: 'text/html,*/*', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' } },
    `${ENDPOINT}?query=${encodeURIComponent('{ store { sessionCount } }')}`,
  );
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(logs.map((line) => line.operation)).toEqual([undefined]);
});

test('a plain GET query needs no extra header', async () => {
  const { fetch } = await openTestServer();
  expect(await outcome(await fetch({}, `${ENDPOINT}?query={__typename}`))).toEqual(ALLOWED);
});
