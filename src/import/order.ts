import { createHash } from 'node:crypto';
import { isSessionId } from '../model/id.ts';
import type { SourceSession } from './format.ts';

/** The id of the session with an import's key: the source's own where it fits. */
export function idOf(key: string): string {
  const id = key.slice(key.indexOf(':') + 1);
  if (isSessionId(id)) return id;
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 32);
  return `${key.slice(0, key.indexOf(':'))}-${hash}`;
}

/** The key of the session that one is put under; null for a root. */
export function parentKeyOf(source: SourceSession): string | null {
  return source.parent?.key ?? source.forkedFrom?.key ?? null;
}

/** Sessions level by level: those in a level need only sessions of earlier ones. Links that close a cycle are not followed. */
export function levelsOf(sessions: ReadonlyMap<string, SourceSession>): SourceSession[][] {
  const depths = new Map<string, number>();
  const levels: SourceSession[][] = [];
  for (const start of sessions.keys()) {
    const path: string[] = [];
    const onPath = new Set<string>();
    let key: string | null = start;
    while (key !== null && sessions.has(key) && !depths.has(key) && !onPath.has(key)) {
      onPath.add(key);
      path.push(key);
      key = parentKeyOf(sessions.get(key)!);
    }
    let depth = key === null ? -1 : (depths.get(key) ?? -1);
    for (const passed of path.reverse()) {
      depth += 1;
      depths.set(passed, depth);
      levels[depth] ??= [];
      levels[depth]!.push(sessions.get(passed)!);
    }
  }
  return levels;
}
