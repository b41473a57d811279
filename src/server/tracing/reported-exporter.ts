import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Logger } from '../../repository/observer.ts';

/** Milliseconds between two lines of the log while spans cannot be exported. */
const REPORT_MS = 60_000;

/** An exporter whose failures are in the log: the first one, then one line a minute until spans are exported again. */
export class ReportedExporter implements SpanExporter {
  readonly #exporter: SpanExporter;
  readonly #logger: Logger;
  #lost = 0;
  #reportedAt = Number.NEGATIVE_INFINITY;

  constructor(exporter: SpanExporter, logger: Logger) {
    this.#exporter = exporter;
    this.#logger = logger;
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.#exporter.export(spans, (result) => {
      if (result.code === ExportResultCode.SUCCESS) this.#succeeded();
      else this.#failed(spans.length, result.error);
      done(result);
    });
  }

  #failed(spans: number, error: Error | undefined): void {
    this.#lost += spans;
    const now = performance.now();
    if (now - this.#reportedAt < REPORT_MS) return;
    this.#reportedAt = now;
    // Not the error itself: it has the answer of the collector, and headers.
    const reason = error?.message;
    this.#logger.warn(
      { lost: this.#lost, reason },
      'spans could not be exported, and are lost; requests go on',
    );
  }

  #succeeded(): void {
    if (this.#lost === 0) return;
    this.#logger.info({ lost: this.#lost }, 'spans are exported again');
    this.#lost = 0;
    this.#reportedAt = Number.NEGATIVE_INFINITY;
  }

  forceFlush(): Promise<void> {
    return this.#exporter.forceFlush?.() ?? Promise.resolve();
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }
}
