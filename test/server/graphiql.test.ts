import { gunzipSync } from 'node:zlib';
import { parse, validate } from 'graphql';
import { expect, test } from 'vitest';
import { schema } from '../../src/schema/index.ts';
import { GRAPHIQL_EXAMPLES } from '../../src/server/graphiql-examples.ts';
import { ENDPOINT, openTestServer, outcome } from './support.ts';

const HTML = { accept: 'text/html' };

/** The page, and the requests for its files. */
async function openPage(headers: Record<string, string> = {}) {
  const { fetch } = await openTestServer();
  const page = await fetch({ headers: { ...HTML, ...headers } });
  const html = await page.clone().text();
  const urls = [...html.matchAll(/ (?:src|href)="(\.[^"]+)"/g)].map(
    ([, url]) => new URL(url!, ENDPOINT).href,
  );
  return { fetch, page, html, urls };
}

test('GraphiQL is a small page that may load nothing from elsewhere, and be framed by nobody', async () => {
  const { page, html, urls } = await openPage();
  expect(page.status).toBe(200);
  expect(html.length).toBeLessThan(10_000);
  expect(urls.map((url) => new URL(url).pathname)).toEqual([
    expect.stringMatching(/^\/graphql\/assets\/graphiql\.[0-9a-f]{16}\.css$/),
    expect.stringMatching(/^\/graphql\/assets\/graphiql\.[0-9a-f]{16}\.js$/),
  ]);
  const policy = page.headers.get('content-security-policy');
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).toMatch(/script-src 'sha256-[A-Za-z0-9+/]{43}='(;|$)/);
  expect(html).not.toMatch(/<(script|link|img)[^>]+(src|href)="(https?:)?\/\//);
});

test('the page of GraphiQL is asked for each time, and sent only where it has changed', async () => {
  const { fetch, page } = await openPage();
  expect(page.headers.get('cache-control')).toBe('no-cache');
  const etag = page.headers.get('etag')!;
  for (const tags of [etag, etag.replace('W/', ''), `"other", ${etag}`, '*']) {
    const again = await fetch({ headers: { ...HTML, 'if-none-match': tags } });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe('');
    for (const name of ['etag', 'cache-control', 'vary', 'content-security-policy'])
      expect(again.headers.get(name)).toBe(page.headers.get(name));
  }
  expect((await fetch({ headers: { ...HTML, 'if-none-match': '"other"' } })).status).toBe(200);
});

test('files that the page of GraphiQL loads are compressed, and cached for good', async () => {
  const { fetch, urls } = await openPage();
  const types = ['text/css; charset=utf-8', 'text/javascript; charset=utf-8'];
  for (const [index, url] of urls.entries()) {
    const packed = await fetch({ headers: { 'accept-encoding': 'br, gzip;q=0.8' } }, url);
    const body = Buffer.from(await packed.arrayBuffer());
    expect(Object.fromEntries(packed.headers)).toMatchObject({
      'content-type': types[index],
      'content-encoding': 'gzip',
      'content-length': String(body.byteLength),
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'Accept-Encoding',
      'x-content-type-options': 'nosniff',
    });
    const plain = await fetch({ headers: { 'accept-encoding': 'gzip;q=0' } }, url);
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(Buffer.from(await plain.arrayBuffer()).equals(gunzipSync(body))).toBe(true);
    const etag = packed.headers.get('etag')!;
    expect(plain.headers.get('etag')).toBe(etag);
    const again = await fetch({ headers: { 'if-none-match': etag } }, url);
    expect(again.status).toBe(304);
    expect(again.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(again.headers.get('vary')).toBe('Accept-Encoding');
  }
});

test.each(['/graphql/assets/', '/graphql/assets/graphiql.js', '/graphql/assets/../../package.json'])(
  'there is nothing at %s',
  async (path) => {
    const { fetch } = await openTestServer();
    const response = await fetch({ headers: HTML }, `http://localhost:4000${path}`);
    expect(await outcome(response)).toEqual({ status: 404, codes: ['NOT_FOUND'] });
  },
);

test('a program that asks at the address of GraphiQL gets JSON', async () => {
  const { fetch } = await openTestServer();
  const response = await fetch({ headers: { accept: '*/*' } }, `${ENDPOINT}?query={__typename}`);
  expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
});

test.each(
  GRAPHIQL_EXAMPLES.map(({ query }) => [/(?:query|mutation|subscription) (\w+)/.exec(query)![1]!, query]),
)('the example %s of GraphiQL is valid', (_name, query) => {
  expect(validate(schema, parse(query))).toEqual([]);
});

test('the examples of GraphiQL, run one after the other, grow a tree and show it', async () => {
  const { post } = await openTestServer();
  const answers = [];
  // The subscription is run in a browser, by graphiql-browser.test.ts.
  const examples = GRAPHIQL_EXAMPLES.filter(({ query }) => !/^subscription/m.test(query));
  for (const { query } of examples) answers.push(await (await post(query)).json());
  expect(answers).toMatchObject([
    { data: { createSession: { session: { id: 'trip', version: 1 } } } },
    { data: { sendMessage: { messages: [{ id: 'trip:0' }, { id: 'trip:1' }] } } },
    { data: { spawnSession: { session: { id: 'flights', depth: 1, userId: 'ada' } } } },
    {
      data: {
        session: {
          history: { nodes: [{ role: 'USER' }, { role: 'ASSISTANT' }] },
          children: { nodes: [{ title: 'Find flights' }] },
        },
      },
    },
    { data: { session: { descendants: { totalCount: 1, nodes: [{ id: 'flights', parentId: 'trip' }] } } } },
    { data: { forkSession: { session: { historyLength: 2, forkedFrom: { messageId: 'trip:1' } } } } },
    { data: { session: { rollup: { sessionCount: 3, messageCount: 2, usage: { inputTokens: 12 } } } } },
    {
      data: {
        searchMessages: {
          isComplete: true,
          edges: [{ snippet: '<<Lisbon>>: <<warm>>, and not yet crowded.' }, {}],
        },
      },
    },
    {
      data: {
        writeHistory: { isNew: true, messages: [{ key: 'q' }, { key: 'a' }], session: { version: 1 } },
      },
    },
  ]);
});
