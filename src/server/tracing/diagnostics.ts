import { DiagLogLevel, diag } from '@opentelemetry/api';
import type { Logger } from '../../repository/observer.ts';

/** Milliseconds between two warnings of the SDK in the log. */
const WARNING_MS = 60_000;

/**
 * Logs warnings of the SDK, at most one a minute: that it dropped spans because too many waited, or ignores a variable. Its errors are failed
 * exports, which `ReportedExporter` logs.
 */
export function logDiagnostics(logger: Logger): void {
  let loggedAt = Number.NEGATIVE_INFINITY;
  const warn = (reason: string) => {
    const now = performance.now();
    if (now - loggedAt < WARNING_MS) return;
    loggedAt = now;
    logger.warn({ reason }, 'OpenTelemetry warns');
  };
  const silent = () => {};
  const toLog = { error: silent, warn, info: silent, debug: silent, verbose: silent };
  diag.setLogger(toLog, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
}
