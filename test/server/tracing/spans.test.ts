import { expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/model/limits.ts';
import { stream } from '../live/support.ts';
import { openConnection, postInTwoParts, postTo, sendOverSocket, startLoggedServer } from '../running.ts';
import {
  ERROR,
  INTERNAL,
  openCollector,
  SERVER,
  startTraced,
  tracingWith,
  UNSET,
  variablesFor,
} from './collector.ts';

const QUERY = 'query Find { session(id: "s") { id historyLength } }';
const CREATE = 'mutation Make { createSession(input: { id: "s" }) { __typename } }';

/** Ways for an operation into a server: Yoga, which has not seen it yet, and the fast path. */
const WAYS = { 'a first request': 1, 'the fast path': 2 };

test.each(Object.entries(WAYS))(
  'an operation by %s is a span by the semantic conventions',
  async (_way, times) => {
    const { server, collector } = await startTraced();
    const before = process.hrtime.bigint();
    for (let n = 0; n < times; n += 1) await postTo(server.url, QUERY, { 'x-request-id': `r${n}` });
    const tookNano = process.hrtime.bigint() - before;
    const span = (await collector.received(times)).at(-1)!;
    expect(span).toMatchObject({ name: 'query session', kind: SERVER, status: UNSET, links: [], events: [] });
    expect(span.parentSpanId).toBeUndefined();
    expect(span.attributes).toEqual({
      'url.scheme': 'http',
      'http.request.method': 'POST',
      'http.route': '/graphql',
      'url.path': '/graphql',
      'http.response.status_code': 200,
      'graphql.operation.type': 'query',
      'graphql.operation.name': 'Find',
      'sessiontree.request.id': `r${times - 1}`,
      'sessiontree.store.calls': 1,
      'sessiontree.store.seconds': expect.any(Number),
    });
    const nano = span.endTimeUnixNano - span.startTimeUnixNano;
    expect(nano).toBeGreaterThan(0n);
    expect(nano).toBeLessThan(tookNano);
    expect(Math.abs(Number(span.startTimeUnixNano / 1_000_000n) - Date.now())).toBeLessThan(60_000);
  },
);

test.each(Object.entries({ 'a first request': postTo, 'a WebSocket': sendOverSocket }))(
  'each read and write of the store is a span beneath that of its request (%s)',
  async (_way, run) => {
    const { server, collector } = await startTraced();
    await postTo(server.url, CREATE);
    await run(
      server.url,
      'mutation { sendMessage(input: { sessionId: "s", message: "m" }) { __typename ... on SendMessagePayload { session { history(last: 1) { nodes { content } } } } } }',
    );
    const isSend = ({ name }: { readonly name: string }) => name === 'mutation sendMessage';
    await expect.poll(() => collector.requests().some(isSend)).toBe(true);
    const request = collector.requests().find(isSend)!;
    const calls = collector.spans().filter(({ parentSpanId }) => parentSpanId === request.spanId);
    expect(calls.map(({ name }) => name)).toEqual(['store append', 'store historyOf']);
    for (const call of calls) {
      expect(call).toMatchObject({ traceId: request.traceId, kind: INTERNAL, status: UNSET, attributes: {} });
      expect(call.startTimeUnixNano).toBeGreaterThanOrEqual(request.startTimeUnixNano);
      expect(call.endTimeUnixNano).toBeLessThanOrEqual(request.endTimeUnixNano);
    }
    const seconds = calls.map((call) => Number(call.endTimeUnixNano - call.startTimeUnixNano) / 1e9);
    const sum = seconds.reduce((all, one) => all + one, 0);
    expect(request.attributes['sessiontree.store.calls']).toBe(2);
    expect(request.attributes['sessiontree.store.seconds']).toBeCloseTo(sum, 4);
  },
);

test('of a request that reads the store more often, further calls only count', async () => {
  const { server, collector } = await startTraced();
  // Mutations are executed one after the other, each with a call of its own.
  const create = (n: number) => `a${n}: createSession(input: { id: "s${n}" }) { __typename }`;
  const fields = (from: number, count: number) => Array.from({ length: count }, (_, n) => create(from + n));
  await postTo(server.url, `mutation { ${fields(0, 70).join(' ')} }`);
  const [request] = await collector.received(1);
  expect(request!.name).toBe('mutation');
  expect(request!.attributes['sessiontree.store.calls']).toBe(70);
  expect(collector.spans().filter(({ parentSpanId }) => parentSpanId === request!.spanId)).toHaveLength(64);
});

test('a mutation that answers with a typed error says which, and is no error of the server', async () => {
  const { server, collector } = await startTraced();
  await postTo(server.url, CREATE);
  await postTo(server.url, CREATE);
  const span = (await collector.received(2))[1]!;
  expect(span.status).toEqual(UNSET);
  expect(span.attributes['sessiontree.refused']).toEqual(['createSession SessionExistsError']);
  const call = collector.spans().findLast(({ name }) => name === 'store create')!;
  expect(call.attributes).toEqual({ 'error.type': 'SessionExistsError' });
});

test('pages, refusals and what is no HTTP are spans, and probes are none', async () => {
  const { server, collector } = await startTraced();
  const at = (path: string) => new URL(path, server.url);
  await fetch(at('/health'));
  await fetch(at('/ready'));
  await fetch(at('/explorer/?token=hidden'));
  await fetch(server.url, { headers: { accept: 'text/html' } });
  await fetch(at('/my/own/path'), { method: 'PROPFIND' });
  await postTo(server.url, '{ nope }');
  await postTo(server.url, QUERY, { origin: 'https://evil.example' });
  for (const head of ['CONNECT x.example:443 HTTP/1.1\r\nHost: x.example\r\n\r\n', 'GARBAGE\r\n\r\n']) {
    const { socket, closed } = openConnection(server.url);
    socket.write(head);
    await closed();
  }
  const spans = await collector.received(7);
  const shown = spans.map(({ name, attributes }) => [
    name,
    attributes['http.request.method'],
    attributes['url.path'],
    attributes['http.response.status_code'],
    attributes['sessiontree.error.codes'],
  ]);
  expect(shown).toEqual([
    ['GET /explorer/*', 'GET', '/explorer/', 200, undefined],
    ['GET /graphql', 'GET', '/graphql', 200, undefined],
    ['HTTP', '_OTHER', '/my/own/path', 404, ['NOT_FOUND']],
    ['POST /graphql', 'POST', '/graphql', 200, ['GRAPHQL_VALIDATION_FAILED']],
    ['POST /graphql', 'POST', '/graphql', 403, ['ORIGIN_NOT_ALLOWED']],
    ['CONNECT', 'CONNECT', 'x.example:443', 405, ['METHOD_NOT_ALLOWED']],
    ['HTTP', '_OTHER', '-', 400, ['BAD_REQUEST']],
  ]);
  for (const { status } of spans) expect(status).toEqual(UNSET);
  expect(JSON.stringify(collector.exports.map(({ body }) => body.toString()))).not.toContain('hidden');
});

test('a request that the server cannot serve has the status ERROR', async () => {
  const { server, collector } = await startTraced({}, { limits: { ...DEFAULT_LIMITS, connections: 1 } });
  const busy = openConnection(server.url);
  // The answer to the first request shows that the server has also read the head of the second, which came with it.
  busy.socket.write(`GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n${postInTwoParts(QUERY)[0]}`);
  await busy.received('ok');
  expect((await postTo(server.url, QUERY)).status).toBe(503);
  const [span] = await collector.received(1);
  expect(span).toMatchObject({ name: 'POST /graphql', status: ERROR });
  expect(span!.attributes).toMatchObject({ 'http.response.status_code': 503, 'error.type': 'OVERLOADED' });
});

test('nothing that is stored, sent as a variable or secret is in a span', async () => {
  const { server, collector } = await startTraced();
  const secret = 'hidden';
  const params = {
    query: `mutation ($id: ID!) { createSession(input: { id: $id, title: "${secret}1", metadata: { a: "${secret}2" } }) { __typename } }`,
    variables: { id: `${secret}3` },
  };
  for (let n = 0; n < 2; n += 1)
    await fetch(`${server.url}?${secret}4=1`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${secret}5`,
        'user-agent': `${secret}6`,
        cookie: `${secret}7`,
      },
      body: JSON.stringify(params),
    });
  await postTo(server.url, `{ session(id: "${secret}3") { title } broken(is: "${secret}8") }`);
  await collector.received(3);
  for (const { body } of collector.exports) expect(body.toString()).not.toContain(secret);
});

test('the log names the trace of each request, and without traces it names none', async () => {
  const { server, collector, lines } = await startTraced();
  await postTo(server.url, QUERY);
  await postTo(server.url, QUERY);
  const traces = (await collector.received(2)).map(({ traceId }) => traceId);
  expect(lines.filter(({ msg }) => msg === 'request').map(({ traceId }) => traceId)).toEqual(traces);
  const plain = await startLoggedServer();
  await postTo(plain.server.url, QUERY);
  expect(plain.lines.find(({ msg }) => msg === 'request')).not.toHaveProperty('traceId');
});

test('a client that has gone is no error of the server', async () => {
  const collector = await openCollector();
  const tracing = tracingWith(variablesFor(collector));
  const { server } = await startLoggedServer({ tracing });
  const { socket } = openConnection(server.url);
  socket.end(postInTwoParts(QUERY)[0]);
  const [span] = await collector.received(1);
  expect(span).toMatchObject({ name: 'POST /graphql', status: UNSET });
  expect(span!.attributes).toMatchObject({ 'sessiontree.error.codes': ['BAD_REQUEST'] });
});

test('what an agent says reaches those who watch, although each request has a view of the store of its own', async () => {
  const { server } = await startTraced();
  await postTo(server.url, CREATE);
  const watched = await stream(server.url, {
    query: 'subscription { messageStream(sessionId: "s") { delta } }',
  });
  const said = await postTo(
    server.url,
    'mutation { streamMessage(input: { sessionId: "s", key: "k", sequence: 1, delta: "Hello" }) { ... on StreamMessagePayload { watchers } } }',
  );
  expect(await said.json()).toEqual({ data: { streamMessage: { watchers: 1 } } });
  expect((await watched.next())!.data).toContain('Hello');
});
