import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge, type Registry } from 'prom-client';

/** Milliseconds between two looks at the clock. A delay is what a look comes late by. */
const RESOLUTION_MS = 10;
const NANOSECONDS = 1e9;

/** The delay of the event loop since it was last asked for: by how much everything that the server does was late. */
export class EventLoopDelay {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor(registry: Registry) {
    const histogram = this.#histogram;
    histogram.enable();
    new Gauge({
      name: 'sessiontree_event_loop_delay_seconds',
      help: 'By how much the event loop was late since the last time that the metrics were asked for.',
      labelNames: ['quantile'],
      registers: [registry],
      collect() {
        const late = (nanoseconds: number) => Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION_MS / 1_000);
        for (const quantile of [0.5, 0.99])
          this.set({ quantile }, late(histogram.percentile(100 * quantile)));
        this.set({ quantile: 1 }, late(histogram.max));
        histogram.reset();
      },
    });
  }

  close(): void {
    this.#histogram.disable();
  }
}
