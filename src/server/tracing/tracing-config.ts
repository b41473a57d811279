/** The values of OTEL_TRACES_EXPORTER that are carried. With `none` there are no traces. */
export const EXPORTERS = ['otlp', 'console', 'none'] as const;

/** The values of OTEL_EXPORTER_OTLP_PROTOCOL that are carried. */
export const PROTOCOLS = ['http/protobuf', 'http/json'] as const;

/** The values of OTEL_TRACES_SAMPLER that are carried. */
export const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/**
 * How a server makes traces, as the standard variables of OpenTelemetry say. The exporter of the SDK reads the others itself: those that begin
 * with OTEL_EXPORTER_OTLP_, OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES.
 */
export interface TracingConfig {
  readonly exporter: Exclude<(typeof EXPORTERS)[number], 'none'>;
  readonly protocol: (typeof PROTOCOLS)[number];
  readonly sampler: (typeof SAMPLERS)[number];
  /** The share of the traces that a sampler by ratio takes, from 0 to 1. */
  readonly ratio: number;
  /** How spans are gathered; undefined takes the default of the SDK. */
  readonly batch: {
    /** Milliseconds between two exports. */
    readonly scheduledDelayMillis?: number | undefined;
    /** Milliseconds that an export may take. */
    readonly exportTimeoutMillis?: number | undefined;
    /** Spans that wait at most; further ones are dropped. */
    readonly maxQueueSize?: number | undefined;
    readonly maxExportBatchSize?: number | undefined;
  };
}
