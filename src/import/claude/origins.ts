import type { Facts } from './facts.ts';

/** Where the first nodes of a session come from. */
export interface Origin {
  readonly sessionId: string;
  readonly throughUuid: string;
}

/** The links between the sessions of a survey: forks copy lines, with their uuids or with a reference. */
export interface Origins {
  /** Those whose lines others copied come before these. */
  readonly inOrder: readonly Facts[];
  /** Null for a session that is no fork. */
  of(facts: Facts): Origin | null;
  isCopy(facts: Facts, node: number): boolean;
}

/** Finds the forks among the files of sessions (not of subagents). */
export function originsOf(files: readonly Facts[]): Origins {
  const shared = sharedUuids(files);
  const starts = new Map(files.map((facts) => [facts, startOf(facts, shared) ?? startOfCopy(facts, files)]));
  const inOrder = [...files].sort(
    (a, b) => compare(starts.get(a)!, starts.get(b)!) || (a.file.path < b.file.path ? -1 : 1),
  );
  const owners = new Map<string, Facts>();
  for (const facts of inOrder)
    for (const uuid of facts.nodes.keys()) if (shared.has(uuid) && !owners.has(uuid)) owners.set(uuid, facts);
  const ranks = new Map(inOrder.map((facts, rank) => [facts, rank]));
  const isCopy = (facts: Facts, node: number, uuid: string) =>
    facts.copiedFrom.has(node) || (owners.get(uuid) ?? facts) !== facts;
  const copies = new Map<Facts, ReadonlySet<number>>();
  const origins = new Map<Facts, Origin>();
  for (const facts of inOrder) {
    const copied = new Set<number>();
    let origin: Origin | null = null;
    let originRank = -1;
    for (const [uuid, node] of facts.nodes) {
      if (!isCopy(facts, node, uuid)) continue;
      copied.add(node);
      const named = facts.copiedFrom.get(node);
      const owner = owners.get(uuid);
      // A fork of a fork has lines of both: it was forked from the later one.
      const rank = owner && owner !== facts ? ranks.get(owner)! : -1;
      if (named === undefined && rank < originRank) continue;
      originRank = Math.max(rank, originRank);
      const sessionId = named ?? owner?.file.sessionId ?? null;
      if (sessionId !== null && sessionId !== facts.file.sessionId) origin = { sessionId, throughUuid: uuid };
    }
    copies.set(facts, copied);
    if (origin) origins.set(facts, origin);
  }
  return {
    inOrder,
    of: (facts) => origins.get(facts) ?? null,
    isCopy: (facts, node) => copies.get(facts)?.has(node) ?? false,
  };
}

function sharedUuids(files: readonly Facts[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const shared = new Set<string>();
  for (const { nodes } of files) {
    for (const uuid of nodes.keys()) {
      if (seen.has(uuid)) shared.add(uuid);
      else seen.add(uuid);
    }
  }
  return shared;
}

/** When a session began: at the first line of its own. Null if all its lines are in another file as well. */
function startOf(facts: Facts, shared: ReadonlySet<string>): number | null {
  let start: number | null = null;
  for (const [uuid, node] of facts.nodes) {
    if (shared.has(uuid) || facts.copiedFrom.has(node)) continue;
    const time = facts.times[node] ?? null;
    if (time !== null) start = Math.min(start ?? time, time);
  }
  if (start === null) return facts.startedAt;
  return Math.min(start, facts.startedAt ?? start);
}

/**
 * Of a file whose lines are all in another: usually that one goes on from it. If the other is the older file, this one is a fork that has not
 * gone on yet.
 */
function startOfCopy({ file, nodes }: Facts, files: readonly Facts[]): number {
  const [first] = nodes.keys();
  const isYounger = files.some(
    (other) => other.nodes.has(first!) && other.file.birthtimeMs < file.birthtimeMs,
  );
  return isYounger ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
}

function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
