import type { SessionKey, SessionStoreEntry, SessionSummaryEntry } from '@anthropic-ai/claude-agent-sdk';
import type { MessageInput } from '@sessiontree/client';
import {
  blocksOf,
  commonOf,
  isPrompt,
  isToolResult,
  isToolUse,
  joinedText,
  responseOf,
  timeOf,
} from './entry.ts';
import { cut, storable } from './fit.ts';
import { type JsonObject, objectOf, textOf } from './json.ts';
import { messagesOf } from './messages.ts';
import { type Usage, usageBeyond, usageOf } from './usage.ts';

/** The key of a session's metadata that has what the adapter has to know again: see `Note`. */
export const NOTE = 'claudeAgentSdk';

/** The function of the SDK with this name. */
export type FoldSessionSummary = typeof import('@anthropic-ai/claude-agent-sdk').foldSessionSummary;

interface Note {
  /** How good the title is: see `titlesOf`. */
  readonly titleRank?: number;
  /** `data` of the summary, as JSON: metadata takes less than an entry may hold. */
  readonly summary?: string;
}

/** What has to be known of a transcript to write what comes next. */
export interface Transcript {
  readonly id: string;
  readonly version: number;
  readonly historyLength: number;
  /** The metadata of the session. */
  readonly metadata: JsonObject;
  /** Of the calls without a result. */
  readonly toolNames: ReadonlyMap<string, string>;
  /** The latest response, which may go on, and what is recorded of its cost. */
  readonly response: { readonly key: string; readonly usage: Usage | null } | null;
}

/** What a session gets, and what is known of its transcript then. */
export interface NextWrite {
  readonly messages: readonly MessageInput[];
  readonly title?: string;
  readonly setMetadata?: JsonObject;
  readonly known: Pick<Transcript, 'metadata' | 'toolNames' | 'response'>;
}

const TITLE_LENGTH = 500;
const PROMPT_LENGTH = 200;
const META_LENGTH = 4 * 1024;
/** A summary that does not fit into metadata is left out: the SDK then reads the transcript. */
const SUMMARY_LENGTH = 64 * 1024;

/** What entries, the next of their transcript, say to the store. `known` is null for a transcript that begins with them. */
export function nextWrite(
  key: SessionKey,
  entries: readonly SessionStoreEntry[],
  known: Transcript | null,
  fold: FoldSessionSummary | undefined,
): NextWrite {
  const before = known?.metadata ?? {};
  const metadata: Record<string, unknown> = { ...before };
  for (const entry of entries)
    for (const [member, value] of Object.entries(commonOf(entry))) metadata[member] ??= value;
  const title = bestTitle(entries, (before[NOTE] as Note | undefined)?.titleRank ?? 0);
  const note: Note = {
    ...objectOf(before[NOTE]),
    ...(title && { titleRank: title.rank }),
  };
  // Where a writer without a fold came before, there is no summary to go on from: the SDK reads the transcripts of such sessions.
  const isFoldable = key.subpath === undefined && (!known?.historyLength || note.summary !== undefined);
  const summary = isFoldable ? foldedSummary(key, entries, note.summary, fold) : undefined;
  if (NOTE in before || title || summary) metadata[NOTE] = { ...note, summary };
  if (key.subpath !== undefined) Object.assign(metadata, agentMetadata(entries));
  const changed = Object.entries(metadata).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name]),
  );
  const { messages, toolNames, response } = readEntries(entries, known, metadata);
  return {
    messages,
    ...(title && { title: title.text }),
    ...(changed.length > 0 && { setMetadata: Object.fromEntries(changed) }),
    known: { metadata, toolNames, response },
  };
}

/** What is known of a transcript that was loaded. */
export function knownOf(
  session: Pick<Transcript, 'id' | 'version' | 'historyLength' | 'metadata'>,
  entries: readonly SessionStoreEntry[],
): Transcript {
  const { id, version, historyLength, metadata } = session;
  const last = entries.findLast((entry) => responseOf(entry) !== null);
  const toolNames = new Map<string, string>();
  for (const entry of entries) noteCalls(entry, toolNames);
  return {
    id,
    version,
    historyLength,
    metadata,
    toolNames,
    response: last ? { key: responseOf(last)!, usage: costOf(last) } : null,
  };
}

/** The summary that a session's metadata holds; null if there is none. */
export function summaryIn(note: unknown): JsonObject | null {
  const { summary } = objectOf(note);
  return typeof summary === 'string' ? (JSON.parse(summary) as JsonObject) : null;
}

function foldedSummary(
  key: SessionKey,
  entries: readonly SessionStoreEntry[],
  before: string | undefined,
  fold: FoldSessionSummary | undefined,
): string | undefined {
  if (fold === undefined) return undefined;
  const previous: SessionSummaryEntry | undefined =
    before === undefined ? undefined : { sessionId: key.sessionId, mtime: 0, data: JSON.parse(before) };
  const summary = JSON.stringify(fold(previous, key, [...entries]).data);
  return summary.length <= SUMMARY_LENGTH ? summary : undefined;
}

/** Each response costs what its last line says. A response that went on after an earlier write costs the difference. */
function readEntries(entries: readonly SessionStoreEntry[], known: Transcript | null, common: JsonObject) {
  const toolNames = new Map(known?.toolNames);
  let response = known?.response ?? null;
  let time = entries.map(timeOf).find((found) => found !== null) ?? null;
  const lastLines = new Map(entries.map((entry) => [responseOf(entry), entry]));
  const messages = entries.flatMap((entry) => {
    const key = responseOf(entry);
    let usage = key === null ? costOf(entry) : null;
    if (key !== null && lastLines.get(key) === entry) {
      const cost = costOf(entry);
      usage = usageBeyond(cost, response?.key === key ? response.usage : null);
      response = { key, usage: cost };
    }
    time = timeOf(entry) ?? time;
    const message = messagesOf(entry, { common, toolNames, time, usage });
    noteCalls(entry, toolNames);
    return message;
  });
  return { messages, toolNames, response };
}

function costOf(entry: SessionStoreEntry): Usage | null {
  return entry.type === 'assistant' ? usageOf(objectOf(objectOf(entry.message).usage)) : null;
}

/** Adds the calls that an entry makes, and removes those that it answers. */
function noteCalls(entry: SessionStoreEntry, toolNames: Map<string, string>): void {
  for (const block of blocksOf(entry)) {
    if (isToolResult(block)) toolNames.delete(textOf(block.tool_use_id) ?? '');
    else if (isToolUse(block) && typeof block.id === 'string')
      toolNames.set(block.id, textOf(block.name) ?? '');
  }
}

interface Title {
  readonly rank: number;
  readonly text: string;
}

/** The latest of the best titles that entries give; null if the session's is better. */
function bestTitle(entries: readonly SessionStoreEntry[], rank: number): Title | null {
  const uuids = new Set(entries.map(({ uuid }) => uuid));
  let best: Title | null = null;
  for (const { rank: other, text } of entries.flatMap((entry) => titlesOf(entry, uuids))) {
    const least: number = best?.rank ?? rank;
    // Of prompts, the first counts.
    if (other > least || (other === least && other > 1)) best = { rank: other, text };
  }
  return best && { ...best, text: cut(storable(best.text), TITLE_LENGTH) };
}

/** What an entry may give as a title: names that people gave are better than those of programs, and any is better than a prompt. */
function titlesOf(entry: SessionStoreEntry, uuids: ReadonlySet<unknown>): Title[] {
  const titles = [
    [6, entry.type === 'custom-title' && entry.customTitle],
    [5, entry.type === 'agent-name' && entry.agentName],
    [4, entry.type === 'agent_metadata' && entry.description],
    [3, entry.type === 'ai-title' && entry.aiTitle],
    // A summary can be of another session, which its leaf is in.
    [2, entry.type === 'summary' && uuids.has(entry.leafUuid) && entry.summary],
    [1, promptOf(entry)],
  ] as const;
  return titles.flatMap(([rank, text]) => (typeof text === 'string' && text !== '' ? [{ rank, text }] : []));
}

/** The first line of a prompt. */
function promptOf(entry: SessionStoreEntry): string | null {
  const blocks = blocksOf(entry);
  if (!isPrompt(entry, blocks)) return null;
  return cut(joinedText(blocks).trim().split('\n', 1)[0]!, PROMPT_LENGTH);
}

/** What a session of a subagent has in its metadata beside the rest: its id, and what the SDK says of it. */
function agentMetadata(entries: readonly SessionStoreEntry[]): JsonObject {
  const agentId = entries.map((entry) => textOf(entry.agentId)).find((found) => found !== null);
  const meta = agentMetaOf(entries);
  return {
    ...(agentId && { agentId: storable(agentId) }),
    ...(meta && { meta: scalarsOf(meta) }),
  };
}

/** What is short and plain: the entry has the rest. */
function scalarsOf(meta: JsonObject): JsonObject {
  const scalars = Object.entries(meta).filter(
    ([, value]) => JSON.stringify(value).length <= META_LENGTH && Object(value) !== value,
  );
  return Object.fromEntries(
    scalars.map(([name, value]) => [storable(name), typeof value === 'string' ? storable(value) : value]),
  );
}

/** What the SDK says of a subagent, beside its transcript; null if nothing. */
export function agentMetaOf(entries: readonly SessionStoreEntry[]): JsonObject | null {
  const entry = entries.findLast(({ type }) => type === 'agent_metadata');
  if (entry === undefined) return null;
  const { type: _, ...meta } = entry;
  return meta;
}
