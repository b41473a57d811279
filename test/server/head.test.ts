import { expect, test } from 'vitest';
import { send } from '../support/http-client.ts';
import { startTestServer } from './running.ts';
import { openTestServer } from './support.ts';

/** Headers that differ in each answer, and the framing of the body, which only GET has. */
const OWN = new Set(['date', 'x-request-id', 'transfer-encoding']);

test.each([
  ['/', '*/*', 302],
  ['/graphql', 'text/html', 200],
  ['/graphql', '*/*', 400],
  ['/graphql', 'text/event-stream', 400],
  ['/graphql', 'text/plain', 406],
  ['/graphql?query={__typename}', 'text/event-stream', 200],
  ['/graphql?query={__typename}', 'application/json', 200],
  ['/graphql?query={__typename}', 'application/graphql-response+json', 200],
  ['/graphql?query={', 'application/graphql-response+json', 400],
  ['/graphql?query=mutation{__typename}', 'application/graphql-response+json', 405],
  ['/other', '*/*', 404],
  ['/health', '*/*', 200],
  ['/ready', '*/*', 200],
])(
  'HEAD %s of a client that accepts %s is answered as GET is, without the body',
  async (path, accept, status) => {
    const { url } = await startTestServer();
    const ask = (method: string) => send(Number(new URL(url).port), { method, path, headers: { accept } });
    const [head, get] = [await ask('HEAD'), await ask('GET')];
    const named = ({ headers }: typeof head) => Object.entries(headers).filter(([name]) => !OWN.has(name));
    expect(head.status).toBe(status);
    expect(head.body.toString()).toBe('');
    expect(get.status).toBe(status);
    expect(named(head)).toEqual(named(get));
  },
);

test('a HEAD request is HEAD in the log', async () => {
  const { fetch, logs } = await openTestServer();
  const response = await fetch({ method: 'HEAD' }, 'http://localhost:4000/graphql?query={__typename}');
  expect(await response.text()).toBe('');
  expect(logs).toMatchObject([{ method: 'HEAD', path: '/graphql', status: 200, operation: 'query' }]);
});
