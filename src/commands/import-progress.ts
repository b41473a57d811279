import type { ImportProgress } from '../import/import-sessions.ts';
import type { Progress } from '../repository/observer.ts';
import { progressBar } from './progress.ts';

const RATE_MILLISECONDS = 500;
const MEGABYTE = 1_000_000;

/** The progress line of an import: files and sessions, with the megabytes of a second. */
export function importProgress(stream: NodeJS.WriteStream) {
  const bar = progressBar(stream);
  let stage: string | null = null;
  let startedAt = 0;
  let rateAt = 0;
  let label = '';
  return {
    /** Of opening the store. */
    open: bar.report satisfies Progress,
    report(progress: ImportProgress): void {
      const now = performance.now();
      if (stage !== progress.stage) {
        stage = progress.stage;
        startedAt = now;
        rateAt = Number.NEGATIVE_INFINITY;
      }
      // The bar is drawn again whenever its label changes.
      if (now - rateAt >= RATE_MILLISECONDS) {
        rateAt = now;
        const seconds = Math.max(0.001, (now - startedAt) / 1000);
        const rate = `at ${(progress.bytes / MEGABYTE / seconds).toFixed(1)} MB/s`;
        const files = `${progress.files.toLocaleString('en')} ${progress.files === 1 ? 'file' : 'files'}`;
        // The bytes of a file are known once all of it was read.
        const read = progress.files === 0 ? '' : ` ${rate}, ${files}`;
        label = progress.stage === 'Reading' ? `Reading${read}, sessions:` : `Importing ${rate}, sessions`;
      }
      bar.report(label, progress.sessions, progress.ofSessions);
    },
    done: bar.done,
  };
}
