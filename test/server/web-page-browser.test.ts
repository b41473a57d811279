import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { createViteServer } from 'vitest/node';
import type { Config } from '../../src/server/config.ts';
import { startServer } from '../../src/server/http.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { openBrowser } from './browser.ts';
import { testConfig } from './running.ts';
import { createTestLogger } from './support.ts';

const BROWSER_TEST = { timeout: 90_000 };

async function openApi(changes: Partial<Config>) {
  const { logger, lines } = createTestLogger();
  const server = await startServer(await testConfig(changes), { logger });
  onTestFinished(() => server.stop());
  const requests = () => lines.filter(({ msg }) => msg === 'request');
  return { url: server.url, requests };
}

/** A foreign web server with an empty page. */
async function openSite(): Promise<number> {
  const server = createServer((_request, response) =>
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>App</title>'),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** The answer as `page` can read it; the browser's error if the page may not read it. */
function call(page: Page, url: string, query: string, headers: Record<string, string> = {}) {
  return page.evaluate(
    // This function runs in the browser.
    async ([target, body, more]) => {
      try {
        const response = await fetch(target, {
          method: 'POST',
          credentials: 'include',
          headers: { 'content-type': 'application/json', ...more },
          body,
        });
        return {
          status: response.status,
          body: await response.json(),
          id: response.headers.get('x-request-id'),
        };
      } catch (error) {
        return String(error);
      }
    },
    [url, JSON.stringify({ query }), headers] as const,
  );
}

const QUERY = '{ __typename }';
const MUTATION = 'mutation { createSession(input: {}) { __typename } }';
const READ = { status: 200, body: { data: { __typename: 'Query' } } };
const WRITTEN = { status: 200, body: { data: { createSession: { __typename: 'CreateSessionPayload' } } } };
const UNREADABLE = 'TypeError: Failed to fetch';

test(
  'a page of an allowed origin sends credentials and headers of its own, and reads answers and refusals',
  BROWSER_TEST,
  async ({ skip }) => {
    const browser = await openBrowser(skip);
    const port = await openSite();
    const api = await openApi({ allowedOrigins: [`http://127.0.0.1:${port}`, `http://*.localhost:${port}`] });
    for (const origin of [`http://127.0.0.1:${port}`, `http://a.b.localhost:${port}`]) {
      const page = await browser.newPage();
      await page.goto(origin);
      const before = api.requests().length;
      const headers = {
        authorization: 'Bearer token',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        'apollographql-client-name': 'app',
        'x-request-id': 'from-the-page',
        'x-of-its-own': '1',
      };
      expect(await call(page, api.url, QUERY, headers)).toEqual({ ...READ, id: 'from-the-page' });
      expect(await call(page, api.url, MUTATION, headers)).toEqual({ ...WRITTEN, id: 'from-the-page' });
      expect(
        api
          .requests()
          .slice(before)
          .map(({ method }) => method),
      ).toEqual(['OPTIONS', 'POST', 'POST']);
      expect(await call(page, api.url, '{')).toMatchObject({
        body: { errors: [{ extensions: { code: 'GRAPHQL_PARSE_FAILED' } }] },
      });
      expect(await call(page, `${api.url}/other`, QUERY)).toMatchObject({
        status: 404,
        body: { errors: [{ extensions: { code: 'NOT_FOUND' } }] },
      });
    }
  },
);

test(
  'a page of another origin reads nothing, runs nothing, and is named in the log',
  BROWSER_TEST,
  async ({ skip }) => {
    const browser = await openBrowser(skip);
    const origin = `http://127.0.0.1:${await openSite()}`;
    const api = await openApi({ allowedOrigins: ['https://app.example'] });
    const page = await browser.newPage();
    await page.goto(origin);
    expect(await call(page, api.url, QUERY)).toBe(UNREADABLE);
    expect(await call(page, api.url, MUTATION)).toBe(UNREADABLE);
    expect(await call(page, api.url, MUTATION, { 'content-type': 'text/plain' })).toBe(UNREADABLE);
    const messages = [expect.stringContaining(`--allow-origin ${origin}.`)];
    expect(api.requests()).toMatchObject(
      ['OPTIONS', 'OPTIONS', 'POST'].map((method) => ({ method, messages })),
    );
  },
);

test(
  'a page behind the proxy of Vite queries and mutates, however the proxy writes Host',
  BROWSER_TEST,
  async ({ skip }) => {
    const browser = await openBrowser(skip);
    const api = await openApi({});
    const target = new URL(api.url).origin;
    const root = await temporaryDirectory();
    await writeFile(join(root, 'index.html'), '<!doctype html><title>App</title>');
    for (const proxy of [target, { target }, { target, changeOrigin: true }, { target, xfwd: true }]) {
      const vite = await createViteServer({
        root,
        configFile: false,
        logLevel: 'silent',
        server: { host: '127.0.0.1', port: 0, hmr: false, proxy: { '/graphql': proxy } },
      });
      onTestFinished(() => vite.close());
      await vite.listen();
      const { port } = vite.httpServer!.address() as AddressInfo;
      for (const host of ['127.0.0.1', 'localhost']) {
        const page = await browser.newPage();
        await page.goto(`http://${host}:${port}`);
        expect(await call(page, '/graphql', QUERY)).toMatchObject(READ);
        expect(await call(page, '/graphql', MUTATION)).toMatchObject(WRITTEN);
      }
      // Another page on this machine cannot do the same.
      const other = await browser.newPage();
      await other.goto(`http://127.0.0.1:${await openSite()}`);
      expect(await call(other, `http://127.0.0.1:${port}/graphql`, MUTATION)).toBe(UNREADABLE);
    }
    const statuses = api.requests().map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(16);
  },
);
