import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { syncDirectory } from '../../disk/directory-sync.ts';
import { type Layout, sessionFileName } from '../../format/layout.ts';

/** What the end of the name of a kept copy is like, behind the name of the file that it is of. */
const COPY = /^(.+?)\.(?:(?:\d+|whole)\.)?\d+$/;
/** Copies of the journal hold lines of any session. */
const OF_JOURNAL = /\.journal$/;

/** Removes from `torn/` what was kept of the files of these sessions, and of the journal. */
export async function removeTornCopies({ torn }: Layout, ids: readonly string[]): Promise<void> {
  if (!lstatSync(torn, { throwIfNoEntry: false })?.isDirectory()) return;
  const names = new Set(ids.map(sessionFileName));
  const gone = readdirSync(torn, { withFileTypes: true }).filter((entry) => {
    const of = COPY.exec(entry.name)?.[1];
    return entry.isFile() && of !== undefined && (names.has(of) || OF_JOURNAL.test(of));
  });
  for (const { name } of gone) rmSync(join(torn, name), { force: true });
  if (gone.length > 0) await syncDirectory(torn);
}
