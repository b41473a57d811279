import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { expect, onTestFinished, vi } from 'vitest';
import { tracingConfig } from '../../../src/commands/tracing-variables.ts';
import type { Config } from '../../../src/server/config.ts';
import type { TracingConfig } from '../../../src/server/tracing/tracing-config.ts';
import { startLoggedServer } from '../running.ts';

/** A span as the collector got it, with its attributes as plain values. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly traceState: string | undefined;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly unknown[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status: { readonly code: number; readonly message?: string };
}

/** SpanKind of OTLP. */
export const INTERNAL = 1;
export const SERVER = 2;
/** StatusCode of OTLP. */
export const ERROR = { code: 2 };
export const UNSET = { code: 0 };

export interface Export {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Collector {
  readonly url: string;
  /** The requests with spans so far. */
  readonly exports: readonly Export[];
  /** The spans so far, in the order in which they ended. */
  spans(): ReceivedSpan[];
  /** The spans without a parent in the server: those of requests. */
  requests(): ReceivedSpan[];
  /** The spans of requests, once there are so many. */
  received(count: number): Promise<ReceivedSpan[]>;
  /** The attributes of the resource. */
  resource(): Readonly<Record<string, unknown>>;
}

type Answer = (response: ServerResponse) => void;

const ACCEPT: Answer = (response) =>
  response.writeHead(200, { 'content-type': 'application/json' }).end('{}');

/** A receiver of OTLP over HTTP on the loopback. */
export async function openCollector(answer = ACCEPT, port = 0): Promise<Collector> {
  const exports: Export[] = [];
  const server = createServer(async (request, response) => {
    const { url = '', headers } = request;
    exports.push({ path: url, headers, body: await buffer(request) });
    answer(response);
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const resources = () =>
    exports.flatMap(({ body }) => (JSON.parse(body.toString()) as Traces).resourceSpans);
  const spans = () =>
    resources().flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans.map(received)));
  const requests = () => spans().filter(({ kind }) => kind === SERVER);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    exports,
    spans,
    requests,
    async received(count) {
      await expect.poll(() => requests().length).toBeGreaterThanOrEqual(count);
      expect(requests()).toHaveLength(count);
      return requests();
    },
    resource: () => plain(resources()[0]!.resource.attributes),
  };
}

/** https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
interface Traces {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

interface Attribute {
  readonly key: string;
  readonly value: Value;
}

type Value = Readonly<Record<string, unknown>> & {
  readonly arrayValue?: { readonly values: readonly Value[] };
};

interface OtlpSpan
  extends Omit<
    ReceivedSpan,
    'attributes' | 'startTimeUnixNano' | 'endTimeUnixNano' | 'parentSpanId' | 'traceState'
  > {
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
}

function received(span: OtlpSpan): ReceivedSpan {
  return {
    ...span,
    parentSpanId: span.parentSpanId,
    traceState: span.traceState,
    startTimeUnixNano: BigInt(span.startTimeUnixNano),
    endTimeUnixNano: BigInt(span.endTimeUnixNano),
    attributes: plain(span.attributes),
  };
}

function plain(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, plainValue(value)]));
}

function plainValue({ arrayValue, ...value }: Value): unknown {
  return arrayValue ? arrayValue.values.map(plainValue) : Object.values(value)[0];
}

/** Variables with which spans come to `collector` soon, as JSON. */
export function variablesFor(collector: Pick<Collector, 'url'>): Record<string, string> {
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_BSP_SCHEDULE_DELAY: '20',
  };
}

/** The configuration of `--otel` with these variables, which stay set until the test ends. */
export function tracingWith(variables: Record<string, string>): TracingConfig | null {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  return tracingConfig(process.env);
}

/** A server that sends its spans to a collector, with the lines of its log. */
export async function startTraced(variables: Record<string, string> = {}, changes: Partial<Config> = {}) {
  const collector = await openCollector();
  const tracing = tracingWith({ ...variablesFor(collector), ...variables });
  return { collector, ...(await startLoggedServer({ ...changes, tracing })) };
}
