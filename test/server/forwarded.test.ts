import { expect, test } from 'vitest';
import { openConnection, postTo, startLoggedServer } from './running.ts';

const QUERY = '{ store { version } }';

/** The address of the client in the log for a request with these headers. Null for one of this machine, which the log leaves out. */
async function clientFor(
  trustedProxies: readonly string[],
  headers: Record<string, string>,
): Promise<unknown> {
  const { server, lines } = await startLoggedServer({ trustedProxies });
  await postTo(server.url, QUERY, headers);
  const clients = lines.filter(({ msg }) => msg === 'request').map(({ client }) => client ?? null);
  await server.stop();
  expect(clients).toHaveLength(1);
  return clients[0];
}

const FOR = 'x-forwarded-for';

test.each<[string, readonly string[], Record<string, string>, string | null]>([
  ['a peer that is not trusted says nothing', [], { [FOR]: '203.0.113.9' }, null],
  ['nor does one that others are trusted beside', ['10.0.0.0/8'], { [FOR]: '203.0.113.9' }, null],
  ['a trusted peer names the client', ['loopback'], { [FOR]: '203.0.113.9' }, '203.0.113.9'],
  [
    'the last address is the one that the peer saw',
    ['loopback'],
    { [FOR]: '1.2.3.4, 203.0.113.9' },
    '203.0.113.9',
  ],
  [
    'proxies in a row are passed over',
    ['loopback', '10.0.0.0/8'],
    { [FOR]: '1.2.3.4, 203.0.113.9, 10.1.2.3' },
    '203.0.113.9',
  ],
  ['a port is no part of it', ['loopback'], { [FOR]: '203.0.113.9:51234' }, '203.0.113.9'],
  ['an address of IPv6 may have brackets', ['loopback'], { [FOR]: '[2001:db8::7]:443' }, '2001:db8::7'],
  ['an address of IPv4 is one in any form', ['loopback'], { [FOR]: '::ffff:203.0.113.9' }, '203.0.113.9'],
  [
    'what is no address ends the list',
    ['loopback', '10.0.0.1'],
    { [FOR]: '1.2.3.4, unknown, 10.0.0.1' },
    '10.0.0.1',
  ],
  [
    'the standard header counts',
    ['loopback'],
    { forwarded: 'for=1.2.3.4, for="203.0.113.9:80";proto=https' },
    '203.0.113.9',
  ],
  [
    'but not beside the other kind',
    ['loopback'],
    { forwarded: 'for=1.2.3.4', [FOR]: '203.0.113.9' },
    '203.0.113.9',
  ],
  [
    'nor beside another header of that kind',
    ['loopback'],
    { forwarded: 'for=1.2.3.4', 'x-forwarded-proto': 'https' },
    null,
  ],
])('%s', async (_name, trusted, headers, client) => {
  expect(await clientFor(trusted, headers)).toBe(client);
});

/** The status for a request with a Host header of its own, and the other headers. */
async function statusFor(trustedProxies: readonly string[], host: string, headers: Record<string, string>) {
  const { server } = await startLoggedServer({ trustedProxies, allowedHosts: ['app.example'] });
  const connection = openConnection(server.url);
  const body = JSON.stringify({ query: QUERY });
  const all = {
    Host: host,
    'Content-Type': 'application/json',
    'Content-Length': body.length,
    Connection: 'close',
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  connection.socket.write(`POST /graphql HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
  const answer = await connection.closed();
  return Number(answer.split(' ')[1]);
}

const HTTPS = { Origin: 'https://app.example' };
const HTTP = { Origin: 'http://app.example' };
const TLS = { 'X-Forwarded-Proto': 'https' };

test('the host that a trusted proxy names is the one that is checked', async () => {
  const named = { 'X-Forwarded-Host': 'app.example', ...HTTPS };
  expect(await statusFor(['loopback'], 'upstream', named)).toBe(200);
  expect(await statusFor([], 'upstream', named)).toBe(403);
  expect(await statusFor(['loopback'], 'app.example', { 'X-Forwarded-Host': 'evil.example' })).toBe(403);
  expect(
    await statusFor(['loopback'], 'app.example', { 'X-Forwarded-Host': 'app.example, evil.example' }),
  ).toBe(403);
  expect(await statusFor(['loopback'], 'app.example', { 'X-Forwarded-Host': '%00' })).toBe(403);
});

test('where a trusted proxy names the scheme, the origin must have it', async () => {
  expect(await statusFor(['loopback'], 'app.example', { ...TLS, ...HTTPS })).toBe(200);
  expect(await statusFor(['loopback'], 'app.example', { ...TLS, ...HTTP })).toBe(403);
  // Nobody says that the page came without TLS.
  expect(await statusFor(['loopback'], 'app.example', HTTP)).toBe(200);
  expect(await statusFor([], 'app.example', { ...TLS, ...HTTP })).toBe(200);
});
