import { inputRules } from '../../model/input.ts';
import { DEFAULT_LIMITS, type Limits } from '../../model/limits.ts';
import type { Progress } from '../../repository/observer.ts';
import { fileRules } from './file-rules.ts';
import { type Entry, planImport } from './plan.ts';
import { readAhead } from './read-ahead.ts';
import { ImportReport } from './report.ts';
import { READS_UNDER_WAY, scanDirectory, tryRead } from './scan.ts';
import { SessionWriter } from './session-writer.ts';
import type { AgentSessionStore } from './store.ts';

/** Concurrent writes share syncs. The byte limit keeps large files from piling up in memory. */
const WRITES_UNDER_WAY = 32;
const BYTES_UNDER_WAY = 64 * 1024 * 1024;

export interface ImportOptions {
  /** Limits of sessions and messages; `DEFAULT_LIMITS` when left out. */
  readonly limits?: Limits;
  readonly onProgress?: Progress;
  /** True if the store is a `DryRunStore`: the report says what would be imported. */
  readonly isDryRun?: boolean;
}

/**
 * Imports the `<id>.json` files of the Python module in `directory` into `repository`. docs/import-and-export.md has the rules. A
 * file that cannot be imported is listed in the report and does not affect the others. There are two passes: the first reads from
 * each file what is needed to put parents before children; the second reads each file again and writes its session. Rejects if the
 * directory cannot be read.
 */
export async function importDirectory(
  directory: string,
  repository: AgentSessionStore,
  { limits = DEFAULT_LIMITS, onProgress = () => {}, isDryRun = false }: ImportOptions = {},
): Promise<ImportReport> {
  const rules = fileRules(inputRules(limits));
  const report = new ImportReport(isDryRun);
  const entries = await scanDirectory(directory, rules, report, onProgress);
  const plan = planImport(entries);
  const writer = new SessionWriter(repository, rules, plan.cutLinks, report);
  await writer.prepare(entries);
  let done = 0;
  for (const level of plan.levels) {
    const underWay = new Set<Promise<void>>();
    let bytes = 0;
    const read = (entry: Entry) => tryRead(directory, entry.name, rules).then((file) => ({ entry, ...file }));
    for await (const { entry, read: file } of readAhead(level, READS_UNDER_WAY, read)) {
      while (underWay.size >= WRITES_UNDER_WAY || bytes > BYTES_UNDER_WAY) await Promise.race(underWay);
      if (writer.failed) break;
      bytes += entry.bytes;
      const write = writer.write(entry, file).then(() => {
        underWay.delete(write);
        bytes -= entry.bytes;
        onProgress('Importing', ++done, entries.length);
      });
      underWay.add(write);
    }
    // All sessions of a level are written before their children.
    await Promise.all(underWay);
    await writer.endLevel();
    if (writer.failed) break;
  }
  return report;
}
