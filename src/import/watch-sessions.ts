import { FileChanges } from './file-changes.ts';
import type { Fault } from './format.ts';
import { type ImportSessionsOptions, type ImportSource, importSessions } from './import-sessions.ts';
import type { SessionReport } from './report.ts';
import type { Target } from './target/target.ts';

/**
 * Imports `sources`, and again whenever a file there changes, until `signal` is aborted. Yields each report that tells of something. A fault
 * that the report before had is left out.
 */
export async function* watchSessions(
  sources: readonly ImportSource[],
  target: Target,
  options: ImportSessionsOptions,
  signal: AbortSignal,
): AsyncGenerator<SessionReport> {
  const cache = new Map<string, unknown>();
  const changes = new FileChanges(sources.map(({ path }) => path));
  try {
    let told = new Set<string>();
    let stopped: string | null = null;
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      changes.forget();
      const report = await importSessions(sources, target, { ...options, cache });
      const { sessions } = report;
      const found = new Set(report.faults.map((fault) => JSON.stringify(fault)));
      leaveOut(report.faults, told);
      const isNews = sessions.new + sessions.changed + report.faults.length > 0 || report.stopped !== stopped;
      if (isFirst || isNews) yield report;
      told = found;
      stopped = report.stopped;
      await changes.next(signal);
    }
  } finally {
    changes.close();
  }
}

/** Takes faults out of the list: those whose JSON is in `told`. */
function leaveOut(faults: Fault[], told: ReadonlySet<string>): void {
  const others = faults.filter((fault) => !told.has(JSON.stringify(fault)));
  faults.length = 0;
  for (const fault of others) faults.push(fault);
}
