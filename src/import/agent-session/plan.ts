/** What the first pass keeps of a file: enough to order the files for the second pass. */
export interface Entry {
  /** The file's name as bytes: it need not be UTF-8. */
  readonly name: Buffer;
  /** The name as text, for the report. */
  readonly file: string;
  readonly bytes: number;
  readonly id: string;
  readonly parentId: string | null;
  /** Time of creation in microseconds since 1970: it orders siblings. */
  readonly microseconds: number;
  /** Time of the last activity in microseconds since 1970. */
  readonly lastActive: number;
  /** Number of messages. */
  readonly historyLength: number;
  /** True if a time in the file was read as local time. */
  readonly naive: boolean;
}

export interface Plan {
  /** Level by level from the roots; the oldest first within a level. */
  readonly levels: readonly (readonly Entry[])[];
  /** Keyed by the session whose parent link is cut: the ids of the cycle that the link would close, from that session to itself. */
  readonly cutLinks: ReadonlyMap<string, readonly string[]>;
}

/** Orders the files. In this order, a session whose parent is not among the files counts as a root. */
export function planImport(entries: readonly Entry[]): Plan {
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  const cutLinks = findCircles(byId);
  const children = new Map<string, Entry[]>();
  let level: Entry[] = [];
  for (const entry of entries) {
    const parentId = cutLinks.has(entry.id) ? null : entry.parentId;
    if (parentId === null || !byId.has(parentId)) {
      level.push(entry);
    } else {
      const siblings = children.get(parentId);
      if (siblings) siblings.push(entry);
      else children.set(parentId, [entry]);
    }
  }
  const levels: Entry[][] = [];
  while (level.length > 0) {
    levels.push(level.sort(compareAge));
    level = level.flatMap((entry) => children.get(entry.id) ?? []);
  }
  return { levels, cutLinks };
}

function compareAge(a: Entry, b: Entry): number {
  return a.microseconds - b.microseconds || (a.id < b.id ? -1 : 1);
}

/** Finds the cycles of parent links. Each is cut at its oldest session. */
function findCircles(byId: ReadonlyMap<string, Entry>): Map<string, string[]> {
  const cutLinks = new Map<string, string[]>();
  const seen = new Set<string>();
  for (const start of byId.values()) {
    const path: Entry[] = [];
    const onPath = new Map<string, number>();
    let entry: Entry | undefined = start;
    while (entry && !seen.has(entry.id)) {
      seen.add(entry.id);
      onPath.set(entry.id, path.length);
      path.push(entry);
      entry = entry.parentId === null ? undefined : byId.get(entry.parentId);
    }
    const circleStart = entry && onPath.get(entry.id);
    if (circleStart === undefined) continue;
    const circle = path.slice(circleStart);
    const oldest = circle.indexOf(circle.toSorted(compareAge)[0]!);
    const ids = [...circle.slice(oldest), ...circle.slice(0, oldest), circle[oldest]!].map(({ id }) => id);
    cutLinks.set(ids[0]!, ids);
  }
  return cutLinks;
}
