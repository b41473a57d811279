import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sessiontree } from '../../../src/export/sessiontree/sessiontree.ts';
import { allTops } from '../../../src/export/tops.ts';
import type { SessionReport } from '../../../src/import/report.ts';
import { restoreSessions } from '../../../src/import/sessiontree/restore-sessions.ts';
import { DEFAULT_LIMITS, type Limits } from '../../../src/model/limits.ts';
import type { SessionReader, SessionRepository } from '../../../src/repository/repository.ts';
import { temporaryDirectory } from '../../support/repository.ts';

/** The export of a whole store. Throws if something cannot be read. */
export async function exportOf(reader: SessionReader): Promise<string> {
  const onFault = (fault: string) => {
    throw new Error(fault);
  };
  let text = '';
  for await (const chunk of sessiontree.write({ reader, tops: allTops(reader), isRedacted: false, onFault }))
    text += chunk;
  return text;
}

/** Imports texts, each from a file of a folder. In the report, the folder is left out of paths. */
export async function importInto(
  repository: SessionRepository,
  texts: readonly (string | Buffer)[],
  { isDryRun = false, limits = {} }: { readonly isDryRun?: boolean; readonly limits?: Partial<Limits> } = {},
): Promise<{ readonly report: SessionReport; readonly said: string[] }> {
  const folder = await temporaryDirectory();
  for (const [n, text] of texts.entries()) await writeFile(join(folder, `${n}.jsonl`), text);
  const target = {
    reader: repository,
    repository: isDryRun ? null : repository,
    limits: { ...DEFAULT_LIMITS, ...limits },
  };
  const report = await restoreSessions(folder, target);
  return { report, said: report.lines().map((line) => line.replaceAll(`${folder}/`, '')) };
}
