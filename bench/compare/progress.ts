import { type ProgressBar, progressBar } from '../../src/commands/progress.ts';

/** A progress bar on a terminal; otherwise one line per stage, for a log. */
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
