import { Sessiontree } from '@sessiontree/client';
import { createClient } from 'graphql-ws';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { stream } from '../live/support.ts';
import { postTo } from '../running.ts';
import { startTraced } from './collector.ts';

const QUERY = '{ store { version } }';
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER = 'b7ad6b7169203331';
const SAMPLED = `00-${TRACE}-${CALLER}-01`;
const UNSAMPLED = `00-${TRACE}-${CALLER}-00`;

test.each([1, 2])('a request lies in the trace of its caller (request %i)', async (times) => {
  const { server, collector, lines } = await startTraced();
  for (let n = 0; n < times; n += 1)
    await postTo(server.url, QUERY, { traceparent: SAMPLED, tracestate: 'vendor=a,other=b' });
  for (const span of await collector.received(times))
    expect(span).toMatchObject({ traceId: TRACE, parentSpanId: CALLER, traceState: 'vendor=a,other=b' });
  const logged = lines.filter(({ msg }) => msg === 'request').map(({ traceId }) => traceId);
  expect(logged).toEqual(Array(times).fill(TRACE));
});

test.each([
  ['no hexadecimal digits', `00-${'g'.repeat(32)}-${CALLER}-01`],
  ['a trace id of zeros', `00-${'0'.repeat(32)}-${CALLER}-01`],
  ['a span id of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
  ['an unknown form', TRACE],
  ['the version that is none', `ff-${TRACE}-${CALLER}-01`],
  ['capitals', SAMPLED.toUpperCase()],
  ['two at once', `${SAMPLED}, ${SAMPLED}`],
])('a traceparent with %s is ignored, and the request begins a trace', async (_what, traceparent) => {
  const { server, collector } = await startTraced();
  expect((await postTo(server.url, QUERY, { traceparent })).status).toBe(200);
  const [span] = await collector.received(1);
  expect(span!.traceId).not.toBe(TRACE);
  expect(span!.parentSpanId).toBeUndefined();
});

test('a caller that records no trace gets none here, and the log still names it', async () => {
  const { server, collector, lines } = await startTraced();
  await postTo(server.url, QUERY, { traceparent: UNSAMPLED });
  await postTo(server.url, QUERY);
  const [span] = await collector.received(1);
  expect(span!.traceId).not.toBe(TRACE);
  expect(lines.filter(({ msg }) => msg === 'request')[0]).toMatchObject({ traceId: TRACE });
});

test.each([
  ['always_off', {}, 0],
  ['always_on', {}, 2],
  ['traceidratio', { OTEL_TRACES_SAMPLER_ARG: '0' }, 0],
  ['parentbased_always_off', {}, 1],
  ['parentbased_traceidratio', { OTEL_TRACES_SAMPLER_ARG: '0' }, 1],
  ['parentbased_traceidratio', { OTEL_TRACES_SAMPLER_ARG: '1' }, 2],
])('OTEL_TRACES_SAMPLER=%s %o', async (sampler, argument, count) => {
  const { server, collector } = await startTraced({ OTEL_TRACES_SAMPLER: sampler, ...argument });
  await postTo(server.url, QUERY, { traceparent: SAMPLED });
  await postTo(server.url, QUERY);
  // A stop exports all that is recorded.
  await server.stop();
  expect(collector.requests()).toHaveLength(count);
});

test('the typed client passes a traceparent on, in the headers of a request', async () => {
  const { server, collector } = await startTraced();
  const client = new Sessiontree(server.url);
  await client.sessions.create({ id: 's' }, { headers: { traceparent: SAMPLED } });
  const [span] = await collector.received(1);
  expect(span).toMatchObject({ name: 'mutation createSession', traceId: TRACE, parentSpanId: CALLER });
});

const WATCH = 'subscription Watch { sessionChanges { isUpToDate changes { sessionId } } }';

test('a subscription over server-sent events is one span, which ends once it is open', async () => {
  const { server, collector, lines } = await startTraced();
  const events = await stream(server.url, { query: WATCH });
  await events.changes();
  const [span] = await collector.received(1);
  expect(span!.name).toBe('subscription sessionChanges');
  expect(span!.attributes).toMatchObject({
    'graphql.operation.type': 'subscription',
    'graphql.operation.name': 'Watch',
    'http.response.status_code': 200,
  });
  await postTo(server.url, 'mutation { createSession(input: { id: "s" }) { __typename } }');
  await events.changes();
  await events.close();
  await expect.poll(() => lines.some(({ events }) => events === 2)).toBe(true);
  // What it read for its events is in no trace: one reading serves all who subscribe to the same.
  await server.stop();
  expect(collector.requests().map(({ name }) => name)).toEqual([
    'subscription sessionChanges',
    'mutation createSession',
  ]);
  expect(lines.find(({ events }) => events === 2)).toMatchObject({ traceId: span!.traceId });
});

test('a WebSocket is a span, and each operation over it one that is linked to it', async () => {
  const { server, collector } = await startTraced();
  const client = createClient({
    url: server.url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    lazy: false,
    retryAttempts: 0,
  });
  onTestFinished(() => client.dispose());
  await client.iterate({ query: QUERY }).next();
  // Stays open until the test has ended.
  await client.iterate({ query: WATCH, extensions: { traceparent: SAMPLED } }).next();
  await expect(client.iterate({ query: '{ nope }' }).next()).rejects.toBeDefined();
  const [opening, query, subscription, refused] = await collector.received(4);
  expect(opening).toMatchObject({ name: 'GET /graphql', links: [] });
  expect(opening!.attributes).toMatchObject({ 'http.response.status_code': 101 });
  const links = [{ traceId: opening!.traceId, spanId: opening!.spanId }];
  expect(query).toMatchObject({ name: 'query store', links });
  expect(query!.traceId).not.toBe(opening!.traceId);
  expect(query!.attributes).toEqual({
    'network.protocol.name': 'websocket',
    'graphql.operation.type': 'query',
    'sessiontree.request.id': expect.any(String),
    'sessiontree.store.calls': 1,
    'sessiontree.store.seconds': expect.any(Number),
  });
  expect(subscription).toMatchObject({ traceId: TRACE, parentSpanId: CALLER, links });
  expect(subscription!.name).toBe('subscription sessionChanges');
  expect(refused).toMatchObject({ name: 'GraphQL Operation', links });
  expect(refused!.attributes['sessiontree.error.codes']).toEqual(['GRAPHQL_VALIDATION_FAILED']);
});
