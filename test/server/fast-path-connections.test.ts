import { once } from 'node:events';
import { Agent, createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { send } from '../support/http-client.ts';
import { watched } from '../support/watched-repository.ts';
import { type BothWays, expectSame, openBothWays, openTree, said, type Way } from './both-ways.ts';
import { plain } from './requests.ts';
import { connectionsOf, openConnection, postInTwoParts } from './running.ts';

const QUERY = '{ session(id: "root") { id children { nodes { id title } } } }';
const BY_ID = 'query ById($id: ID!) { session(id: $id) { id } }';

const urlOf = ({ port }: Way) => `http://127.0.0.1:${port}/graphql`;
const byId = (id: string) => plain({ query: BY_ID, variables: { id } });

/** Both paths, each of which has served `query` once. */
async function openServed(query: string): Promise<BothWays> {
  const ways = await openBothWays(await openTree());
  for (const { port } of [ways.yoga, ways.fast]) await send(port, plain({ query, variables: { id: 'a' } }));
  expect(ways.fast.handedOn()).toBe(1);
  return ways;
}

test('a request is one line of the log on both ways, with the same members', async () => {
  const ways = await openBothWays(await openTree());
  await expectSame(ways, { ...byId('a'), headers: { ...byId('a').headers, 'x-request-id': 'mine' } });
  expect(ways.fast.handedOn()).toBe(1);
  for (const line of ways.fast.logs) {
    expect(line).toEqual({
      level: 30,
      time: expect.any(Number),
      requestId: 'mine',
      method: 'POST',
      path: '/graphql',
      operation: 'query',
      operationName: 'ById',
      status: 200,
      milliseconds: expect.any(Number),
      msg: 'request',
    });
  }
  expect(ways.fast.logs.map((line) => Object.keys(line))).toEqual(
    ways.yoga.logs.map((line) => Object.keys(line)),
  );
});

test('a client that hangs up in its body is noted the same, and nothing is executed', async () => {
  const ways = await openServed(QUERY);
  const handedOn = ways.fast.handedOn();
  for (const way of [ways.yoga, ways.fast]) {
    const connection = openConnection(urlOf(way));
    const [part] = postInTwoParts(QUERY);
    const whole = `${postInTwoParts(QUERY).join('')}`;
    connection.socket.write(whole + part);
    // The answer to the first request shows that the head of the second has arrived too.
    await connection.received('"title":"c"');
    connection.socket.destroy();
    await vi.waitFor(() => expect(way.logs).toHaveLength(3), 20_000);
    expect(way.logs[2]).toMatchObject({ msg: 'request', status: 400, errors: ['BAD_REQUEST'] });
  }
  expect(ways.fast.logs.map(said)).toEqual(ways.yoga.logs.map(said));
  expect(ways.fast.handedOn()).toBe(handedOn);
});

test('a request that is handed on is logged with the time that its body took', async () => {
  const { fast } = await openServed(QUERY);
  const connection = openConnection(urlOf(fast));
  const [first, rest] = postInTwoParts('{ session(id: "c") { title } }');
  const started = performance.now();
  // The answer to the first request shows that the head of the second has arrived too.
  connection.socket.write(postInTwoParts(QUERY).join('') + first);
  await connection.received('"children"');
  await delay(60);
  connection.socket.write(rest);
  await connection.received('"title":"c"}}');
  const elapsed = performance.now() - started;
  await vi.waitFor(() => expect(fast.logs).toHaveLength(3), 20_000);
  const { milliseconds } = fast.logs[2] as { milliseconds: number };
  expect(fast.handedOn()).toBe(2);
  expect(milliseconds).toBeGreaterThan(50);
  expect(milliseconds).toBeLessThan(elapsed);
});

test('fifty requests at once, over five connections, each get their own answer', async () => {
  const { fast } = await openServed(BY_ID);
  const agent = new Agent({ keepAlive: true, maxSockets: 5 });
  onTestFinished(() => agent.destroy());
  let connections = 0;
  fast.server.on('connection', () => {
    connections += 1;
  });
  const ids = Array.from({ length: 50 }, (_, n) => ['root', 'a', 'b', 'none'][n % 4]!);
  const answers = await Promise.all(ids.map((id) => send(fast.port, byId(id), agent)));
  expect(answers.map(({ body }) => body.toString())).toEqual(
    ids.map((id) => `{"data":{"session":${id === 'none' ? null : `{"id":"${id}"}`}}}`),
  );
  expect(fast.handedOn()).toBe(1);
  expect(connections).toBe(5);
});

test('requests that are sent without waiting are answered in their order, whichever way each takes', async () => {
  const ways = await openServed(BY_ID);
  const post = (id: string, query: string) => {
    const body = JSON.stringify({ query, variables: { id } });
    return `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`.concat(
      `${id === 'c' ? 'Connection: close\r\n' : ''}\r\n${body}`,
    );
  };
  const texts: string[] = [];
  for (const way of [ways.yoga, ways.fast]) {
    const connection = openConnection(urlOf(way));
    const unknown = BY_ID.replace('ById', 'Unknown');
    connection.socket.write(
      [post('a', BY_ID), post('b', unknown), post('root', BY_ID), post('none', BY_ID), post('c', BY_ID)].join(
        '',
      ),
    );
    texts.push(await connection.closed());
  }
  const bodies = texts.map((text) =>
    [...text.matchAll(/\r\n\r\n(\{.*?\})(?=HTTP|$)/g)].map(([, body]) => body),
  );
  expect(bodies[1]).toEqual(
    ['{"id":"a"}', '{"id":"b"}', '{"id":"root"}', 'null', '{"id":"c"}'].map(
      (session) => `{"data":{"session":${session}}}`,
    ),
  );
  expect(bodies[1]).toEqual(bodies[0]);
  expect(ways.fast.handedOn()).toBe(2);
});

describe('an internal error', () => {
  const SECRET = 'disk /var/lib/secret is gone';

  test.each([
    ['instead of data', QUERY],
    ['beside data', '{ __typename node(id: "root") { ... on Session { children { nodes { id } } } } }'],
    [
      'in many places',
      '{ nodes(ids: ["root", "a", "root"]) { ... on Session { rollup { sessionCount } } } }',
    ],
    ['of a mutation', 'mutation { updateSession(input: { sessionId: "a" }) { __typename } }'],
  ])('%s is masked, and logged, the same', async (_name, query) => {
    const failing = new Set(['childrenOf', 'rollupsOf', 'update']);
    const { repository } = watched(await openTree(), ([method]) => {
      if (failing.has(method)) throw new Error(SECRET);
      return undefined;
    });
    const ways = await openBothWays(repository);
    const { headers, body } = plain({ query });
    for (let time = 0; time < 3; time += 1) {
      const [expected, answer] = await Promise.all(
        [ways.yoga, ways.fast].map(({ port }) =>
          send(port, { body, headers: { ...headers, 'x-request-id': `request-${time}` } }),
        ),
      );
      const text = answer!.body.toString();
      expect(text).toBe(expected!.body.toString());
      expect(answer!.status).toBe(expected!.status);
      expect(text).toContain(`Internal error. Request id request-${time}`);
      expect(text).not.toContain('secret');
    }
    expect(ways.fast.handedOn()).toBe(1);
    const told = ({ logs }: Way) =>
      logs.map(({ level, msg, requestId, path, times, errors, status, err }) => {
        const { type, message } = (err ?? {}) as { type?: string; message?: string };
        return { level, msg, requestId, path, times, errors, status, type, message };
      });
    expect(told(ways.fast)).toEqual(told(ways.yoga));
    expect(ways.fast.logs.filter(({ level }) => level === 50)).toHaveLength(3);
  });
});

test('a server that stops answers what is under way, and closes its connection', async () => {
  const { fast } = await openServed(QUERY);
  const connections = connectionsOf(fast.server);
  const connection = openConnection(urlOf(fast));
  const [first, rest] = postInTwoParts(QUERY);
  connection.socket.write(postInTwoParts(QUERY).join('') + first);
  await connection.received('"title":"c"');
  connections.drain();
  connection.socket.write(rest);
  const answers = (await connection.closed()).split('HTTP/1.1 200 OK').slice(1);
  expect(answers).toHaveLength(2);
  expect(answers[0]!.toLowerCase()).toContain('connection: keep-alive');
  expect(answers[1]!.toLowerCase()).toContain('connection: close');
  expect(answers[1]).toContain('"title":"c"');
  expect(fast.handedOn()).toBe(1);
});

test('a server that stops answers all that a connection has asked for at once', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  const connections = connectionsOf(server);
  const responses: ServerResponse[] = [];
  server.on('request', (_request, response) => responses.push(response));
  await once(server, 'listening');
  const connection = openConnection(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  connection.socket.write('GET /first HTTP/1.1\r\nhost: a\r\n\r\nGET /second HTTP/1.1\r\nhost: a\r\n\r\n');
  await vi.waitFor(() => expect(responses).toHaveLength(2), 20_000);
  connections.drain();
  for (const response of responses) response.end(`this is ${response.req.url}`);
  const answers = await connection.closed();
  expect(answers).toContain('this is /first');
  expect(answers).toContain('this is /second');
});
