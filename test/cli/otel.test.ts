import { describe, expect, test, vi } from 'vitest';
import { ask, startServe, useDatabase } from '../commands/store.ts';
import { openCollector, variablesFor } from '../server/tracing/collector.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { loadedIn, printLoaded } from './loaded-modules.ts';
import { runCli } from './run.ts';

/** What options have as values is none of the traces. */
const OF_TRACES = /@opentelemetry|server.tracing.(?!tracing-config)/;

// A start takes seconds on a busy machine, and more while modules are told.
vi.setConfig({ testTimeout: 60_000 });

const QUERY = '{ store { version } }';

/** The modules that a server loads until it has answered twice. */
async function loadedBy(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string[]> {
  const server = await startServe(['--data', await temporaryDirectory(), ...args], {
    ...env,
    ...printLoaded(OF_TRACES),
  });
  for (let n = 0; n < 2; n += 1) expect(await ask(server.url, QUERY)).toHaveProperty('data.store');
  await server.stop();
  return loadedIn(server.log.join(''));
}

test.each([variablesFor({ url: 'http://127.0.0.1:9' }), { SESSIONTREE_OTEL: 'false' }])(
  'without --otel nothing of OpenTelemetry is loaded, also with %o',
  async (env) => {
    expect(await loadedBy([], env)).toEqual([]);
  },
);

test.each([
  ['http/json', 'exporter-trace-otlp-http', 'exporter-trace-otlp-proto'],
  ['http/protobuf', 'exporter-trace-otlp-proto', 'exporter-trace-otlp-http'],
])('with it, the SDK is loaded, and the exporter of %s alone', async (protocol, exporter, other) => {
  const collector = await openCollector();
  const env = { ...variablesFor(collector), OTEL_EXPORTER_OTLP_PROTOCOL: protocol };
  const loaded = (await loadedBy(['--otel'], env)).join('\n');
  expect(loaded).toContain('@opentelemetry/sdk-trace/');
  expect(loaded).toContain(exporter);
  expect(loaded).not.toContain(other);
  expect(collector.exports.length).toBeGreaterThan(0);
});

test.each([{ OTEL_SDK_DISABLED: 'true' }, { OTEL_TRACES_EXPORTER: 'none' }])(
  'nor with --otel, if %o',
  async (env) => {
    expect(await loadedBy(['--otel'], env)).toEqual([]);
  },
);

test('gRPC is refused before anything is opened, and the message says what is supported', async () => {
  const data = await temporaryDirectory();
  const ended = await runCli(['serve', '--otel', '--data', `${data}/none`], {
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
  });
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain(
    'OTEL_EXPORTER_OTLP_PROTOCOL, which --otel reads, has "grpc". Expected one of http/protobuf, http/json',
  );
});

test('OTEL_TRACES_EXPORTER=console writes spans to standard output', async () => {
  const env = { OTEL_TRACES_EXPORTER: 'console' };
  const server = await startServe(['--data', await temporaryDirectory()], {
    ...env,
    SESSIONTREE_OTEL: 'true',
  });
  await ask(server.url, QUERY);
  await server.stop();
  expect(server.log.join('\n')).toContain("name: 'query store'");
});

describe('a store in PostgreSQL', () => {
  const database = useDatabase();

  test('has its reads and its writes in the traces, too', async () => {
    const collector = await openCollector();
    const server = await startServe(['--otel', '--store', database.url], variablesFor(collector));
    await ask(server.url, 'mutation { createSession(input: { id: "s" }) { __typename } }');
    await ask(server.url, '{ session(id: "s") { id } }');
    const [write, read] = await collector.received(2);
    const calls = ({ spanId }: { readonly spanId: string }) =>
      collector.spans().filter(({ parentSpanId }) => parentSpanId === spanId);
    expect(calls(write!).map(({ name }) => name)).toEqual(['store create']);
    expect(calls(read!).map(({ name }) => name)).toEqual(['store findMany']);
    expect(write!.attributes['sessiontree.store.seconds']).toBeGreaterThan(0);
  });
});
