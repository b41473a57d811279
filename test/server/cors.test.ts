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

test('an allowed origin may read the answer, without credentials', async () => {
  const { post } = await openTestServer({ allowedOrigins: ['https://app.example', 'https://b.example'] });
  const response = await post(QUERY, { origin: 'https://app.example' });
  expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example');
  expect(response.headers.get('access-control-expose-headers')).toBe('x-request-id');
  expect(response.headers.get('vary')).toBe('Origin');
  expect(response.headers.has('access-control-allow-credentials')).toBe(false);
});

test('a preflight of an allowed origin says what may be sent', async () => {
  const { fetch } = await openTestServer({ allowedOrigins: ['https://app.example'] });
  const response = await fetch({
    method: 'OPTIONS',
    headers: {
      origin: 'https://app.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    },
  });
  expect(response.status).toBe(204);
  expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example');
  expect(response.headers.get('access-control-allow-methods')).toBe('GET, POST');
  expect(response.headers.get('access-control-allow-headers')).toBe('content-type, x-request-id');
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
