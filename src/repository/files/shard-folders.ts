import { existsSync, readdirSync } from 'node:fs';
import { type Layout, SHARDS } from './layout.ts';

export interface ShardFolders {
  /** Folders that may hold sessions. A link or a file of such a name is none. */
  readonly there: readonly string[];
  /** Names of what else there is. */
  readonly strays: readonly string[];
}

/** What `sessions/` holds. */
export function shardFolders({ sessions }: Pick<Layout, 'sessions'>): ShardFolders {
  const there: string[] = [];
  const strays: string[] = [];
  for (const entry of existsSync(sessions) ? readdirSync(sessions, { withFileTypes: true }) : [])
    (entry.isDirectory() && SHARDS.includes(entry.name) ? there : strays).push(entry.name);
  return { there: there.sort(), strays };
}
