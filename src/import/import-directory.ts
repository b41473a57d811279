import { inputRules } from '../model/input.ts';
import { DEFAULT_LIMITS } from '../model/limits.ts';
import type { Progress } from '../repository/observer.ts';
import type { SessionRepository } from '../repository/repository.ts';
import { fileRules } from './file-rules.ts';
import { type Entry, planImport } from './plan.ts';
import { readAhead } from './read-ahead.ts';
import { ImportReport } from './report.ts';
import { READS_UNDER_WAY, scanDirectory, tryRead } from './scan.ts';
import { SessionWriter } from './session-writer.ts';

/** Writes of different sessions share syncs; more bytes than this wait, so that large files do not pile up in memory. */
const WRITES_UNDER_WAY = 32;
const BYTES_UNDER_WAY = 64 * 1024 * 1024;

/**
 * Brings the `<id>.json` files of the Python module in `directory` into `repository`; README.md, "Import", has the rules.
 * What cannot come in is in the report, and costs nothing else. Two passes: the first keeps of each file only what puts
 * parents before children, the second reads each again when its turn comes. Rejects where the directory cannot be read.
 */
export async function importDirectory(
  directory: string,
  repository: SessionRepository,
  onProgress: Progress = () => {},
): Promise<ImportReport> {
  const rules = fileRules(inputRules(DEFAULT_LIMITS));
  const report = new ImportReport();
  const entries = await scanDirectory(directory, rules, report, onProgress);
  const plan = planImport(entries);
  const writer = new SessionWriter(repository, rules, plan.cutLinks, report);
  await writer.prepare(entries);
  let done = 0;
  for (const level of plan.levels) {
    const underWay = new Set<Promise<void>>();
    let bytes = 0;
    const read = (entry: Entry) => tryRead(directory, entry.file, rules).then((file) => ({ entry, ...file }));
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
    // Children come after all of their parents.
    await Promise.all(underWay);
    await writer.endLevel();
    if (writer.failed) break;
  }
  return report;
}
