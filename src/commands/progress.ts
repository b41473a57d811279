import type { Progress } from '../repository/observer.ts';

const WIDTH = 30;
const REDRAW_MILLISECONDS = 100;

export interface ProgressBar {
  /** Fits `FileRepositoryOptions.onProgress`. */
  readonly report: Progress;
  /** Clears the line, so that what is printed next starts on a clean one. */
  done(): void;
}

/** A line on `stream` that redraws itself as work goes on; nothing at all where `stream` is no terminal. */
export function progressBar(stream: NodeJS.WriteStream): ProgressBar {
  if (!stream.isTTY) return { report() {}, done() {} };
  let drawnAt = Number.NEGATIVE_INFINITY;
  let drawnStage: string | undefined;
  return {
    report(stage, done, total) {
      const now = performance.now();
      const finished = total > 0 && done >= total;
      if (stage === drawnStage && !finished && now - drawnAt < REDRAW_MILLISECONDS) return;
      drawnAt = now;
      drawnStage = stage;
      stream.cursorTo(0);
      stream.write(progressLine(stage, done, total).slice(0, (stream.columns || 80) - 1));
      stream.clearLine(1);
    },
    done() {
      if (drawnStage === undefined) return;
      drawnStage = undefined;
      stream.cursorTo(0);
      stream.clearLine(0);
    },
  };
}

/** `Reading [########----------] 12 of 30`, or the count alone while the total is not known. */
export function progressLine(stage: string, done: number, total: number): string {
  const count = done.toLocaleString('en');
  if (total <= 0) return `${stage} ${count}`;
  const filled = Math.round(WIDTH * Math.min(done / total, 1));
  return `${stage} [${'#'.repeat(filled)}${'-'.repeat(WIDTH - filled)}] ${count} of ${total.toLocaleString('en')}`;
}
