import { expect, test } from 'vitest';
import { ALLOWED, openTestServer, outcome } from './support.ts';

const QUERY = '{ __typename }';

test.each(['localhost', 'LOCALHOST:4000', '127.0.0.1:5000', '[::1]', '[::1]:4000'])(
  'a request for %s is answered',
  async (host) => {
    const { post } = await openTestServer();
    expect(await outcome(await post(QUERY, { host }))).toEqual(ALLOWED);
  },
);

// Browsers canonicalize an address before they send it, and no name that DNS can point elsewhere ends in a number.
test.each(['2130706433', '0x7f000001', '127.1'])(
  'a request for %s, another spelling of 127.0.0.1, is answered',
  async (host) => {
    const { post } = await openTestServer();
    expect(await outcome(await post(QUERY, { host }))).toEqual(ALLOWED);
  },
);

test.each([
  'evil.example',
  'localhost.evil.example',
  'evil.example:4000',
  '127.0.0.1.evil.example',
  'localhost:99999',
  'localhost:4000@evil.example',
  '[::2]',
  '',
])('a request for "%s" is refused', async (host) => {
  const { post } = await openTestServer();
  expect(await outcome(await post(QUERY, { host }))).toEqual({ status: 403, codes: ['HOST_NOT_ALLOWED'] });
});

test('an allowed host is answered at any port, and no other', async () => {
  const { post } = await openTestServer({ allowedHosts: ['Sessions.Example'] });
  expect(await outcome(await post(QUERY, { host: 'sessions.example:443' }))).toEqual(ALLOWED);
  expect(await outcome(await post(QUERY, { host: 'other.example' }))).toEqual({
    status: 403,
    codes: ['HOST_NOT_ALLOWED'],
  });
});

test('GraphiQL is refused to a foreign host', async () => {
  const { fetch } = await openTestServer();
  const response = await fetch({ headers: { host: 'evil.example', accept: 'text/html' } });
  expect(response.status).toBe(403);
});

test('without a Host header the host of the URL counts', async () => {
  const { fetch } = await openTestServer();
  const query = '/graphql?query={__typename}';
  expect((await fetch({}, `http://127.0.0.1${query}`)).status).toBe(200);
  expect((await fetch({}, `http://evil.example${query}`)).status).toBe(403);
});
