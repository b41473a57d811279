import { Option } from 'commander';
import { z } from 'zod';
import { AUDIT_TO_LOG, type OperationConfig } from '../server/operation-config.ts';
import { EXPECTED_BASE_PATH, parseBasePath } from '../server/proxy/base-path.ts';
import { EXPECTED_PEER, isPeer } from '../server/proxy/trusted-peers.ts';
import { UsageError } from './auth-options.ts';
import { collector, concatenated, list, parser } from './option-parsers.ts';
import { tracingConfig } from './tracing-variables.ts';

/** `true` is the flag without a value; a variable can only say it in words. */
const metrics = z.union([
  z.enum(['true', 'false']).transform((text) => text === 'true'),
  z
    .string()
    .regex(/^\d{1,5}$/)
    .transform(Number)
    .pipe(z.number().max(65_535)),
]);

const basePath = z
  .string()
  .transform(parseBasePath)
  .refine((path) => path !== null);

/** The flags of `sessiontree serve` for those who operate a server: what it reports, and the proxy in front of it. */
export function operationOptions(): Option[] {
  return [
    new Option('--base-path <path>', 'the path under which a proxy has the server')
      .env('SESSIONTREE_BASE_PATH')
      .default('', 'none')
      .argParser(parser(basePath, EXPECTED_BASE_PATH)),
    new Option(
      '--trust-proxy <peer>',
      'whose X-Forwarded headers to believe: loopback, an address or a network; repeat the flag for more',
    )
      .env('SESSIONTREE_TRUST_PROXY')
      .default([], 'none')
      .argParser(collector(list(z.string().refine(isPeer)), EXPECTED_PEER, concatenated)),
    new Option(
      '--metrics [port]',
      'serve metrics for Prometheus at /metrics; with a port, there on this machine only, and without a token',
    )
      .env('SESSIONTREE_METRICS')
      .default(false, 'off')
      .argParser(parser(metrics, 'true, false or a port (a whole number from 0 to 65535)')),
    new Option(
      '--audit <file>',
      'append a line for each mutation and each refusal to this file; "log": write them to the log',
    )
      .env('SESSIONTREE_AUDIT')
      .default(null, 'off')
      .argParser(parser(z.string().min(1), 'the path of a file, or "log"')),
    new Option(
      '--otel',
      'send a trace of each request to a collector of OpenTelemetry; the standard variables OTEL_* say where, and which',
    )
      .env('SESSIONTREE_OTEL')
      .default(false, 'off'),
  ];
}

/** The parsed values of `operationOptions`. */
export interface OperationFlags {
  readonly basePath: string;
  readonly trustProxy: readonly string[];
  readonly metrics: boolean | number;
  readonly audit: string | null;
  readonly otel: boolean;
}

/** Throws a `UsageError` for flags that do not go together. */
export function operationConfig(flags: OperationFlags & { readonly logLevel: string }): OperationConfig {
  refuseSilentAudit(flags);
  const { metrics } = flags;
  return {
    basePath: flags.basePath,
    trustedProxies: Object.freeze([...flags.trustProxy]),
    metrics: typeof metrics === 'number' ? metrics : metrics ? 'main' : null,
    audit: flags.audit,
    tracing: flags.otel ? tracingConfig(process.env) : null,
  };
}

/** Levels at which the lines of the audit would not be in the log. */
const LEVELS_WITHOUT_AUDIT: ReadonlySet<string> = new Set(['warn', 'error', 'fatal', 'silent']);

function refuseSilentAudit({ audit, logLevel }: OperationFlags & { readonly logLevel: string }): void {
  if (audit !== AUDIT_TO_LOG || !LEVELS_WITHOUT_AUDIT.has(logLevel)) return;
  const message = `--audit log writes at level info, which --log-level ${logLevel} leaves out. Choose another level, or give --audit a file.`;
  throw new UsageError(`error: ${message}`);
}
