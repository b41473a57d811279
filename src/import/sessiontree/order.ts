import type { SessionLine } from './session-lines.ts';

/** The lines in their order, but each after that of its parent. The link that closes a cycle is not followed. */
export function* parentsFirst(lines: readonly SessionLine[]): Generator<SessionLine> {
  const byId = new Map<string, SessionLine>();
  for (const line of lines) if (!byId.has(line.id)) byId.set(line.id, line);
  const done = new Set<SessionLine>();
  for (const line of lines) {
    const path: SessionLine[] = [];
    const onPath = new Set<SessionLine>();
    let next: SessionLine | undefined = line;
    while (next && !done.has(next) && !onPath.has(next)) {
      path.push(next);
      onPath.add(next);
      next = next.parentId === null ? undefined : byId.get(next.parentId);
    }
    for (const each of path.reverse()) {
      done.add(each);
      yield each;
    }
  }
}
