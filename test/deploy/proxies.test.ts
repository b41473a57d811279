import type { IncomingMessage } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { createClient } from 'graphql-ws';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { openBrowser } from '../server/browser.ts';
import { postTo, startLoggedServer } from '../server/running.ts';
import type { LogLine } from '../server/support.ts';
import { type ProxyName, startProxy, whyNoProxy } from './proxy.ts';

interface Deployed {
  /** Where clients find the server. */
  readonly url: string;
  /** The server itself, without the proxy. */
  readonly direct: string;
  readonly lines: readonly LogLine[];
}

/** A server as the examples start it, and the proxy in front of it. */
async function deploy(name: ProxyName, skip: (condition: boolean, note: string) => void): Promise<Deployed> {
  const missing = whyNoProxy(name);
  skip(missing !== null, missing ?? '');
  const { server, lines } = await startLoggedServer({
    basePath: '/sessiontree',
    // The address from which the proxy calls; other addresses of this machine are clients.
    trustedProxies: ['127.0.0.1'],
    metrics: 'main',
    audit: 'log',
  });
  const { url } = await startProxy(name, Number(new URL(server.url).port));
  return { url, direct: server.url, lines };
}

/** The certificate of the test is one that nobody knows. */
const TRUSTING = { rejectUnauthorized: false } as const;

function ask(
  url: string,
  options: RequestOptions & { readonly body?: string } = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { body, headers, ...others } = options;
    const sent = request(url, { ...TRUSTING, agent: false, ...others, headers: { ...headers } }, resolve);
    sent.on('error', reject).end(body);
    onTestFinished(() => void sent.destroy());
  });
}

const post = (url: string, query: string, options: RequestOptions = {}) =>
  ask(`${url}/graphql`, {
    method: 'POST',
    ...options,
    headers: { 'content-type': 'application/json', ...options.headers },
    body: JSON.stringify({ query }),
  });

const CREATE = 'mutation { createSession(input: { id: "s", title: "planner" }) { __typename } }';
const CHANGES = 'subscription { sessionChanges { changes { sessionId } } }';
const TITLES = '{ sessions { nodes { title } } }';

describe.each(['nginx', 'caddy'] as const)('behind %s, which ends TLS', (name) => {
  test('the API answers, and the client is whoever sent the request, whatever its headers say', async ({
    skip,
  }) => {
    const { url, lines } = await deploy(name, skip);
    const lies = {
      'x-forwarded-for': '203.0.113.9',
      forwarded: 'for=203.0.113.9;host=evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'http',
    };
    const answer = await post(url, CREATE, { localAddress: '127.0.0.2', headers: lies });
    expect(JSON.parse(await text(answer))).toEqual({
      data: { createSession: { __typename: 'CreateSessionPayload' } },
    });
    expect(answer.headers['strict-transport-security']).toContain('max-age');
    expect(lines.find(({ msg }) => msg === 'audit')).toMatchObject({ client: '127.0.0.2', createdId: 's' });
  });

  test('a page of the same address may call, and one that came without TLS may not', async ({ skip }) => {
    const { url } = await deploy(name, skip);
    const { origin } = new URL(url);
    const asked = (from: string) => post(url, TITLES, { headers: { origin: from } });
    expect((await asked(origin)).statusCode).toBe(200);
    const refused = await asked(origin.replace('https', 'http'));
    expect(refused.statusCode).toBe(403);
    expect(await text(refused)).toContain('ORIGIN_NOT_ALLOWED');
  });

  test('the address leads to the explorer, and nobody gets the metrics', async ({ skip }) => {
    const { url } = await deploy(name, skip);
    const bare = await ask(url);
    expect([bare.statusCode, bare.headers.location]).toEqual([308, '/sessiontree/']);
    const home = await ask(`${url}/`);
    expect([home.statusCode, home.headers.location]).toEqual([302, '/sessiontree/explorer/']);
    expect((await ask(`${url}/metrics`)).statusCode).toBe(404);
    expect(await text(await ask(`${url}/health`))).toBe('ok\n');
  });

  test('the events of a subscription come as they happen, as server-sent events and over WebSocket', async ({
    skip,
  }) => {
    const { url, direct } = await deploy(name, skip);
    const stream = await post(url, CHANGES, { headers: { accept: 'text/event-stream' } });
    const events = stream.setEncoding('utf8')[Symbol.asyncIterator]();
    let received = String((await events.next()).value);
    class TrustingSocket extends WebSocket {
      constructor(address: string, protocols: string[]) {
        super(address, protocols, TRUSTING);
      }
    }
    const client = createClient({
      url: `${url.replace('https', 'wss')}/graphql`,
      webSocketImpl: TrustingSocket,
      retryAttempts: 0,
    });
    onTestFinished(() => void client.dispose());
    const results = client.iterate({ query: CHANGES });
    expect(await results.next()).toMatchObject({ value: { data: { sessionChanges: { changes: [] } } } });
    await postTo(direct, CREATE);
    const changed = { data: { sessionChanges: { changes: [{ sessionId: 's' }] } } };
    expect(await results.next()).toEqual({ done: false, value: changed });
    // The stream goes on: what is here was not held back until its end.
    while (!received.includes(JSON.stringify(changed))) received += String((await events.next()).value);
    stream.destroy();
  });

  test('a large answer is compressed', async ({ skip }) => {
    const { url } = await deploy(name, skip);
    const types = '{ __schema { types { name description fields { name description } } } }';
    const answer = await post(url, types, { headers: { 'accept-encoding': 'gzip' } });
    expect([answer.statusCode, answer.headers['content-encoding']]).toEqual([200, 'gzip']);
  });
});

test('nginx refuses a body beyond the limit before the server has any of it', async ({ skip }) => {
  const { url, lines } = await deploy('nginx', skip);
  const answer = await ask(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': 33 * 1024 * 1024 },
  });
  expect(answer.statusCode).toBe(413);
  expect(lines.filter(({ msg }) => msg === 'request')).toEqual([]);
});

test('behind nginx, the explorer and GraphiQL work in a browser', { timeout: 120_000 }, async ({ skip }) => {
  const { url, direct } = await deploy('nginx', skip);
  await postTo(direct, CREATE);
  const browser = await openBrowser(skip);
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => void (message.type() === 'error' && faults.push(message.text())));
  await page.goto(`${url}/`);
  expect(page.url()).toBe(`${url}/explorer/`);
  await page.getByText('planner').first().click();
  await page.waitForURL(`${url}/explorer/t/s*`);
  // A change that the page learns of by its subscription, over WebSocket.
  const said =
    'mutation { sendMessage(input: { sessionId: "s", message: "hello from afar" }) { __typename } }';
  await postTo(direct, said);
  await page.getByText('hello from afar').first().waitFor();
  // Loaded at another depth of the path.
  await page.reload();
  await page.getByText('hello from afar').first().waitFor();
  await page.locator('a.brand').click();
  await page.waitForURL(`${url}/explorer/`);

  await page.goto(`${url}/graphql`);
  await page.locator('.graphiql-execute-button').click();
  await page.locator('.result-window').getByText('"data"').waitFor();
  expect(faults).toEqual([]);
});
