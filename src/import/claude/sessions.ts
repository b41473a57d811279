import type { JsonObject } from '../../model/json.ts';
import type { SourceSession } from '../format.ts';
import { hashOf } from '../hash.ts';
import { largerFiles, leftOutFor } from '../larger-files.ts';
import type { Facts } from './facts.ts';
import { type Origins, originsOf } from './origins.ts';
import { readStrand, type StrandReading } from './read-strand.ts';
import {
  branchIdOf,
  type FormerBranch,
  hasNode,
  type Strand,
  type Strands,
  sessionIdOf,
  strandsOf,
} from './strands.ts';

/** What the transcripts of one survey come to. */
export interface Surveyed {
  /** With the links between them. */
  readonly sessions: readonly SourceSession[];
  /** The transcripts that make no session. */
  readonly withoutSession: readonly Facts[];
}

export function surveyed(files: readonly Facts[], now: number): Surveyed {
  return new Survey(files, now).result();
}

class Survey {
  readonly #now: number;
  readonly #origins: Origins;
  /** Smaller files of the same sessions, of which nothing is read: else what they have would be copies, or be paid for there. */
  readonly #leftOut: ReadonlyMap<Facts, readonly Facts[]>;
  /** Those of sessions first, in the order of their origins. */
  readonly #divided: readonly Strands[];
  /** The strand that makes a tool call: its first, since forks copy it. */
  readonly #callers = new Map<string, Strand>();
  /** Of a subagent: the call whose result names it. */
  readonly #callOfAgent = new Map<string, string>();
  /** The strand that paid for a response. */
  readonly #payers = new Map<string, Strand>();

  constructor(all: readonly Facts[], now: number) {
    this.#now = now;
    const { kept: files, leftOut } = largerFiles(all, fileKey, ({ file }) => file.bytes);
    this.#leftOut = leftOut;
    this.#origins = originsOf(files.filter(({ file }) => file.agentId === null));
    const agents = files.filter(({ file }) => file.agentId !== null).sort((a, b) => startOf(a) - startOf(b));
    const own = new Set(agents.map((facts) => agentKey(facts, facts.file.agentId!)));
    this.#divided = [...this.#origins.inOrder, ...agents].map((facts) =>
      strandsOf(facts, (agentId) => own.has(agentKey(facts, agentId))),
    );
    for (const { strands, strandOf } of this.#divided) {
      const { facts } = strands[0]!;
      for (const [call, node] of facts.toolCalls) {
        const caller = strands[strandOf[node]!];
        if (caller && !this.#callers.has(call)) this.#callers.set(call, caller);
      }
      for (const [agentId, call] of facts.callOfAgent)
        if (!this.#callOfAgent.has(agentKey(facts, agentId)))
          this.#callOfAgent.set(agentKey(facts, agentId), call);
      for (const [response, { first }] of facts.responses) {
        const payer = strands[strandOf[first]!];
        if (payer && !this.#payers.has(response)) this.#payers.set(response, payer);
      }
    }
  }

  result(): Surveyed {
    const all: SourceSession[] = [];
    const withoutSession: Facts[] = [];
    for (const divided of this.#divided) {
      const { facts } = divided.strands[0]!;
      const leftOut = this.#leftOut.get(facts) ?? [];
      const sessions = divided.strands.filter(hasNodes).map((strand) => this.#session(divided, strand));
      const [first] = sessions;
      all.push(...sessions, ...divided.formerBranches.map((former) => this.#formerSession(divided, former)));
      if (first) all.push(...leftOut.map(({ file }) => leftOutFor(first, file.path)));
      else withoutSession.push(facts, ...leftOut);
    }
    return { sessions: all, withoutSession };
  }

  /** An earlier import may have made a session of it: what that has is a copy now, which the strand that took it over pays for. */
  #formerSession(divided: Strands, { number, first, through }: FormerBranch): SourceSession {
    const strand = divided.strands[number]!;
    const { facts } = strand;
    const has = (node: number) => (hasNode(divided, strand, node) === null ? null : 'copy');
    const links = hashOf(['former', strand.id]);
    const source = this.#session(divided, strand);
    return {
      type: 'session',
      isFormer: true,
      key: keyOf(branchIdOf(facts, uuidOf(facts, first)!)),
      parent: null,
      forkedFrom: { key: keyOf(strand.id), throughKey: uuidOf(facts, through) },
      described: {
        ...source.described,
        title: firstPrompt({ ...strand, first }),
        metadata: { ...facts.common },
      },
      createdAt: source.createdAt,
      lastActiveAt: source.lastActiveAt,
      files: source.files,
      links,
      revision: links,
      read: (from) => readStrand({ ...this.#readingOf(divided, strand, has), isMain: false }, from),
    };
  }

  #session(divided: Strands, strand: Strand): SourceSession {
    const { facts } = strand;
    const { file } = facts;
    const has = (node: number) => {
      const place = hasNode(divided, strand, node);
      return place === 'own' && this.#origins.isCopy(facts, node) ? 'copy' : place;
    };
    const parent = strand.kind === 'agent' ? this.#parentOf(strand) : null;
    const forkedFrom = this.#forkOf(divided, strand);
    const branches = divided.strands.filter(({ kind }) => kind === 'branch').map(({ id }) => id);
    const copied = [...facts.nodes.values()].filter((node) => has(node) === 'copy').length;
    const links = hashOf([parent, forkedFrom, copied, branches]);
    const metadata = this.#metadataOf(strand);
    const movedKeys = branches.length > 0 ? movedFrom(divided, strand) : null;
    const began = facts.times[this.#firstOwn(strand)] ?? facts.startedAt;
    return {
      type: 'session',
      key: keyOf(strand.id),
      parent,
      forkedFrom,
      described: {
        title: this.#titleOf(strand, parent?.toolCallId ?? null),
        agentName: this.#agentNameOf(strand, parent?.toolCallId ?? null),
        project: strand.kind === 'agent' ? null : ((facts.common.cwd as string | undefined) ?? null),
        userId: null,
        status: strand.kind === 'agent' && file.meta.finished === true ? 'COMPLETED' : null,
        statusMessage: null,
        archivedAt: null,
        metadata,
      },
      createdAt: began === null || began === undefined ? null : new Date(began),
      lastActiveAt: new Date(facts.lastAt ?? file.mtimeMs),
      ...(movedKeys && { movedKeys }),
      files: [{ path: file.path, bytes: file.bytes }],
      links,
      revision: `${file.bytes}-${Math.trunc(file.mtimeMs)}-${links}-${hashOf(file.meta)}`,
      read: (from) => readStrand(this.#readingOf(divided, strand, has), from),
    };
  }

  #readingOf(divided: Strands, strand: Strand, has: StrandReading['has']): StrandReading {
    const { facts, first, last } = strand;
    return {
      facts,
      common: facts.common,
      has,
      isInStrand: (node) => divided.strandOf[node] !== -1,
      isPaidElsewhere: (response) => this.#payers.get(response) !== strand,
      first,
      last,
      isMain: strand === divided.strands.find(hasNodes),
      now: this.#now,
    };
  }

  /** The first node that no other session has. */
  #firstOwn({ facts, first, number, kind }: Strand): number {
    if (number !== 0 || kind !== 'main') return first;
    let node = first;
    while (node < facts.parents.length && this.#origins.isCopy(facts, node)) node += 1;
    return node < facts.parents.length ? node : first;
  }

  #parentOf(strand: Strand): SourceSession['parent'] {
    const { facts } = strand;
    const { agentId, meta } = facts.file;
    const named = typeof meta.toolUseId === 'string' ? meta.toolUseId : null;
    const fromId = strand.id.slice(sessionIdOf(facts).length + 1);
    const toolCallId =
      strand.toolCallId ?? named ?? this.#callOfAgent.get(agentKey(facts, agentId ?? fromId)) ?? null;
    const caller = toolCallId === null ? undefined : this.#callers.get(toolCallId);
    const isCaller = caller !== undefined && caller.id !== strand.id;
    return { key: keyOf(isCaller ? caller.id : sessionIdOf(facts)), toolCallId };
  }

  #forkOf({ strands }: Strands, strand: Strand): SourceSession['forkedFrom'] {
    const { facts, origin } = strand;
    if (origin) {
      const throughKey = uuidOf(facts, origin.through);
      return { key: keyOf(strands[origin.number]!.id), throughKey };
    }
    const from = strand.kind === 'main' ? this.#origins.of(facts) : null;
    return from && { key: keyOf(from.sessionId), throughKey: from.throughUuid };
  }

  #titleOf(strand: Strand, toolCallId: string | null): string | null {
    const { facts } = strand;
    const prompt = firstPrompt(strand);
    if (strand.kind === 'branch') return prompt;
    if (strand.kind === 'agent') {
      const { description } = facts.file.meta;
      if (typeof description === 'string') return description;
      return this.#callOf(toolCallId)?.description ?? prompt;
    }
    // A summary can be of another session: then its leaf is in another file.
    const summary = facts.summaries.findLast(
      ({ leafUuid }) => leafUuid !== null && facts.nodes.has(leafUuid),
    );
    return facts.customTitle ?? facts.agentName ?? facts.aiTitle ?? summary?.text ?? prompt;
  }

  #agentNameOf(strand: Strand, toolCallId: string | null): string | null {
    if (strand.kind !== 'agent') return null;
    const { agentType } = strand.facts.file.meta;
    return typeof agentType === 'string' ? agentType : (this.#callOf(toolCallId)?.subagentType ?? null);
  }

  #callOf(toolCallId: string | null) {
    if (toolCallId === null) return undefined;
    return this.#callers.get(toolCallId)?.facts.spawnCalls.get(toolCallId);
  }

  #metadataOf({ facts, kind, number, id }: Strand): JsonObject {
    if (kind === 'branch') return { ...facts.common };
    if (kind === 'main') {
      const { customTitle, agentName, aiTitle } = facts;
      return {
        ...facts.common,
        // The first of them is the title.
        ...(agentName !== null && customTitle !== null && { agentName }),
        ...(aiTitle !== null && (customTitle ?? agentName) !== null && { aiTitle }),
        ...(facts.costState && { costState: facts.costState }),
        ...(facts.prLinks.length > 0 && { prLinks: facts.prLinks }),
      };
    }
    const agentId = number === 0 ? facts.file.agentId! : id.slice(sessionIdOf(facts).length + 1);
    const prompt = facts.progressAgents.get(agentId)?.prompt ?? null;
    return {
      ...facts.common,
      agentId,
      ...(Object.keys(facts.file.meta).length > 0 && { meta: facts.file.meta }),
      ...(prompt !== null && { prompt }),
    };
  }
}

function keyOf(id: string): string {
  return `claude:${id}`;
}

function hasNodes({ first }: Strand): boolean {
  return first !== -1;
}

/** Equal for the files of one session, or of one subagent. */
function fileKey(facts: Facts): string {
  const { agentId } = facts.file;
  return agentId === null ? sessionIdOf(facts) : agentKey(facts, agentId);
}

function agentKey(facts: Facts, agentId: string): string {
  return `${sessionIdOf(facts)}.${agentId}`;
}

function startOf({ times, startedAt }: Facts): number {
  return times[0] ?? startedAt ?? 0;
}

function uuidOf({ nodes }: Facts, node: number): string | null {
  for (const [uuid, number] of nodes) if (number === node) return uuid;
  return null;
}

/** The beginning of the first thing that was asked for. */
function firstPrompt({ facts, first, last }: Strand): string | null {
  for (const node of facts.prompts) {
    if (node < first || node > last) continue;
    const title = facts.promptTitles.get(node)!;
    if (title !== '') return title;
  }
  return null;
}

/** The messages that another strand of the file has of its own: they may have been this one's before a rewind. */
function movedFrom(divided: Strands, strand: Strand): SourceSession['movedKeys'] {
  return {
    has: (key) => {
      const node = strand.facts.nodes.get(key.split('/', 1)[0]!);
      if (node === undefined || divided.strandOf[node] === -1) return false;
      return hasNode(divided, strand, node) === null;
    },
  };
}
