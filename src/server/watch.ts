import type { Logger } from '../repository/observer.ts';
import type { SessionRepository } from '../repository/repository.ts';
import { createAudit } from './audit/audit.ts';
import { AuditFile } from './audit/audit-file.ts';
import type { Config } from './config.ts';
import type { Live } from './live/live.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { MetricsServer } from './metrics/metrics-server.ts';
import { AUDIT_TO_LOG } from './operation-config.ts';
import { observedLogger, type RequestObserver, type ServerLogger } from './request-log.ts';
import type { Tracing } from './tracing/tracing.ts';
import type { TracingConfig } from './tracing/tracing-config.ts';

/** What an operator has asked to be told of a server beside its log: metrics, the audit and traces. */
export interface Watch {
  /** The log, by way of which all of them are told of requests. */
  readonly logger: ServerLogger;
  readonly metrics: Metrics | null;
  readonly onCommit: ((milliseconds: number) => void) | null;
  readonly reopenAudit: (() => void) | null;
  /** Measures the server; resolves with where the metrics are if they have a port of their own, else with null. */
  serve(server: { readonly repository: SessionRepository; readonly live: Live }): Promise<string | null>;
  close(): Promise<void>;
}

/** Opens what the configuration asks for. Rejects with an AuditFileError. */
export async function openWatch(
  { metrics: place, audit, tracing: tracingConfig }: Pick<Config, 'metrics' | 'audit' | 'tracing'>,
  logger: Logger,
): Promise<Watch> {
  const file = audit === null || audit === AUDIT_TO_LOG ? null : new AuditFile(audit, logger);
  const metrics = place === null ? null : await loadMetrics();
  const tracing = tracingConfig && (await loadTracing(tracingConfig, logger));
  const observers: RequestObserver[] = [];
  if (metrics) observers.push(metrics.requestEnded);
  if (file) observers.push(createAudit((line) => file.write(line)));
  else if (audit !== null) observers.push(createAudit(({ time: _, ...line }) => logger.info(line, 'audit')));
  let server: MetricsServer | null = null;
  return {
    logger: observedLogger(logger, observers, tracing),
    metrics,
    onCommit: metrics?.committed ?? null,
    reopenAudit: file && (() => file.reopen()),
    async serve({ repository, live }) {
      metrics?.watch({
        repository,
        subscriptions: () => live.subscriptions,
        subscriptionLag: () => live.lagMs / 1_000,
      });
      if (!metrics || typeof place !== 'number') return null;
      const { startMetricsServer } = await import('./metrics/metrics-server.ts');
      server = await startMetricsServer(metrics, place);
      return server.url;
    },
    async close() {
      await server?.close();
      metrics?.close();
      await tracing?.close();
      file?.close();
    },
  };
}

/** Most servers have no metrics: the library takes memory and time. */
async function loadMetrics(): Promise<Metrics> {
  const { Metrics } = await import('./metrics/metrics.ts');
  return new Metrics();
}

/** Most servers make no traces: the SDK takes memory and time. */
async function loadTracing(config: TracingConfig, logger: Logger): Promise<Tracing> {
  const { openTracing } = await import('./tracing/tracing.ts');
  return openTracing(config, logger);
}
