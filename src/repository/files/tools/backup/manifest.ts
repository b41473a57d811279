import { lstatSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { syncDirectory } from '../../disk/directory-sync.ts';
import { writeNewFile } from '../../disk/write-new-file.ts';
import type { Layout } from '../../format/layout.ts';

const manifest = z.object({
  store: z.string(),
  at: z.string(),
  latestMtime: z.number(),
  damaged: z.array(z.string()),
});

/** What `backup.json` says: the directory is a backup. */
export interface Manifest extends z.output<typeof manifest> {
  /** The id of the store that it is a backup of. */
  readonly store: string;
  /** When the backup was made. */
  readonly at: string;
  /** The latest mtime of its files, in milliseconds: a later one is that of a change in the backup. */
  readonly latestMtime: number;
  /**
   * Sessions whose files were damaged. They are copied again even if size and time are the same: somebody may have put the good bytes
   * back, and the time, too.
   */
  readonly damaged: string[];
}

const pathOf = ({ root }: Layout) => join(root, 'backup.json');

/** Null if the directory is not marked as a backup, or if its manifest cannot be read. */
export function readManifest(layout: Layout): Manifest | null {
  const path = pathOf(layout);
  if (!lstatSync(path, { throwIfNoEntry: false })?.isFile()) return null;
  try {
    return manifest.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    throw error;
  }
}

/** Resolves once the manifest is on the disk. */
export async function writeManifest(layout: Layout, content: Manifest): Promise<void> {
  const temporary = `${pathOf(layout)}.tmp`;
  writeNewFile(temporary, `${JSON.stringify(content)}\n`, { flush: true });
  renameSync(temporary, pathOf(layout));
  await syncDirectory(layout.root);
}
