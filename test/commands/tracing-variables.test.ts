import { expect, test } from 'vitest';
import { tracingConfig } from '../../src/commands/tracing-variables.ts';

const DEFAULTS = {
  exporter: 'otlp',
  protocol: 'http/protobuf',
  sampler: 'parentbased_always_on',
  ratio: 1,
  batch: {},
};

test('without variables, and with empty ones, the defaults of the specification hold', () => {
  expect(tracingConfig({})).toEqual(DEFAULTS);
  const empty = { OTEL_TRACES_SAMPLER: '', OTEL_BSP_SCHEDULE_DELAY: ' ', OTEL_EXPORTER_OTLP_ENDPOINT: '' };
  expect(tracingConfig(empty)).toEqual(DEFAULTS);
});

test('each variable is heeded', () => {
  expect(
    tracingConfig({
      OTEL_TRACES_EXPORTER: 'console',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '.25',
      OTEL_BSP_SCHEDULE_DELAY: '100',
      OTEL_BSP_EXPORT_TIMEOUT: '200',
      OTEL_BSP_MAX_QUEUE_SIZE: '300',
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '40',
    }),
  ).toEqual({
    exporter: 'console',
    protocol: 'http/json',
    sampler: 'parentbased_traceidratio',
    ratio: 0.25,
    batch: {
      scheduledDelayMillis: 100,
      exportTimeoutMillis: 200,
      maxQueueSize: 300,
      maxExportBatchSize: 40,
    },
  });
});

test('the protocol of traces goes before that of all signals', () => {
  const variables = {
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json',
  };
  expect(tracingConfig(variables)).toMatchObject({ protocol: 'http/json' });
});

test.each([{ OTEL_SDK_DISABLED: 'true' }, { OTEL_SDK_DISABLED: 'TRUE' }, { OTEL_TRACES_EXPORTER: 'none' }])(
  '%o turns traces off, whatever else is set',
  (variables) => {
    expect(tracingConfig({ ...variables, OTEL_TRACES_SAMPLER: 'odd' })).toBeNull();
  },
);

test.each([
  ['OTEL_TRACES_EXPORTER', 'zipkin', 'one of otlp, console, none'],
  ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc', 'one of http/protobuf, http/json'],
  ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'grpc', 'one of http/protobuf, http/json'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318', 'a URL with http:// or https://'],
  ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'grpc://collector', 'a URL with http:// or https://'],
  ['OTEL_TRACES_SAMPLER', 'jaeger_remote', 'one of always_on, always_off, traceidratio, '],
  ['OTEL_BSP_SCHEDULE_DELAY', '5s', 'a whole number from 1 to 2147483647'],
  ['OTEL_BSP_EXPORT_TIMEOUT', '2147483648', 'a whole number from 1 to 2147483647'],
  ['OTEL_BSP_MAX_QUEUE_SIZE', '0', 'a whole number from 1 to'],
  ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE', '-1', 'a whole number from 1 to'],
])('%s=%s is refused: the message says what was expected', (name, value, expected) => {
  const read = () => tracingConfig({ [name]: value });
  expect(read).toThrow(`error: ${name}, which --otel reads, has "${value}". Expected ${expected}`);
});

test.each(['2', '-0.1', 'a', '1e-1', '0x1'])('a share of %s is refused', (share) => {
  const variables = { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: share };
  expect(() => tracingConfig(variables)).toThrow('a number from 0 to 1');
});

test('the argument of a sampler that takes none is not read', () => {
  expect(tracingConfig({ OTEL_TRACES_SAMPLER: 'always_on', OTEL_TRACES_SAMPLER_ARG: 'odd' })).toMatchObject({
    ratio: 1,
  });
});
