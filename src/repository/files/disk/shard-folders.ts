import { type Dirent, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Layout, SHARDS } from '../format/layout.ts';
import { isFaultOfOneFile } from './unreadable-file.ts';

export interface ShardFolders {
  /** Folders that may hold sessions. A link or a file with such a name does not count. */
  readonly there: readonly string[];
  /** Names of everything else. */
  readonly strays: readonly string[];
}

/** The entries of `sessions/`. */
export function shardFolders({ sessions }: Pick<Layout, 'sessions'>): ShardFolders {
  const there: string[] = [];
  const strays: string[] = [];
  for (const entry of existsSync(sessions) ? readdirSync(sessions, { withFileTypes: true }) : [])
    (entry.isDirectory() && SHARDS.includes(entry.name) ? there : strays).push(entry.name);
  return { there: there.sort(), strays };
}

/** The entries of a folder of sessions, or why the system does not let it be listed. */
export function listShard(
  { sessions }: Pick<Layout, 'sessions'>,
  shard: string,
): { entries: Dirent[]; unreadable: null } | { entries: null; unreadable: NodeJS.ErrnoException } {
  try {
    return { entries: readdirSync(join(sessions, shard), { withFileTypes: true }), unreadable: null };
  } catch (error) {
    if (!isFaultOfOneFile(error)) throw error;
    return { entries: null, unreadable: error };
  }
}

const SYSTEM_FILES = new Set([
  'thumbs.db',
  'ehthumbs.db',
  'desktop.ini',
  'lost+found',
  '$recycle.bin',
  '@eadir',
]);
const LEFT_BY_PROGRAMS = [
  // Hidden files and folders of systems and editors; of names like `.x.jsonl`, only those known not to be a
  // user's session.
  /^\.(?!.*\.jsonl$)/,
  /^\.[_#]/,
  // Temporary files and backups of editors; Vim makes `4913` to test whether it may write.
  /(?:~|\.sw[a-z]|\.bak|\.tmp|\.part)$/i,
  /^#.*#$/,
  /^4913$/,
  // Conflict copies of Syncthing.
  /\.sync-conflict-\d{8}-\d{6}-/,
];

/**
 * True if a file manager, an editor or the system leaves files of this name, which is not a session's:
 * ignoring them loses nothing.
 */
export function isLeftByOthers(name: string): boolean {
  return SYSTEM_FILES.has(name.toLowerCase()) || LEFT_BY_PROGRAMS.some((pattern) => pattern.test(name));
}
