import { setTimeout as wait } from 'node:timers/promises';
import { defaultTextMapGetter, ROOT_CONTEXT } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ConsoleSpanExporter,
  type SpanExporter,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Logger } from '../../repository/observer.ts';
import { VERSION } from '../../version.ts';
import type { RequestObserver, TraceHooks } from '../request-log.ts';
import { describeRequest } from './describe-request.ts';
import { logDiagnostics } from './diagnostics.ts';
import { OperationNames } from './operation-names.ts';
import { ReportedExporter } from './reported-exporter.ts';
import { createSampler } from './sampler.ts';
import { TracedRequest } from './traced-request.ts';
import type { TracingConfig } from './tracing-config.ts';

/** The service in the traces, and the library that makes them. */
const NAME = 'sessiontree';

/** Milliseconds that the last spans have to be exported in when a server stops. */
const FLUSH_MS = 1_000;

/** The traces of a server, made by the SDK of OpenTelemetry. */
export interface Tracing extends TraceHooks {
  /** Exports the spans that wait, for a second at most: a collector that does not answer must not hold a stop. */
  close(): Promise<void>;
}

/** Begins to make traces. This module and those that it imports are loaded only for servers that do: see `openWatch`. */
export async function openTracing(config: TracingConfig, logger: Logger): Promise<Tracing> {
  logDiagnostics(logger);
  const exporter = new ReportedExporter(await createExporter(config), logger);
  const provider = new TracerProvider({
    resource: createResource(),
    sampler: createSampler(config),
    spanProcessors: [new BatchSpanProcessor({ exporter, ...defined(config.batch) })],
  });
  // Not registered for the process: nothing else in it makes spans.
  const tracer = provider.getTracer(NAME, VERSION);
  const propagator = new W3CTraceContextPropagator();
  const names = new OperationNames();
  const end: RequestObserver = (facts, request) => facts.trace?.end(describeRequest(facts, request, names));
  return {
    beginTrace: (request) =>
      new TracedRequest(
        tracer,
        propagator.extract(ROOT_CONTEXT, request.carrier, defaultTextMapGetter),
        request,
      ),
    requestOpened: end,
    requestEnded: end,
    async close() {
      const timer = new AbortController();
      // A failure is in the log: see `ReportedExporter`.
      const flushed = provider.shutdown().catch(() => {});
      await Promise.race([flushed, wait(FLUSH_MS, undefined, { signal: timer.signal }).catch(() => {})]);
      timer.abort();
    },
  };
}

/** Of the two exporters of OTLP, only the one that is asked for is loaded. */
async function createExporter({ exporter, protocol }: TracingConfig): Promise<SpanExporter> {
  if (exporter === 'console') return new ConsoleSpanExporter();
  const { OTLPTraceExporter } =
    protocol === 'http/json'
      ? await import('@opentelemetry/exporter-trace-otlp-http')
      : await import('@opentelemetry/exporter-trace-otlp-proto');
  return new OTLPTraceExporter();
}

/** What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say comes before what the server says of itself. */
function createResource() {
  const own = resourceFromAttributes({ 'service.name': NAME, 'service.version': VERSION });
  const detected = detectResources({ detectors: [serviceInstanceIdDetector, envDetector] });
  return defaultResource().merge(own).merge(detected);
}

/** Without the members that are undefined: the SDK tells them from those that are missing. */
function defined<T extends object>(options: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
