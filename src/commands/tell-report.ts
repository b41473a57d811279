import type { SessionReport } from '../import/report.ts';
import { print } from './print.ts';

/** Prints the report of an import, and sets the exit code. `done` ends the progress line first. */
export async function tellReport(report: SessionReport, done: () => void): Promise<void> {
  done();
  await print(report.lines().map((line) => `${line}\n`));
  process.exitCode = report.complete ? 0 : 1;
}
