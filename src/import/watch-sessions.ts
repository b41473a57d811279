import { watch } from 'node:fs';
import type { Fault } from './format.ts';
import { type ImportSessionsOptions, type ImportSource, importSessions } from './import-sessions.ts';
import type { SessionReport } from './report.ts';
import type { Target } from './target/target.ts';

/** Changes that come together are imported together. */
const GATHER_MS = 500;
/** Where the system reports no changes (network drives), files are looked at anyway; so is what was unfinished. */
const LOOK_MS = 30_000;

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
  const changes = new Changes(sources.map(({ path }) => path));
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

/** Tells when something below some paths has changed. */
class Changes {
  readonly #watchers;
  #hasChanged = false;
  #wake: () => void = () => {};

  constructor(paths: readonly string[]) {
    const onChange = () => {
      this.#hasChanged = true;
      this.#wake();
    };
    this.#watchers = paths.flatMap((path) => {
      try {
        return [watch(path, { recursive: true }, onChange).on('error', () => {})];
      } catch {
        // The system has no more watchers, or cannot watch there: files are looked at from time to time.
        return [];
      }
    });
  }

  /** What has changed so far counts no more. */
  forget(): void {
    this.#hasChanged = false;
  }

  /** Resolves some time after the next change, at the latest after `LOOK_MS`, and at once when `signal` is aborted. */
  async next(signal: AbortSignal): Promise<void> {
    if (!this.#hasChanged) await this.#sleep(LOOK_MS, signal, true);
    if (this.#hasChanged) await this.#sleep(GATHER_MS, signal, false);
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.close();
  }

  #sleep(milliseconds: number, signal: AbortSignal, untilChange: boolean): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        this.#wake = () => {};
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      signal.addEventListener('abort', end);
      if (untilChange) this.#wake = end;
    });
  }
}
