import { expect, test } from 'vitest';
import { openConnection, postTo, sendOverSocket, startLoggedServer, startTestServer } from './running.ts';

const BASE = { basePath: '/tools/sessiontree', metrics: 'main' } as const;
const QUERY = '{ sessions { totalCount } }';
const ANSWER = { data: { sessions: { totalCount: 0 } } };

test('all that a server has is beneath its base path', async () => {
  const { url, explorerUrl, metricsUrl } = await startTestServer(BASE);
  const { origin } = new URL(url);
  const base = origin + BASE.basePath;
  expect([url, explorerUrl, metricsUrl]).toEqual([`${base}/graphql`, `${base}/explorer/`, `${base}/metrics`]);
  // Yoga, and then the fast path.
  for (let n = 0; n < 2; n += 1) expect(await (await postTo(url, QUERY)).json()).toEqual(ANSWER);
  expect(await (await fetch(`${url}?query=${encodeURIComponent(QUERY)}`)).json()).toEqual(ANSWER);
  expect(await sendOverSocket(url, QUERY)).toEqual([ANSWER]);
  for (const path of ['/health', '/ready', '/metrics', '/explorer/', '/explorer/t/a'])
    expect({ path, status: (await fetch(base + path)).status }).toEqual({ path, status: 200 });
});

test('a proxy may also remove the base path, and probes need not know it', async () => {
  const { url } = await startTestServer(BASE);
  const { origin } = new URL(url);
  expect(await (await postTo(`${origin}/graphql`, QUERY)).json()).toEqual(ANSWER);
  expect((await fetch(`${origin}/health`)).status).toBe(200);
});

test('redirects and the paths in pages and messages have the base path', async () => {
  const { url } = await startTestServer(BASE);
  const { origin } = new URL(url);
  const base = origin + BASE.basePath;
  for (const from of [origin, base, `${base}/`, `${base}?a`, `${base}/explorer`]) {
    const { status, headers } = await fetch(from, { redirect: 'manual' });
    expect({ from, status, location: headers.get('location') }).toEqual({
      from,
      status: 302,
      location: `${BASE.basePath}/explorer/`,
    });
  }
  const page = await (await fetch(`${base}/explorer/t/a`)).text();
  const files = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!);
  expect(files.length).toBeGreaterThan(1);
  for (const file of files) {
    expect(file).toMatch(/^\/tools\/sessiontree\/explorer\/assets\//);
    expect({ file, status: (await fetch(origin + file)).status }).toEqual({ file, status: 200 });
  }
  expect(page).toContain(`<meta name="base-path" content="${BASE.basePath}" />`);
  expect(await (await fetch(`${base}/other`)).text()).toContain(`The API is at ${BASE.basePath}/graphql.`);
});

test('a path that only begins like the base path is another one', async () => {
  const { server, lines } = await startLoggedServer(BASE);
  const { origin } = new URL(server.url);
  for (const path of ['/tools/sessiontrees/graphql', '/tools', `${BASE.basePath}${BASE.basePath}/graphql`])
    expect({ path, status: (await postTo(origin + path, QUERY)).status }).toEqual({ path, status: 404 });
  expect(lines.map(({ path }) => path).at(-1)).toBe(`${BASE.basePath}/graphql`);
});

test('a page may ask with the absolute form of an address, as through a proxy', async () => {
  const { url } = await startTestServer(BASE);
  const connection = openConnection(url);
  connection.socket.write(
    `GET ${url}?query=${encodeURIComponent(QUERY)} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nConnection: close\r\n\r\n`,
  );
  expect(await connection.closed()).toContain('{"data":{"sessions":{"totalCount":0}}}');
});
