import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { DataDirectoryInUseError } from '../../src/repository/files/disk/lock.ts';
import { startServer } from '../../src/server/http.ts';
import { ListenError } from '../../src/server/listen.ts';
import {
  LONG_ANSWER_BYTES,
  openConnection,
  openUnread,
  postInTwoParts,
  startTestServer,
  testConfig,
} from './running.ts';
import { createTestLogger, JSON_TYPE, outcome } from './support.ts';

const CREATE = 'mutation { createSession(input: { id: "kept" }) { __typename } }';

/** Milliseconds after which a stop cuts off what is open. */
const GRACE_MS = 8_000;

async function post(url: string, query: string): Promise<unknown> {
  const response = await fetch(url, { method: 'POST', headers: JSON_TYPE, body: JSON.stringify({ query }) });
  return response.json();
}

function origin(url: string): string {
  return new URL(url).origin;
}

describe('starting', () => {
  test('port 0 picks a free one, and the URL says which', async () => {
    const { url } = await startTestServer();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*\/graphql$/);
    expect(await post(url, '{ __typename }')).toEqual({ data: { __typename: 'Query' } });
  });

  test.each(['::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', '127.1.2.3', 'localhost'])(
    'the server listens on %s',
    async (host) => {
      const { url } = await startTestServer({ host });
      expect(await post(url, '{ __typename }')).toEqual({ data: { __typename: 'Query' } });
    },
  );

  test('a port that is taken is said in a line, and the store is let go', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const { port } = other.address() as { port: number };
    const config = await testConfig({ port });
    const { logger } = createTestLogger();
    const failure = startServer(config, { logger });
    await expect(failure).rejects.toThrow(ListenError);
    await expect(failure).rejects.toThrow(`Port ${port} of 127.0.0.1 is in use.`);
    const server = await startServer({ ...config, port: 0 }, { logger });
    await server.stop();
  });

  test('a data directory that another server has is refused', async () => {
    const config = await testConfig();
    await startTestServer(config);
    const { logger } = createTestLogger();
    await expect(startServer(config, { logger })).rejects.toThrow(DataDirectoryInUseError);
  });
});

describe('stopping', () => {
  test('what was acknowledged is there when it starts again', async () => {
    const config = await testConfig();
    const first = await startTestServer(config);
    await post(first.url, CREATE);
    await first.stop();
    const second = await startTestServer(config);
    expect(await post(second.url, '{ session(id: "kept") { id } }')).toEqual({
      data: { session: { id: 'kept' } },
    });
  });

  test('a request under way is answered, and its connection closed', async () => {
    const server = await startTestServer();
    const connection = openConnection(server.url);
    const [first, rest] = postInTwoParts(CREATE);
    // The answer to the first request shows that the server has also read the head of the second, which came with it.
    connection.socket.write(`GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n${first}`);
    await connection.received('\r\n\r\nok');
    const stopped = server.stop();
    connection.socket.write(rest);
    const answer = await connection.closed();
    expect(answer).toContain('{"data":{"createSession":{"__typename":"CreateSessionPayload"}}}');
    expect(answer.slice(answer.lastIndexOf('HTTP/1.1')).toLowerCase()).toContain('connection: close');
    await stopped;
  });

  test('an answer that a slow client still reads is sent to its end', async () => {
    const server = await startTestServer();
    const reader = await openUnread(server.url);
    const stopped = server.stop();
    const answer = await reader.rest();
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer.endsWith('"}]}}}}')).toBe(true);
    expect(answer.length).toBeGreaterThan(LONG_ANSWER_BYTES);
    await stopped;
  });

  test('a second time cuts off an answer that a slow client still reads', async () => {
    const server = await startTestServer();
    const reader = await openUnread(server.url);
    await Promise.all([server.stop(), server.stop()]);
    expect((await reader.rest()).length).toBeLessThan(LONG_ANSWER_BYTES);
  });

  test('connections without a request do not hold it up', async () => {
    const server = await startTestServer();
    const silent = openConnection(server.url);
    await once(silent.socket, 'connect');
    const kept = openConnection(server.url);
    kept.socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await kept.received('ok');
    const started = performance.now();
    await server.stop();
    expect(performance.now() - started).toBeLessThan(GRACE_MS - 100);
    await Promise.all([silent.closed(), kept.closed()]);
  });

  test('a second time cuts off what is under way', async () => {
    const server = await startTestServer();
    const connection = openConnection(server.url);
    const [first] = postInTwoParts(CREATE);
    connection.socket.write(`GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n${first}`);
    await connection.received('\r\n\r\nok');
    const started = performance.now();
    await Promise.all([server.stop(), server.stop()]);
    expect(performance.now() - started).toBeLessThan(GRACE_MS - 100);
    await connection.closed();
  });
});

const MIB = 1024 * 1024;

describe('over a real socket', () => {
  test('a body over the limit is answered while it still comes', async () => {
    const { url } = await startTestServer({ limits: { ...DEFAULT_LIMITS, bodyBytes: 1_000 } });
    const connection = openConnection(url);
    connection.socket.write(
      'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    connection.socket.write(`3e9\r\n${' '.repeat(1_001)}\r\n`);
    const answer = await connection.received('PAYLOAD_TOO_LARGE');
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('the client of a body over the limit reads its answer, though not all of the body is read', async () => {
    const { url } = await startTestServer({ limits: { ...DEFAULT_LIMITS, bodyBytes: 1_000 } });
    const body = Buffer.alloc(5_000_000, ' ');
    const response = await fetch(url, { method: 'POST', headers: JSON_TYPE, body });
    expect(await outcome(response)).toEqual({ status: 413, codes: ['PAYLOAD_TOO_LARGE'] });
    expect(await post(url, '{ __typename }')).toEqual({ data: { __typename: 'Query' } });
  });

  test.each(['Content-Length: 2000000000', 'Transfer-Encoding: chunked'])(
    'a long body (%s) is read no further once its head was refused, and its connection is closed',
    async (header) => {
      const { url } = await startTestServer();
      const { socket, received, closed } = openConnection(url);
      socket.write(`POST /nothing HTTP/1.1\r\nHost: localhost\r\n${header}\r\n\r\n`);
      const chunk = `${MIB.toString(16)}\r\n${'a'.repeat(MIB)}\r\n`;
      const send = () => {
        if (socket.bytesWritten < 2_000 * MIB) while (!socket.destroyed && socket.write(chunk));
      };
      socket.on('drain', send);
      send();
      expect(await received('NOT_FOUND')).toMatch(/^HTTP\/1\.1 404 /);
      await closed();
      expect(socket.bytesWritten - socket.writableLength).toBeLessThan(300 * MIB);
    },
  );

  test('a client that sends all of a long body before it reads anything gets the refusal', async () => {
    const { url } = await startTestServer();
    const { socket, received } = openConnection(url);
    socket.pause();
    socket.write(`POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${20 * MIB}\r\n\r\n`);
    await new Promise((resolve) => socket.write(Buffer.alloc(20 * MIB, 'a'), resolve));
    socket.resume();
    expect(await received('NOT_FOUND')).toMatch(/^HTTP\/1\.1 404 [\s\S]*\r\nconnection: close\r\n/i);
  });

  test('a short body whose head was refused goes by, and its connection serves on', async () => {
    const { url } = await startTestServer();
    const { socket, received } = openConnection(url);
    socket.write('POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000\r\n\r\n');
    await received('NOT_FOUND');
    socket.write(`${' '.repeat(10_000)}GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await received('\r\n\r\nok');
  });

  test.each([
    ['Content-Length: 100', '{'],
    ['Transfer-Encoding: chunked', '1\r\n{\r\n'],
  ])('a client that hangs up in its body (%s) is no error of the server', async (header, part) => {
    const { logger, lines } = createTestLogger();
    const server = await startServer(await testConfig(), { logger });
    onTestFinished(() => server.stop());
    const connection = openConnection(server.url);
    const head = `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${header}`;
    connection.socket.write(`GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n${head}\r\n\r\n${part}`);
    await connection.received('\r\n\r\nok');
    connection.socket.destroy();
    await vi.waitFor(
      () => expect(lines.at(-1)).toMatchObject({ msg: 'request', errors: ['BAD_REQUEST'] }),
      20_000,
    );
    expect(lines.filter(({ level }) => level !== 30)).toEqual([]);
  });

  test('a foreign Host is refused', async () => {
    const { url } = await startTestServer();
    const connection = openConnection(url);
    connection.socket.write(
      'GET /graphql?query={__typename} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
    );
    expect(await connection.closed()).toContain('HOST_NOT_ALLOWED');
  });

  test.each(['localhost:99999', '[::1', 'a b', 'localhost:port'])(
    'the Host "%s", which is none, is refused without a stack',
    async (host) => {
      const { url } = await startTestServer();
      const connection = openConnection(url);
      connection.socket.write(
        `GET /graphql?query={__typename} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
      );
      const answer = await connection.closed();
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
      expect(answer).not.toContain('    at ');
    },
  );

  test('there is nothing at other paths', async () => {
    const { url } = await startTestServer();
    expect(await outcome(await fetch(`${origin(url)}/other`))).toEqual({ status: 404, codes: ['NOT_FOUND'] });
  });
});
