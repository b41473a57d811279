import { describe, expect, test } from 'vitest';
import { ALLOWED, ENDPOINT, type ErrorAnswer, openTestServer, outcome } from './support.ts';

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
  ['A page of another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
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

const PROXIED = { host: 'localhost:4000', 'sec-fetch-site': 'same-origin' };
const MUTATION = 'mutation { createSession(input: {}) { __typename } }';

test.each([
  'http://localhost:5173',
  'http://127.0.0.1:3000',
  'http://[::1]:8080',
  'https://localhost:5173',
  'http://app.localhost:3000',
])('a page of %s may call through the proxy of its development server', async (origin) => {
  const { post } = await openTestServer();
  expect(await outcome(await post(QUERY, { ...PROXIED, origin }))).toEqual(ALLOWED);
  expect(await outcome(await post(MUTATION, { ...PROXIED, origin }))).toEqual(ALLOWED);
});

test.each([
  ['another page on this machine, through that proxy', { ...PROXIED, 'sec-fetch-site': 'same-site' }],
  ['a browser that does not say how near the page is', { host: 'localhost:4000' }],
  ['a page of another site, through that proxy', { ...PROXIED, 'sec-fetch-site': 'cross-site' }],
  ['a name that was rebound to this machine', { ...PROXIED, origin: 'http://evil.example:5173' }],
  ['a name that looks like this machine', { ...PROXIED, origin: 'http://localhost.evil.example' }],
  ['a name that ends like this machine', { ...PROXIED, origin: 'http://evil-localhost' }],
  ['a number that looks like this machine', { ...PROXIED, origin: 'http://127.0.0.1.evil.example' }],
])('%s may not call through the proxy of a development server', async (_name, headers) => {
  const { post } = await openTestServer();
  const sent = { origin: 'http://localhost:5173', ...headers };
  expect(await outcome(await post(QUERY, sent))).toEqual(REFUSED);
  expect(await outcome(await post(MUTATION, sent))).toEqual(REFUSED);
});

describe('what is refused says in the answer and in the log which flag would allow it', () => {
  const refusalOf = async (headers: Record<string, string>) => {
    const { post, logs } = await openTestServer();
    const response = await post(QUERY, headers);
    const { errors } = (await response.json()) as { errors: ErrorAnswer[] };
    expect(logs).toMatchObject([{ status: 403, messages: [errors[0]!.message] }]);
    return errors[0]!.message;
  };

  test.each([
    ['http://localhost:5173', 'http://localhost:5173'],
    ['https://app.example', 'https://app.example'],
    ['https://App.Example:443', 'https://app.example'],
    ['tauri://localhost', 'tauri://localhost'],
    ['vscode-webview://1qfh', 'vscode-webview://1qfh'],
  ])('the origin %s', async (origin, named) => {
    const message = await refusalOf({ ...SELF, origin });
    expect(message).toContain(`A page of ${named} may not call`);
    expect(message).toContain(`--allow-origin ${named}.`);
  });

  test.each([
    ['null', 'serve it over HTTP'],
    ['file://', 'A page of another site'],
    ['https://*.example.com', 'A page of another site'],
    ['x"; rm -rf / #', 'A page of another site'],
    [`https://${'a'.repeat(4_000)}.example`, 'A page of another site'],
  ])('an origin that no flag allows is not repeated: %.40s', async (origin, expected) => {
    const message = await refusalOf({ ...SELF, origin });
    expect(message).toContain(expected);
    expect(message.length).toBeLessThan(300);
    expect(message).not.toMatch(/rm -rf|aaaa|\*/);
  });

  test('the host', async () => {
    expect(await refusalOf({ host: 'app.test:5173' })).toContain(
      'start the server with --allow-host app.test.',
    );
    expect(await refusalOf({ host: 'a b' })).toContain('The Host header names a host, which');
    expect(await refusalOf({ host: `${'a'.repeat(4_000)}.test` })).not.toContain('aaaa');
  });
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
