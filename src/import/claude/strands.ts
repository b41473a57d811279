import type { Facts } from './facts.ts';

/** One conversation within a transcript: each becomes a session. */
export interface Strand {
  readonly facts: Facts;
  /** `main`: that of the file. `branch`: one that a rewind left. `agent`: a subagent's. */
  readonly kind: 'main' | 'branch' | 'agent';
  /** The id of the session. */
  readonly id: string;
  /** Number among the strands of the file. */
  readonly number: number;
  /** Of a branch: the strand that it left, and the last node that both have. */
  readonly origin: { readonly number: number; readonly through: number } | null;
  /** The call that started it, as far as the file says. */
  readonly toolCallId: string | null;
  /** The nodes that it has of its own: the first and the last. */
  readonly first: number;
  readonly last: number;
}

/**
 * What may have been a branch when the file was shorter: the program has gone on with it since, so that it is a part of the strand `number`.
 */
export interface FormerBranch {
  readonly number: number;
  /** Where it began, after the node `through`. */
  readonly first: number;
  readonly through: number;
}

/** The strands of a file, and to which of them each node belongs. */
export interface Strands {
  readonly strands: readonly Strand[];
  readonly formerBranches: readonly FormerBranch[];
  /** By node; -1 for a node that belongs to none. */
  readonly strandOf: readonly number[];
}

interface Draft {
  kind: Strand['kind'];
  id: string;
  origin: Strand['origin'];
  toolCallId: string | null;
}

/**
 * Divides a transcript. The order of the file is kept within each strand: parents tell apart only branches, of which each holds a prompt, since
 * parallel tool calls make trees of a conversation as well. `hasOwnFile` tells of which subagents there is a file.
 */
export function strandsOf(facts: Facts, hasOwnFile: (agentId: string) => boolean): Strands {
  const id = sessionIdOf(facts);
  const isAgentFile = facts.file.agentId !== null;
  const drafts: Draft[] = [
    {
      kind: isAgentFile ? 'agent' : 'main',
      id: isAgentFile ? `${id}.${facts.file.agentId}` : id,
      origin: null,
      toolCallId: null,
    },
  ];
  const strandOf: number[] = new Array(facts.parents.length).fill(0);
  const formerBranches: FormerBranch[] = [];
  if (!isAgentFile) {
    divideBranches(facts, drafts, strandOf, formerBranches);
    divideSidechains(facts, drafts, strandOf, id);
    divideProgress(facts, drafts, strandOf, id, hasOwnFile);
  }
  const firsts = drafts.map(() => -1);
  const lasts = drafts.map(() => -1);
  for (const [node, strand] of strandOf.entries()) {
    if (strand === -1) continue;
    if (firsts[strand] === -1) firsts[strand] = node;
    lasts[strand] = node;
  }
  const strands = drafts.map((draft, number) => ({
    ...draft,
    facts,
    number,
    first: firsts[number]!,
    last: lasts[number]!,
  }));
  return { strands, strandOf, formerBranches };
}

/** The id of the session of a branch that begins with a node. */
export function branchIdOf(facts: Facts, uuid: string): string {
  return `${sessionIdOf(facts)}.${uuid}`;
}

/** The id of the session that a file is of, or is a subagent of. */
export function sessionIdOf({ file, sessionId }: Facts): string {
  return (file.agentId === null ? file.sessionId : (file.sessionId ?? sessionId)) ?? 'unknown';
}

function divideBranches(
  facts: Facts,
  drafts: Draft[],
  strandOf: number[],
  formerBranches: FormerBranch[],
): void {
  const { parents, prompts, sidechain, agentOf } = facts;
  /** Per node, the last prompt in what hangs on it; -1 if there is none. */
  const lastPrompt: number[] = new Array(parents.length).fill(-1);
  /** Per node, the child that holds the latest prompt. */
  const live = new Map<number, number>();
  /** Nodes of which several children hold prompts. */
  const forking = new Set<number>();
  for (let node = parents.length - 1; node >= 0; node -= 1) {
    if (sidechain.has(node)) continue;
    if (lastPrompt[node] === -1 && prompts.has(node) && !agentOf.has(node)) lastPrompt[node] = node;
    const parent = parents[node]!;
    if (parent === -1 || lastPrompt[node] === -1) continue;
    if (live.has(parent)) forking.add(parent);
    if (lastPrompt[node]! > lastPrompt[parent]!) {
      lastPrompt[parent] = lastPrompt[node]!;
      live.set(parent, node);
    }
  }
  const uuids = [...facts.nodes.keys()];
  for (const [node, parent] of parents.entries()) {
    if (parent === -1 || sidechain.has(node)) continue;
    const strand = strandOf[parent]!;
    if (lastPrompt[node] === -1 || live.get(parent) === node) {
      strandOf[node] = strand;
      if (forking.has(parent) && live.get(parent) === node)
        formerBranches.push({ number: strand, first: node, through: parent });
      continue;
    }
    strandOf[node] = drafts.length;
    drafts.push({
      kind: 'branch',
      id: branchIdOf(facts, uuids[node]!),
      origin: { number: strand, through: parent },
      toolCallId: null,
    });
  }
}

/** Subagents of 1.x are lines in the file of their parent. */
function divideSidechains(facts: Facts, drafts: Draft[], strandOf: number[], id: string): void {
  if (facts.sidechain.size === 0) return;
  const uuids = [...facts.nodes.keys()];
  const callsOfPrompt = Map.groupBy(facts.spawnCalls, ([, { promptFingerprint }]) => promptFingerprint);
  for (const node of [...facts.sidechain].sort((a, b) => a - b)) {
    if (facts.agentOf.has(node)) continue;
    const parent = facts.parents[node]!;
    if (parent !== -1 && facts.sidechain.has(parent)) {
      strandOf[node] = strandOf[parent]!;
      continue;
    }
    const call = callsOfPrompt.get(facts.promptFingerprints.get(node) ?? null)?.shift();
    strandOf[node] = drafts.length;
    drafts.push({ kind: 'agent', id: `${id}.${uuids[node]}`, origin: null, toolCallId: call?.[0] ?? null });
  }
}

/** Subagents of early 2.1 are told of in `progress` lines. Where they have a file as well, the lines say nothing more. */
function divideProgress(
  facts: Facts,
  drafts: Draft[],
  strandOf: number[],
  id: string,
  hasOwnFile: (agentId: string) => boolean,
): void {
  const numbers = new Map<string, number>();
  for (const [agentId, { toolCallId }] of facts.progressAgents) {
    if (hasOwnFile(agentId)) continue;
    numbers.set(agentId, drafts.length);
    drafts.push({ kind: 'agent', id: `${id}.${agentId}`, origin: null, toolCallId });
  }
  for (const node of facts.unshown) {
    const agentId = facts.agentOf.get(node);
    strandOf[node] = agentId === undefined ? -1 : (numbers.get(agentId) ?? -1);
  }
}

/** Whether a strand has a node, its own or copied from the strand that it left. */
export function hasNode({ strands, strandOf }: Strands, strand: Strand, node: number): 'own' | 'copy' | null {
  const owner = strandOf[node];
  if (owner === strand.number) return 'own';
  let limit = Number.POSITIVE_INFINITY;
  for (let { origin } = strand; origin !== null; origin = strands[origin.number]!.origin) {
    limit = Math.min(limit, origin.through);
    if (owner === origin.number) return node <= limit ? 'copy' : null;
  }
  return null;
}
