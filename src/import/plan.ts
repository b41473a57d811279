/** What the first pass keeps of a file: enough to say in what order the second one reads them. */
export interface Entry {
  /** The file's name. */
  readonly file: string;
  readonly bytes: number;
  readonly id: string;
  readonly parentId: string | null;
  /** Of its creation, since 1970: the order among siblings. */
  readonly microseconds: number;
}

export interface Plan {
  /** Parents before children; the oldest first among those of one level. */
  readonly levels: readonly (readonly Entry[])[];
  /** By the id of the session that loses its parent, the circle that its link would close, from itself to itself. */
  readonly cutLinks: ReadonlyMap<string, readonly string[]>;
}

/** Puts files in order. A parent that is not among them makes a session as much a root, here, as having none. */
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

/** Each circle of parents is cut at its oldest session. */
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
