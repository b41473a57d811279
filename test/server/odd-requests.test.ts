import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { startServer } from '../../src/server/http.ts';
import { answerOddRequests } from '../../src/server/odd-requests.ts';
import { connectionsOf, openConnection, testConfig } from './running.ts';
import { createTestLogger } from './support.ts';

interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** A running server, and its answers to arbitrary bytes. */
async function openServer() {
  const { logger, lines } = createTestLogger();
  const server = await startServer(await testConfig(), { logger });
  onTestFinished(() => server.stop());
  // Skips the log lines of the start.
  lines.length = 0;
  const ask = async (bytes: string): Promise<Answer> => {
    const connection = openConnection(server.url);
    connection.socket.end(bytes, 'latin1');
    const [head = '', body = ''] = (await connection.closed()).split('\r\n\r\n', 2);
    return { status: Number(head.split(' ')[1]), head, body };
  };
  return { ask, lines, port: new URL(server.url).port };
}

const LOCAL = 'Host: localhost\r\n';
const QUERY = '/graphql?query={__typename}';

describe('what a request asks for, as RFC 9112 has it', () => {
  test.each([
    ['its host counts', `GET http://localhost:80${QUERY} HTTP/1.1\r\n${LOCAL}`],
    ['and not what the Host header says', `GET http://127.0.0.1${QUERY} HTTP/1.1\r\nHost: evil.example\r\n`],
    ['the scheme and the host in capitals', `GET HTTP://LocalHost:5${QUERY} HTTP/1.1\r\n${LOCAL}`],
    ['an address of IPv6', `GET http://[::1]:4000${QUERY} HTTP/1.1\r\n${LOCAL}`],
    ['in HTTP/1.0, without a Host', `GET http://localhost${QUERY} HTTP/1.0\r\n`],
  ])('a whole URL: %s', async (_name, request) => {
    const { ask, lines } = await openServer();
    const { status, body } = await ask(`${request}\r\n`);
    expect({ status, body }).toEqual({ status: 200, body: '{"data":{"__typename":"Query"}}' });
    expect(lines).toMatchObject([{ msg: 'request', path: '/graphql', status: 200 }]);
  });

  test('a client that takes the server for its proxy is served, with its port in Host', async () => {
    const { ask, port } = await openServer();
    const query = '{"query":"{ __typename }"}';
    const head = `POST http://localhost:${port}/graphql HTTP/1.1\r\nHost: localhost:${port}\r\nProxy-Connection: Keep-Alive`;
    const { status, body } = await ask(
      `${head}\r\nContent-Type: application/json\r\nContent-Length: ${query.length}\r\n\r\n${query}`,
    );
    expect({ status, body }).toEqual({ status: 200, body: '{"data":{"__typename":"Query"}}' });
  });

  test.each(['OPTIONS * HTTP/1.1', 'OPTIONS http://localhost HTTP/1.1'])(
    '%s asks what the server can do',
    async (line) => {
      const { ask, lines } = await openServer();
      const { status, head } = await ask(`${line}\r\n${LOCAL}\r\n`);
      expect(status).toBe(204);
      expect(head).toMatch(/^allow: GET, HEAD, POST, OPTIONS\r?$/im);
      expect(lines).toMatchObject([{ msg: 'request', method: 'OPTIONS', status: 204 }]);
    },
  );

  test.each([
    ['the health of the server', 'GET http://localhost:4000/health HTTP/1.1', 'ok\n'],
    ['its readiness', 'GET http://localhost:4000/ready?now HTTP/1.1', 'ready\n'],
  ])('a whole URL of %s', async (_name, line, expected) => {
    const { port } = await openServer();
    const connection = openConnection(`http://127.0.0.1:${port}`);
    // A connection that the client has ended is closed by Node.js without the answer, unless that is there at once.
    connection.socket.write(`${line}\r\n${LOCAL}Connection: close\r\n\r\n`);
    const answer = await connection.closed();
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer.split('\r\n\r\n')[1]).toBe(expected);
  });

  test('an Upgrade that is not taken up is a request like another', async () => {
    const { ask, lines } = await openServer();
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
    expect((await ask(`GET ${QUERY} HTTP/1.1\r\n${LOCAL}${upgrade}\r\n`)).status).toBe(200);
    expect(lines).toMatchObject([{ status: 200 }]);
  });
});

const ODD: readonly (readonly [request: string, status: number, code: string])[] = [
  [`OPTIONS * HTTP/1.1\r\nHost: evil.example\r\n`, 403, 'HOST_NOT_ALLOWED'],
  [`GET http://evil.example${QUERY} HTTP/1.1\r\n${LOCAL}`, 403, 'HOST_NOT_ALLOWED'],
  [`GET http://localhost:99999${QUERY} HTTP/1.1\r\n${LOCAL}`, 403, 'HOST_NOT_ALLOWED'],
  [`GET http://999.999.999.999/ HTTP/1.1\r\n${LOCAL}`, 403, 'HOST_NOT_ALLOWED'],
  [`GET http://[::1/graphql HTTP/1.1\r\n${LOCAL}`, 403, 'HOST_NOT_ALLOWED'],
  [`GET http://localhost%2f.evil.example/ HTTP/1.1\r\n${LOCAL}`, 403, 'HOST_NOT_ALLOWED'],
  [`GET http://:80/graphql HTTP/1.1\r\n${LOCAL}`, 403, 'HOST_NOT_ALLOWED'],
  [`GET ${QUERY} HTTP/1.1\r\nHost: 999.999.999.999\r\n`, 403, 'HOST_NOT_ALLOWED'],
  [`GET http:///graphql HTTP/1.1\r\n${LOCAL}`, 400, 'BAD_REQUEST'],
  [`GET http://user:secret@localhost${QUERY} HTTP/1.1\r\n${LOCAL}`, 400, 'BAD_REQUEST'],
  [`GET https://localhost${QUERY} HTTP/1.1\r\n${LOCAL}`, 400, 'BAD_REQUEST'],
  [`GET ftp://localhost/graphql HTTP/1.1\r\n${LOCAL}`, 400, 'BAD_REQUEST'],
  [`GET file:///etc/passwd HTTP/1.1\r\n${LOCAL}`, 400, 'BAD_REQUEST'],
  [`GET * HTTP/1.1\r\n${LOCAL}`, 400, 'BAD_REQUEST'],
  [`POST * HTTP/1.1\r\n${LOCAL}`, 400, 'BAD_REQUEST'],
  [`GET ${QUERY} HTTP/1.1\r\n${LOCAL}${LOCAL}`, 400, 'BAD_REQUEST'],
  [`GET ${QUERY} HTTP/1.1\r\n${LOCAL}hOST: evil.example\r\n`, 400, 'BAD_REQUEST'],
  [`GET ${QUERY} HTTP/1.1\r\n`, 400, 'BAD_REQUEST'],
  [`GET http://localhost${QUERY} HTTP/1.1\r\n`, 400, 'BAD_REQUEST'],
  [`GET /health HTTP/1.1\r\n`, 400, 'BAD_REQUEST'],
  [`GET  HTTP/1.1\r\n${LOCAL}`, 400, 'BAD_REQUEST'],
  [`GET localhost:80 HTTP/1.1\r\n${LOCAL}`, 400, 'BAD_REQUEST'],
  [`GET graphql HTTP/1.1\r\n${LOCAL}`, 400, 'BAD_REQUEST'],
  [`GET /graphql?a b HTTP/1.1\r\n${LOCAL}`, 400, 'BAD_REQUEST'],
  [`GET /graphql\xe9 HTTP/1.1\r\n${LOCAL}`, 400, 'BAD_REQUEST'],
  [`GET /graphql\0 HTTP/1.1\r\n${LOCAL}`, 400, 'BAD_REQUEST'],
  [`GET http:/graphql HTTP/1.1\r\n${LOCAL}`, 400, 'BAD_REQUEST'],
  [`FOO /graphql HTTP/1.1\r\n${LOCAL}`, 400, 'BAD_REQUEST'],
  [`PRI * HTTP/2.0\r\n`, 400, 'BAD_REQUEST'],
  [`GET /graphql HTTP/1.1\r\n${LOCAL}Content-Length: 1\r\nContent-Length: 2\r\n`, 400, 'BAD_REQUEST'],
  [`\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03`, 400, 'BAD_REQUEST'],
  [`CONNECT localhost:80 HTTP/1.1\r\n${LOCAL}`, 405, 'METHOD_NOT_ALLOWED'],
  [`CONNECT /graphql HTTP/1.1\r\n${LOCAL}`, 405, 'METHOD_NOT_ALLOWED'],
  [`GET ${QUERY} HTTP/1.1\r\n${LOCAL}Expect: the-unexpected\r\n`, 417, 'EXPECTATION_FAILED'],
  [`GET /${'a'.repeat(20_000)} HTTP/1.1\r\n${LOCAL}`, 431, 'HEADERS_TOO_LARGE'],
  [`GET ${QUERY} HTTP/1.1\r\n${LOCAL}X: ${'a'.repeat(20_000)}\r\n`, 431, 'HEADERS_TOO_LARGE'],
  [`GET //graphql HTTP/1.1\r\n${LOCAL}`, 404, 'NOT_FOUND'],
  [`GET //:99999 HTTP/1.1\r\n${LOCAL}`, 404, 'NOT_FOUND'],
  [`GET /graphql#x HTTP/1.1\r\n${LOCAL}`, 404, 'NOT_FOUND'],
  [`GET /%zz HTTP/1.1\r\n${LOCAL}`, 404, 'NOT_FOUND'],
  [`GET /% HTTP/1.1\r\n${LOCAL}`, 404, 'NOT_FOUND'],
  [`GET /\\graphql HTTP/1.1\r\n${LOCAL}`, 404, 'NOT_FOUND'],
  [`GET /..//../graphql HTTP/1.1\r\n${LOCAL}`, 404, 'NOT_FOUND'],
  [`GET /${'a'.repeat(10_000)} HTTP/1.1\r\n${LOCAL}`, 404, 'NOT_FOUND'],
  [`GET http://localhost?${QUERY} HTTP/1.1\r\n${LOCAL}Accept: text/plain\r\n`, 302, ''],
  [`GET /graphql?query=%zz HTTP/1.1\r\n${LOCAL}`, 400, 'GRAPHQL_PARSE_FAILED'],
  [`GET /graphql?query=%ff&variables=% HTTP/1.1\r\n${LOCAL}`, 400, 'BAD_REQUEST'],
];

describe('what is odd is refused with a code, without a stack, and logged', () => {
  test.each(ODD.map(([request, status, code]) => [request.slice(0, 90), request, status, code] as const))(
    '%j',
    async (_name, request, status, code) => {
      const { ask, lines } = await openServer();
      const accept = request.includes('Accept') ? '' : 'Accept: application/graphql-response+json\r\n';
      const answer = await ask(`${request}${accept}\r\n`);
      expect(answer.status).toBe(status);
      expectNoStack(answer);
      await vi.waitFor(() => expect(lines).toHaveLength(1), 20_000);
      expect(lines).toMatchObject([{ level: 30, msg: 'request', status }]);
      if (code === '') return;
      expect(JSON.parse(answer.body)).toMatchObject({ errors: [{ extensions: { code } }] });
      expect(lines).toMatchObject([{ errors: [code] }]);
      expect(answer.head.toLowerCase()).toContain(`x-request-id: ${lines[0]!.requestId}`);
      expect(String(lines[0]!.path).length).toBeLessThan(200);
    },
  );

  test('a head that does not come to its end in time', async () => {
    const { logger, lines } = createTestLogger();
    const server = createServer({ headersTimeout: 50, requestTimeout: 50, connectionsCheckingInterval: 10 });
    answerOddRequests(server, connectionsOf(server), logger);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const connection = openConnection(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    connection.socket.write('GET /graphql HTTP/1.1\r\n');
    const answer = await connection.closed();
    expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(answer).toContain('"code":"REQUEST_TIMEOUT"');
    expect(lines).toMatchObject([{ msg: 'request', status: 408, errors: ['REQUEST_TIMEOUT'] }]);
  });

  test('a request that goes on with bytes that are no chunk is logged once', async () => {
    const { ask, lines } = await openServer();
    const head = `POST /graphql HTTP/1.1\r\n${LOCAL}Content-Type: application/json\r\nTransfer-Encoding: chunked`;
    const answer = await ask(`${head}\r\n\r\nnot-a-length\r\n`);
    expect(answer.status).toBe(400);
    expectNoStack(answer);
    await vi.waitFor(
      () => expect(lines).toMatchObject([{ msg: 'request', errors: ['BAD_REQUEST'] }]),
      20_000,
    );
  });
});

describe('bytes that are no HTTP after a whole request', () => {
  const mutation = JSON.stringify({ query: 'mutation { createSession(input: { id: "a" }) { __typename } }' });
  const post = `POST /graphql HTTP/1.1\r\n${LOCAL}Content-Type: application/json\r\nContent-Length: ${mutation.length}\r\n\r\n${mutation}`;
  const get = `GET ${QUERY} HTTP/1.1\r\n${LOCAL}\r\n`;

  test.each([
    ['one', post, 1],
    ['two', get + post, 2],
  ])('are refused after the answers of it, %s in all, and logged', async (_name, requests, count) => {
    const { lines, port } = await openServer();
    const connection = openConnection(`http://127.0.0.1:${port}`);
    connection.socket.write(`${requests}\x16\x03\x01 no HTTP\r\n\r\n`, 'latin1');
    const received = await connection.closed();
    const statuses = [...received.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
    expect(statuses).toEqual([...Array<number>(count).fill(200), 400]);
    expect(received).toContain('CreateSessionPayload');
    await vi.waitFor(() => expect(lines.map(({ status }) => status)).toEqual(statuses), 20_000);
    expect(lines.at(-1)).toMatchObject({ method: '-', errors: ['BAD_REQUEST'] });
  });

  test('are refused once, in however many pieces they come', async () => {
    const { lines, port } = await openServer();
    const connection = openConnection(`http://127.0.0.1:${port}`);
    connection.socket.setNoDelay(true);
    connection.socket.write(`${post}\x16`, 'latin1');
    for (let piece = 0; piece < 5; piece += 1) {
      await setImmediate();
      connection.socket.write('\x16\x03 no HTTP\r\n', 'latin1');
    }
    const received = await connection.closed();
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
    await vi.waitFor(() => expect(lines.map(({ status }) => status)).toEqual([200, 400]), 20_000);
  });
});

function expectNoStack({ head, body }: Answer): void {
  expect(head + body).not.toMatch(/^\s+at |node:|\.ts:\d|\.js:\d|\/src\/|node_modules|secret/m);
}

test('no target, host or method that a random generator finds gets at a stack, or past the log', {
  timeout: 60_000,
}, async () => {
  const { ask, lines } = await openServer();
  const random = mulberry32(20_261_128);
  const pick = <Part>(parts: readonly Part[]): Part => parts[Math.floor(random() * parts.length)]!;
  const text = () => Array.from({ length: Math.floor(random() * 5) }, () => pick(PARTS)).join('');
  for (let count = 0; count < 400; count += 1) {
    const target = pick(['/', 'http://', '*', '']) + text();
    const host = pick([
      'Host: localhost\r\n',
      `Host: ${text()}\r\n`,
      `Host: localhost\r\nHost: ${text()}\r\n`,
      '',
    ]);
    const request = `${pick(METHODS)} ${target} HTTP/1.${pick([0, 1])}\r\n${host}Accept: ${pick(['*/*', text()])}\r\nOrigin: ${text()}\r\n\r\n`;
    const answer = await ask(request);
    expect(answer.status, request).toBeGreaterThanOrEqual(200);
    expect(answer.status, request).toBeLessThan(500);
    expectNoStack(answer);
  }
  expect(lines.filter(({ level }) => level !== 30)).toEqual([]);
  await vi.waitFor(() => expect(lines).toHaveLength(400), 20_000);
});

const METHODS = ['GET', 'HEAD', 'POST', 'OPTIONS', 'CONNECT', 'TRACE', 'M-SEARCH'];
const PARTS = [
  ...[
    'localhost',
    '127.0.0.1',
    '[::1]',
    ':4000',
    ':99999',
    ':',
    '@',
    '//',
    '/graphql',
    '?query={__typename}',
    '?',
    '#',
  ],
  ...[
    '%',
    '%00',
    '%zz',
    '\\',
    '[',
    ']',
    '*',
    ' ',
    '\t',
    '\xe9',
    '\xff',
    '"',
    "'",
    '<',
    '|',
    'http://',
    'x',
    '.',
    '..',
    ';',
    ',',
  ],
];

/** Small pseudorandom numbers, the same in each run. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
