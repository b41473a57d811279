import { createHash } from 'node:crypto';
import type { JsonObject } from '../../model/json.ts';
import { promptTitle } from '../fit.ts';
import { type Fault, LIVE_MS } from '../format.ts';
import { LINE_TOO_LONG, type Line, readLines } from '../lines.ts';
import { dateIn, textIn } from '../source-json.ts';
import {
  agentProgressOf,
  blocksOf,
  type Entry,
  isPrompt,
  isToolResult,
  isToolUse,
  joinedText,
  objectOf,
  parseEntry,
  responseOf,
  textOf,
} from './entry.ts';
import type { TranscriptFile } from './files.ts';

/** Members that all lines of a session have alike, mostly: the session's metadata has their first values. */
export const COMMON_MEMBERS = ['cwd', 'gitBranch', 'version', 'entrypoint', 'userType', 'slug'] as const;

/** Types of lines that take the place of earlier ones of their type. */
export const REPLACING_NOTES: ReadonlySet<string> = new Set([
  'custom-title',
  'agent-name',
  'ai-title',
  'cost-state',
]);

const TITLE_LENGTH = 200;

/** A call of the tool that starts a subagent. */
export interface SpawnCall {
  readonly name: string;
  readonly description: string | null;
  readonly subagentType: string | null;
  /** See `fingerprintOf`. */
  readonly promptFingerprint: string | null;
}

/** The lines of one API response. */
export interface ResponseLines {
  /** See `responseOf`. */
  readonly key: string;
  readonly first: number;
  last: number;
}

/** A subagent that is told of in `progress` lines of its parent. */
export interface ProgressAgent {
  readonly toolCallId: string | null;
  readonly prompt: string | null;
}

/**
 * What the first pass keeps of a transcript: no texts. Each line with a uuid is a node; nodes are numbered in the order of the file. The first
 * of lines with the same uuid counts.
 */
export class Facts {
  readonly file: TranscriptFile;
  /** By uuid. */
  readonly nodes = new Map<string, number>();
  /** Per node: its parent, an earlier node; -1 for none. */
  readonly parents: number[] = [];
  readonly lines: number[] = [];
  readonly offsets: number[] = [];
  readonly times: (number | null)[] = [];
  /** Nodes that hold something that was asked for. */
  readonly prompts = new Set<number>();
  readonly sidechain = new Set<number>();
  /** Copied from another session, as the line itself says: its id. */
  readonly copiedFrom = new Map<number, string>();
  /** Nodes of subagents in `progress` lines, and the lines themselves. */
  readonly agentOf = new Map<number, string>();
  readonly unshown = new Set<number>();
  readonly responses = new Map<string, ResponseLines>();
  readonly responseOfNode: (string | undefined)[] = [];
  readonly toolNames = new Map<string, string>();
  /** The node that makes the call. */
  readonly toolCalls = new Map<string, number>();
  readonly spawnCalls = new Map<string, SpawnCall>();
  /** Of the tool results that name a subagent: its call. */
  readonly callOfAgent = new Map<string, string>();
  readonly progressAgents = new Map<string, ProgressAgent>();
  /** The first line of each prompt, of which a title can be made. */
  readonly promptTitles = new Map<number, string>();
  /** Of prompts in sidechains: see `fingerprintOf`. */
  readonly promptFingerprints = new Map<number, string>();
  readonly common: JsonObject = {};
  /** `sessionId` of the first line that has one. */
  sessionId: string | null = null;
  /** The earliest time of a line without a uuid: such lines are never copied to a fork. */
  startedAt: number | null = null;
  lastAt: number | null = null;
  customTitle: string | null = null;
  agentName: string | null = null;
  aiTitle: string | null = null;
  readonly summaries: { readonly text: string; readonly leafUuid: string | null }[] = [];
  costState: JsonObject | null = null;
  /** Of the lines that say something of the session as a whole: the last of each type that counts. */
  readonly lastNotes = new Map<string, number>();
  prLinks: JsonObject[] = [];

  constructor(file: TranscriptFile) {
    this.file = file;
  }

  /** Adds what the first pass has to know of an entry. */
  add(entry: Entry, line: number, offset: number): void {
    this.sessionId ??= textOf(entry.sessionId);
    for (const member of COMMON_MEMBERS) {
      const value = entry[member];
      if (this.common[member] === undefined && typeof value === 'string') this.common[member] = value;
    }
    const time = timeOf(entry);
    if (time !== null) this.lastAt = Math.max(this.lastAt ?? time, time);
    const uuid = textIn(entry.uuid);
    if (uuid === null) this.#addNote(entry, line, time);
    else if (!this.nodes.has(uuid)) this.#addNode(uuid, entry, line, offset, time);
  }

  #addNote(entry: Entry, line: number, time: number | null): void {
    if (time !== null) this.startedAt = Math.min(this.startedAt ?? time, time);
    if (typeof entry.type === 'string' && REPLACING_NOTES.has(entry.type))
      this.lastNotes.set(entry.type, line);
    if (entry.type === 'custom-title') this.customTitle = textOf(entry.customTitle) ?? this.customTitle;
    if (entry.type === 'agent-name') this.agentName = textOf(entry.agentName) ?? this.agentName;
    if (entry.type === 'ai-title') this.aiTitle = textOf(entry.aiTitle) ?? this.aiTitle;
    if (entry.type === 'summary' && typeof entry.summary === 'string')
      this.summaries.push({ text: entry.summary, leafUuid: textOf(entry.leafUuid) });
    if (entry.type === 'cost-state') {
      const { type: _, sessionId: __, ...state } = entry;
      this.costState = state;
    }
    if (entry.type === 'pr-link') {
      const { type: _, sessionId: __, ...link } = entry;
      this.prLinks.push(link);
    }
  }

  #addNode(uuid: string, entry: Entry, line: number, offset: number, time: number | null): void {
    const node = this.parents.length;
    // A compaction begins a new chain, but goes on with the conversation.
    const parentUuid = textOf(entry.parentUuid) ?? textOf(entry.logicalParentUuid);
    this.parents.push(parentUuid === null ? -1 : (this.nodes.get(parentUuid) ?? -1));
    this.nodes.set(uuid, node);
    this.lines.push(line);
    this.offsets.push(offset);
    this.times.push(time);
    const progress = agentProgressOf(entry);
    if (entry.type === 'progress') this.unshown.add(node);
    if (progress) this.#addProgress(node, entry, progress);
    else this.#addEntry(node, entry);
  }

  #addProgress(node: number, entry: Entry, held: Entry): void {
    const agentId = textOf(held.agentId)!;
    this.agentOf.set(node, agentId);
    if (!this.progressAgents.has(agentId)) {
      const toolCallId = textOf(entry.parentToolUseID) ?? textOf(entry.toolUseID);
      this.progressAgents.set(agentId, { toolCallId, prompt: textOf(objectOf(entry.data).prompt) });
    }
    this.#addEntry(node, held);
  }

  #addEntry(node: number, entry: Entry): void {
    if (entry.isSidechain === true) this.sidechain.add(node);
    const origin = textOf(objectOf(entry.forkedFrom).sessionId) ?? textOf(entry.requestSessionId);
    if (origin !== null && origin !== textOf(entry.sessionId)) this.copiedFrom.set(node, origin);
    const response = responseOf(entry);
    if (response !== null) {
      const lines = this.responses.get(response) ?? { key: response, first: node, last: node };
      lines.last = node;
      this.responses.set(lines.key, lines);
      // The key of the first line: those of the others would be as many equal strings.
      this.responseOfNode[node] = lines.key;
    }
    if (isPrompt(entry)) {
      this.prompts.add(node);
      const text = joinedText(blocksOf(entry));
      this.promptTitles.set(node, beginningOf(text));
      if (entry.isSidechain === true) this.promptFingerprints.set(node, fingerprintOf(text));
    }
    const blocks = blocksOf(entry);
    for (const block of blocks) if (isToolUse(block)) this.#addCall(node, block);
    const { agentId } = objectOf(entry.toolUseResult);
    const answered = blocks.find(isToolResult)?.tool_use_id;
    if (typeof agentId === 'string' && typeof answered === 'string') this.callOfAgent.set(agentId, answered);
  }

  #addCall(node: number, block: JsonObject): void {
    const id = textOf(block.id);
    if (id === null) return;
    const name = textOf(block.name) ?? '';
    this.toolNames.set(id, name);
    if (!this.toolCalls.has(id)) this.toolCalls.set(id, node);
    if (name !== 'Task' && name !== 'Agent') return;
    const input = objectOf(block.input);
    const prompt = textOf(input.prompt);
    this.spawnCalls.set(id, {
      name,
      description: textOf(input.description),
      subagentType: textOf(input.subagent_type),
      promptFingerprint: prompt === null ? null : fingerprintOf(prompt),
    });
  }
}

/** Two prompts have the same one if they are the same text, which can be long. */
function fingerprintOf(prompt: string): string {
  return createHash('sha256').update(prompt).digest('base64');
}

/** The first line of a prompt, as far as a title goes. */
function beginningOf(prompt: string): string {
  const line = promptTitle(prompt.trim().split('\n', 1)[0]!, TITLE_LENGTH) ?? '';
  // A slice would keep the whole prompt in memory.
  return Buffer.from(line).toString();
}

/** Reads the facts of a transcript. Lines that cannot be read are left to the second pass. */
export async function factsOf(file: TranscriptFile): Promise<Facts> {
  const facts = new Facts(file);
  for await (const lines of readLines(file.path)) {
    for (const { bytes, number, offset } of lines) {
      const entry = bytes && parseEntry(bytes);
      if (entry) facts.add(entry, number, offset);
    }
  }
  return facts;
}

/** The time of an entry, in milliseconds since 1970; null if it has none. */
export function timeOf(entry: Entry): number | null {
  return dateIn(entry.timestamp)?.getTime() ?? null;
}

/** What is wrong with a line that is no entry; null if it may be unfinished. */
export function lineFault(
  { path, mtimeMs }: TranscriptFile,
  { bytes, number: line, isWhole }: Line,
  now: number,
): Fault | null {
  if (!isWhole && now - mtimeMs < LIVE_MS) return null;
  const reason = bytes ? 'the line is no JSON object' : LINE_TOO_LONG;
  return { type: 'fault', path, line, reason: isWhole ? reason : 'the file ends within the line' };
}

/** The lines of a transcript that are no entries: for one of which there is no session, which would list them. */
export async function* lineFaults(file: TranscriptFile, now: number): AsyncGenerator<Fault> {
  for await (const lines of readLines(file.path)) {
    for (const line of lines) {
      const fault = line.bytes && parseEntry(line.bytes) ? null : lineFault(file, line, now);
      if (fault) yield fault;
    }
  }
}
