import { EXPORTERS, PROTOCOLS, SAMPLERS, type TracingConfig } from '../server/tracing/tracing-config.ts';
import { UsageError } from './auth-options.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** Names of the address to which spans are sent; the first wins. */
const ENDPOINTS = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'];

/** The longest time that Node.js has a timer for, in milliseconds. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * How traces are made by the standard variables of OpenTelemetry; null if these turn traces off. Throws a UsageError for a value that cannot be
 * heeded: a default in its place would send spans elsewhere, or other ones.
 */
export function tracingConfig(variables: Variables): TracingConfig | null {
  if (variables.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true') return null;
  const exporter = oneOf(variables, ['OTEL_TRACES_EXPORTER'], EXPORTERS, 'otlp');
  if (exporter === 'none') return null;
  const protocols = ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'];
  if (exporter === 'otlp') for (const name of ENDPOINTS) checkUrl(variables, name);
  const sampler = oneOf(variables, ['OTEL_TRACES_SAMPLER'], SAMPLERS, 'parentbased_always_on');
  return {
    exporter,
    protocol: oneOf(variables, protocols, PROTOCOLS, 'http/protobuf'),
    sampler,
    ratio: sampler.endsWith('traceidratio') ? (share(variables, 'OTEL_TRACES_SAMPLER_ARG') ?? 1) : 1,
    batch: {
      scheduledDelayMillis: count(variables, 'OTEL_BSP_SCHEDULE_DELAY', TIMER_MS_MAX),
      exportTimeoutMillis: count(variables, 'OTEL_BSP_EXPORT_TIMEOUT', TIMER_MS_MAX),
      maxQueueSize: count(variables, 'OTEL_BSP_MAX_QUEUE_SIZE'),
      maxExportBatchSize: count(variables, 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE'),
    },
  };
}

/** The value of the first of `names` that is set. An empty variable counts as not set. */
function oneOf<Value extends string>(
  variables: Variables,
  names: readonly string[],
  values: readonly Value[],
  byDefault: Value,
): Value {
  const name = names.find((one) => variables[one]?.trim());
  if (name === undefined) return byDefault;
  const text = variables[name]!.trim();
  const value = values.find((one) => one === text);
  if (value === undefined) throw refused(name, `one of ${values.join(', ')}`, text);
  return value;
}

function share(variables: Variables, name: string): number | undefined {
  const text = variables[name]?.trim();
  if (!text) return undefined;
  const value = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= 1)) throw refused(name, 'a number from 0 to 1', text);
  return value;
}

function count(variables: Variables, name: string, most = Number.MAX_SAFE_INTEGER): number | undefined {
  const text = variables[name]?.trim();
  if (!text) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= 1 && value <= most)) throw refused(name, `a whole number from 1 to ${most}`, text);
  return value;
}

function checkUrl(variables: Variables, name: string): void {
  const text = variables[name]?.trim();
  if (!text || /^https?:$/.test(URL.parse(text)?.protocol ?? '')) return;
  throw refused(name, 'a URL with http:// or https://, such as http://127.0.0.1:4318', text);
}

function refused(name: string, expected: string, text: string): UsageError {
  const message = `${name}, which --otel reads, has "${text}". Expected ${expected}.`;
  return new UsageError(`error: ${message} OTEL_SDK_DISABLED=true turns traces off.`);
}
