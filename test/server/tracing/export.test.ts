import { expect, test } from 'vitest';
import { VERSION } from '../../../src/version.ts';
import { freePort } from '../../support/free-port.ts';
import { postTo, startLoggedServer } from '../running.ts';
import type { LogLine } from '../support.ts';
import { openCollector, startTraced, tracingWith, variablesFor } from './collector.ts';

const QUERY = 'query Find { session(id: "s") { id } }';

test('by default spans are sent as protobuf, with the headers that the variables name', async () => {
  const collector = await openCollector((response) => response.writeHead(200).end());
  const { OTEL_EXPORTER_OTLP_PROTOCOL: _, ...variables } = variablesFor(collector);
  const headers = 'x-key=hidden,x-other=b';
  const tracing = tracingWith({ ...variables, OTEL_EXPORTER_OTLP_HEADERS: headers });
  const { server, lines } = await startLoggedServer({ tracing });
  await postTo(server.url, QUERY);
  const sentAs = (bytes: Buffer) => collector.exports.find(({ body }) => body.includes(bytes));
  await expect.poll(() => sentAs(Buffer.from('query session'))).toBeDefined();
  const { traceId } = lines.find(({ msg }) => msg === 'request')!;
  const sent = sentAs(Buffer.from(String(traceId), 'hex'));
  expect(sent).toMatchObject({
    path: '/v1/traces',
    headers: { 'content-type': 'application/x-protobuf', 'x-key': 'hidden', 'x-other': 'b' },
  });
  expect(JSON.stringify(lines)).not.toContain('hidden');
});

test('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is the whole address', async () => {
  const collector = await openCollector();
  const endpoint = `${collector.url}/own/path`;
  const tracing = tracingWith({
    ...variablesFor({ url: 'http://127.0.0.1:9' }),
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint,
  });
  const { server } = await startLoggedServer({ tracing });
  await postTo(server.url, QUERY);
  await collector.received(1);
  expect(collector.exports[0]!.path).toBe('/own/path');
});

test('the resource names the server, unless variables name another', async () => {
  const plain = await startTraced();
  await postTo(plain.server.url, QUERY);
  await plain.collector.received(1);
  expect(plain.collector.resource()).toMatchObject({
    'service.name': 'sessiontree',
    'service.version': VERSION,
    'service.instance.id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    'telemetry.sdk.language': 'nodejs',
  });
  const named = await startTraced({
    OTEL_SERVICE_NAME: 'memory',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=staging,service.name=ignored',
  });
  await postTo(named.server.url, QUERY);
  await named.collector.received(1);
  expect(named.collector.resource()).toMatchObject({
    'service.name': 'memory',
    'deployment.environment.name': 'staging',
  });
});

test('a stop exports the spans that wait', async () => {
  const { server, collector } = await startTraced({ OTEL_BSP_SCHEDULE_DELAY: '600000' });
  await postTo(server.url, QUERY);
  expect(collector.exports).toHaveLength(0);
  await server.stop();
  expect(collector.requests()).toHaveLength(1);
});

/** Lines of the log about exports. */
const reports = (lines: readonly LogLine[]) =>
  lines.map(({ msg }) => String(msg)).filter((msg) => /spans|OpenTelemetry/.test(msg));

const LOST = 'spans could not be exported, and are lost; requests go on';

test('while no collector listens, requests are answered, and the log has one line; then it says that spans are exported again', async () => {
  const port = await freePort();
  const variables = variablesFor({ url: `http://127.0.0.1:${port}` });
  // A batch of one span: each is an export that fails.
  const tracing = tracingWith({
    ...variables,
    // Less than the pause before an export is tried again.
    OTEL_EXPORTER_OTLP_TIMEOUT: '700',
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1',
  });
  const { server, lines } = await startLoggedServer({ tracing });
  for (let n = 0; n < 20; n += 1) expect((await postTo(server.url, QUERY)).status).toBe(200);
  await expect.poll(() => reports(lines)).toEqual([LOST]);
  const failed = lines.find(({ msg }) => msg === LOST)!;
  expect(failed.reason).toContain('ECONNREFUSED');
  const collector = await openCollector(undefined, port);
  const again = async () => {
    await postTo(server.url, QUERY);
    return reports(lines).slice(0, 2);
  };
  await expect.poll(again).toEqual([LOST, 'spans are exported again']);
  // All that failed until then, of which one line has told.
  expect(lines.find(({ msg }) => msg === 'spans are exported again')!.lost).toBeGreaterThan(1);
  await expect.poll(() => collector.requests().length).toBeGreaterThan(0);
});

test('a collector that refuses is said with its reason, and without what it answers', async () => {
  const collector = await openCollector((response) => response.writeHead(401).end('hidden'));
  const { server, lines } = await startLoggedServer({ tracing: tracingWith(variablesFor(collector)) });
  await postTo(server.url, QUERY);
  await expect.poll(() => reports(lines)).toEqual([LOST]);
  expect(lines.find(({ msg }) => msg === LOST)).toMatchObject({ level: 40, reason: 'Unauthorized' });
  expect(JSON.stringify(lines)).not.toContain('hidden');
});

test('a collector that never answers holds neither requests nor a stop, and no more spans than the queue takes', async () => {
  const collector = await openCollector(() => {});
  const tracing = tracingWith({
    ...variablesFor(collector),
    OTEL_EXPORTER_OTLP_TIMEOUT: '60000',
    OTEL_BSP_MAX_QUEUE_SIZE: '10',
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '5',
  });
  const { server } = await startLoggedServer({ tracing });
  const startedAt = performance.now();
  for (let n = 0; n < 20; n += 1) expect((await postTo(server.url, QUERY)).status).toBe(200);
  const answeredMs = performance.now() - startedAt;
  await expect.poll(() => collector.exports.length).toBe(1);
  const stoppedAt = performance.now();
  await server.stop();
  // The export takes half a minute until it is given up.
  expect(performance.now() - stoppedAt).toBeLessThan(12_000);
  expect(answeredMs).toBeLessThan(12_000);
  // The batch under way, and the queue.
  expect(collector.spans().length).toBeLessThanOrEqual(15);
});

test('spans that are dropped because too many wait are said once', async () => {
  const answers: (() => void)[] = [];
  const collector = await openCollector((response) => answers.push(() => response.end('{}')));
  const tracing = tracingWith({
    ...variablesFor(collector),
    OTEL_BSP_MAX_QUEUE_SIZE: '4',
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '2',
  });
  const { server, lines } = await startLoggedServer({ tracing });
  for (let n = 0; n < 10; n += 1) await postTo(server.url, QUERY);
  await expect.poll(() => answers.length).toBe(1);
  const isSaid = async () => {
    for (const answer of answers.splice(0)) answer();
    await postTo(server.url, QUERY);
    return reports(lines).length;
  };
  await expect.poll(isSaid).toBe(1);
  expect(lines.find(({ msg }) => msg === 'OpenTelemetry warns')!.reason).toMatch(/^Dropped \d+ spans/);
});
