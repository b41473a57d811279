import { expect, test } from 'vitest';
import { openTestServer } from './support.ts';

const QUERY = '{ __typename }';

function corsHeaders(response: Response): string[] {
  return [...response.headers.keys()].filter((name) => name.startsWith('access-control-'));
}

test('without allowed origins no answer speaks of origins', async () => {
  const { post } = await openTestServer();
  const response = await post(QUERY, { host: 'localhost:4000', origin: 'http://localhost:4000' });
  expect(response.status).toBe(200);
  expect(corsHeaders(response)).toEqual([]);
  expect(response.headers.get('vary')).toBeNull();
});

const APP = 'https://app.example';

test('an allowed origin may read the answer, and send credentials', async () => {
  const { post } = await openTestServer({ allowedOrigins: [APP, 'https://b.example'] });
  const response = await post(QUERY, { origin: APP });
  expect(response.headers.get('access-control-allow-origin')).toBe(APP);
  expect(response.headers.get('access-control-allow-credentials')).toBe('true');
  expect(response.headers.get('access-control-expose-headers')).toBe('x-request-id, allow, retry-after');
  expect(response.headers.get('vary')).toBe('Origin');
});

async function preflight(asked: Record<string, string>) {
  const { fetch } = await openTestServer({ allowedOrigins: [APP] });
  return fetch({
    method: 'OPTIONS',
    headers: { origin: APP, 'access-control-request-method': 'POST', ...asked },
  });
}

function listed(response: Response, name: string): string[] {
  return (response.headers.get(name) ?? '').split(', ');
}

test('a preflight of an allowed origin says what may be sent, and is kept', async () => {
  const response = await preflight({
    'access-control-request-headers': 'authorization,content-type,X-Of-Its-Own , traceparent',
  });
  expect(response.status).toBe(204);
  expect(response.headers.get('access-control-allow-origin')).toBe(APP);
  expect(response.headers.get('access-control-allow-credentials')).toBe('true');
  expect(response.headers.get('access-control-allow-methods')).toBe('GET, POST');
  expect(response.headers.get('access-control-max-age')).toBe('7200');
  expect(listed(response, 'access-control-allow-headers')).toEqual(
    expect.arrayContaining(['authorization', 'content-type', 'x-of-its-own', 'traceparent', 'x-request-id']),
  );
  expect(listed(response, 'vary')).toEqual(
    expect.arrayContaining(['Origin', 'Access-Control-Request-Method', 'Access-Control-Request-Headers']),
  );
});

test('a preflight that asks for nothing is told what Apollo, urql and OpenTelemetry send', async () => {
  expect(listed(await preflight({}), 'access-control-allow-headers')).toEqual(
    expect.arrayContaining([
      ...['content-type', 'authorization', 'traceparent', 'tracestate', 'baggage', 'x-request-id'],
      ...['apollographql-client-name', 'apollographql-client-version', 'apollo-require-preflight'],
      ...['graphql-client-name', 'graphql-client-version'],
    ]),
  );
});

test('what a preflight asks for and is no name of a header is not repeated', async () => {
  const response = await preflight({ 'access-control-request-headers': 'x-good, x bad, <b>, x-"bad", *' });
  const names = listed(response, 'access-control-allow-headers');
  expect(names).toContain('x-good');
  expect(names.join()).not.toMatch(/bad|</);
});

const LARGE = JSON.stringify({ query: `{ __typename } # ${'x'.repeat(1_000)}` });

test.each([
  // A client that accepts only the older media type gets status 200 for a faulty document.
  ['a document that is none', 200, { body: '{"query":"{"}' }],
  ['a body that is no JSON', 400, { body: '{' }],
  ['a host that is not its own', 403, { headers: { host: 'evil.example' } }],
  ['another path', 404, { path: '/other' }],
  ['another method', 405, { method: 'PUT' }],
  ['an Accept of nothing there is', 406, { headers: { accept: 'image/png' } }],
  ['a body that is too large', 413, { body: LARGE }],
  ['a body of another type', 415, { headers: { 'content-type': 'text/plain' } }],
])('an allowed origin may read why %s was refused', async (_name, status, sent) => {
  const { fetch } = await openTestServer({ allowedOrigins: [APP], limits: { bodyBytes: 500 } });
  const {
    path = '/graphql',
    method = 'POST',
    body = JSON.stringify({ query: QUERY }),
    headers,
  } = {
    headers: {},
    ...sent,
  } as { path?: string; method?: string; body?: string; headers: object };
  const response = await fetch(
    {
      method,
      headers: { origin: APP, 'content-type': 'application/json', accept: '*/*', ...headers },
      body,
    },
    `http://localhost:4000${path}`,
  );
  expect(response.status).toBe(status);
  expect(((await response.json()) as { errors: unknown[] }).errors).toHaveLength(1);
  expect(response.headers.get('access-control-allow-origin')).toBe(APP);
  expect(response.headers.get('access-control-allow-credentials')).toBe('true');
});

test('a preflight of another origin is refused, and told nothing', async () => {
  const { fetch } = await openTestServer({ allowedOrigins: ['https://app.example'] });
  const response = await fetch({
    method: 'OPTIONS',
    headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
  });
  expect(response.status).toBe(403);
  expect(corsHeaders(response)).toEqual([]);
});
