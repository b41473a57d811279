import type { Progress } from '../repository/observer.ts';

const WIDTH = 30;
/** Shorter work draws no line. */
const PATIENCE_MILLISECONDS = 500;
const REDRAW_MILLISECONDS = 100;

export interface ProgressBar {
  /** Fits `FileRepositoryOptions.onProgress`. */
  readonly report: Progress;
  /** Clears the line, so that later output starts on an empty one. */
  done(): void;
}

/**
 * A progress line on `stream`, which is redrawn during the work. Draws nothing if `stream` is not a terminal, or if the work
 * finishes within half a second.
 */
export function progressBar(stream: NodeJS.WriteStream): ProgressBar {
  if (!stream.isTTY) return { report() {}, done() {} };
  const startedAt = performance.now();
  /** The last report, unless its stage is finished. */
  let latest: Parameters<Progress> | undefined;
  let drawn: { readonly stage: string; readonly at: number } | undefined;

  function draw(...[stage, done, total]: Parameters<Progress>): void {
    drawn = { stage, at: performance.now() };
    stream.cursorTo(0);
    stream.write(progressLine(stage, done, total).slice(0, (stream.columns || 80) - 1));
    stream.clearLine(1);
  }

  function isDue(stage: string, finished: boolean): boolean {
    const now = performance.now();
    if (drawn === undefined) return !finished && now - startedAt >= PATIENCE_MILLISECONDS;
    return stage !== drawn.stage || finished || now - drawn.at >= REDRAW_MILLISECONDS;
  }

  // Draws the last report of work that reports rarely, without waiting for its next report.
  const first = setTimeout(() => {
    if (latest !== undefined && drawn === undefined) draw(...latest);
  }, PATIENCE_MILLISECONDS).unref();
  return {
    report(stage, done, total) {
      const finished = total > 0 && done >= total;
      latest = finished ? undefined : [stage, done, total];
      if (isDue(stage, finished)) draw(stage, done, total);
    },
    done() {
      clearTimeout(first);
      if (drawn === undefined) return;
      drawn = undefined;
      stream.cursorTo(0);
      stream.clearLine(0);
    },
  };
}

/** `Reading [########----------] 12 of 30`, or only the count while the total is unknown. */
export function progressLine(stage: string, done: number, total: number): string {
  const count = done.toLocaleString('en');
  if (total <= 0) return `${stage} ${count}`;
  const filled = Math.round(WIDTH * Math.min(done / total, 1));
  return `${stage} [${'#'.repeat(filled)}${'-'.repeat(WIDTH - filled)}] ${count} of ${total.toLocaleString('en')}`;
}
