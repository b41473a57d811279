import { type ProgressBar, progressBar } from '../../src/commands/progress.ts';

/** A bar on a terminal; elsewhere a line for each stage, so that a log shows where a run is. */
export function stageReporter(stream: NodeJS.WriteStream): ProgressBar {
  if (stream.isTTY) return progressBar(stream);
  let stage: string | undefined;
  return {
    report(next) {
      if (next !== stage) stream.write(`${new Date().toISOString()} ${next}\n`);
      stage = next;
    },
    done() {},
  };
}
