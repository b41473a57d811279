import { isJsonObject, isSameJson, type JsonObject, type JsonValue } from '../../model/json.ts';
import type { NewMessage, NewTokenUsage, NewToolCall } from '../../model/message.ts';
import { dateIn, listIn, orNull, withoutTexts } from '../source-json.ts';
import {
  type Block,
  blocksOf,
  type Entry,
  isInterruption,
  isPrompt,
  isToolResult,
  isToolUse,
  joinedText,
  objectOf,
  textOf,
} from './entry.ts';
import { COMMON_MEMBERS, timeOf } from './facts.ts';

export type KeyedMessage = NewMessage & { readonly key: string };

/** What a message has to know of its session. */
export interface MessageContext {
  /** The metadata of the session: what is the same in a line is not kept again. */
  readonly common: JsonObject;
  readonly toolNames: ReadonlyMap<string, string>;
  /** True if the entry was paid for, or first said, in another session. */
  readonly isCopy: boolean;
  /** The time of an entry without one. */
  readonly time: number;
}

/** The kinds of events with a name of our own. Others keep the name of the source. */
const EVENT_KINDS: Readonly<Record<string, string>> = {
  compact_boundary: 'compaction',
  api_error: 'error',
};

/** Members with a field of their own, in lines of every type. */
const PLACED = ['uuid', 'timestamp', 'sessionId', 'isSidechain', 'agentId'];
/** Those that lines of a type have besides. */
const PLACED_OF: Readonly<Record<string, readonly string[]>> = {
  user: ['type', 'message'],
  assistant: ['type', 'message', 'requestId'],
  system: ['content'],
};

/** False for an entry of a type of which there are no messages. */
export function hasPlace({ type }: Entry): boolean {
  return type === 'user' || type === 'system' || type === 'attachment' || type === 'assistant';
}

/** The messages of an entry that is no part of an API response. None for one that has no place. */
export function messagesOf(entry: Entry, context: MessageContext): KeyedMessage[] {
  if (entry.type === 'user') return userMessages(entry, context);
  if (entry.type === 'system')
    return [eventOf(entry, textOf(entry.subtype) ?? 'system', textOf(entry.content) ?? '', context)];
  if (entry.type === 'attachment') {
    const attachment = objectOf(entry.attachment);
    return [
      eventOf(entry, `attachment/${textOf(attachment.type) ?? 'unknown'}`, renderedText(entry), context),
    ];
  }
  // A response without an id: an error of the API, or a text of the program.
  if (entry.type === 'assistant') return [responseMessage([entry], context)];
  return [];
}

/** What a model was shown of an attachment. */
function renderedText(entry: Entry): string {
  if (Array.isArray(entry.rendered)) {
    const texts = entry.rendered.map((part) => joinedText(objectOf(part).content));
    if (texts.some((text) => text !== '')) return texts.join('\n\n');
  }
  const { text, content } = objectOf(entry.attachment);
  return textOf(text) ?? textOf(content) ?? '';
}

function eventOf(entry: Entry, kind: string, content: string, context: MessageContext): KeyedMessage {
  return {
    ...partsOf(entry, context),
    role: 'EVENT',
    kind: EVENT_KINDS[kind] ?? kind,
    content,
    payload: restOf(entry, context),
  };
}

function userMessages(entry: Entry, context: MessageContext): KeyedMessage[] {
  const blocks = blocksOf(entry);
  const results = blocks.filter(isToolResult);
  const others = blocks.filter((block) => !isToolResult(block));
  const parts = partsOf(entry, context);
  const { role: _, content: __, ...said } = objectOf(entry.message);
  const rest = {
    ...restOf(entry, context),
    ...(Object.keys(said).length > 0 && { message: withoutNulls(said) }),
  };
  const messages: KeyedMessage[] = results.map((block, n) => ({
    ...parts,
    key: n === 0 ? parts.key : `${parts.key}/${n}`,
    role: 'TOOL',
    content: joinedText(block.content),
    toolCallId: textOf(block.tool_use_id),
    name: context.toolNames.get(textOf(block.tool_use_id) ?? '') ?? null,
    isError: block.is_error === true,
    // The structured twin of a result belongs to the whole line: it stands once.
    payload: withContent(n === 0 ? rest : {}, [resultRest(block)]),
  }));
  if (others.length === 0 && results.length > 0) return messages;
  const text = joinedText(others);
  const key = results.length === 0 ? parts.key : `${parts.key}/text`;
  const payload = withContent(results.length === 0 ? rest : {}, others.map(blockRest));
  if (isInterruption(text))
    return [...messages, { ...parts, key, role: 'EVENT', kind: 'interruption', content: text, payload }];
  const role = isPrompt(results.length === 0 ? entry : { ...entry, message: { content: others } })
    ? 'USER'
    : 'SYSTEM';
  return [...messages, { ...parts, key, role, content: text, payload }];
}

/** The message of an API response, of which each entry has a part: usually one block. What the entries say of it as a whole counts as the last says it. */
export function responseMessage(entries: readonly Entry[], context: MessageContext): KeyedMessage {
  const [first, ...later] = entries as [Entry, ...Entry[]];
  const last = objectOf(entries.at(-1)!.message);
  const blocks = distinct(entries.flatMap(blocksOf));
  const parts = partsOf(first, context);
  const { role: _, type: __, content: ___, usage, ...described } = last;
  const { id, model } = described;
  const said = withoutTexts(described, ['id', 'model']);
  const rest = restOf(first, context);
  const lines = later.map((entry) => ({
    uuid: entry.uuid ?? null,
    timestamp: entry.timestamp ?? null,
    ...changed(restOf(entry, context), rest),
  }));
  const isSpoken = model !== '<synthetic>' && first.isApiErrorMessage !== true;
  const usageRest = isJsonObject(usage) ? orNull(restOfUsage(usage)) : (usage ?? null);
  const payload: JsonObject = {
    ...withContent(rest, blocks.map(blockRest)),
    ...(orNull(said) && { message: said }),
    ...(usageRest !== null && { usage: usageRest }),
    ...(lines.length > 0 && { lines }),
  };
  const shared = {
    ...parts,
    content: joinedText(blocks),
    model: textOf(model),
    payload,
    metadata: {
      ...parts.metadata,
      ...(typeof id === 'string' && { messageId: id }),
      ...(typeof first.requestId === 'string' && { requestId: first.requestId }),
    },
  };
  if (!isSpoken)
    return {
      ...shared,
      model: null,
      role: 'EVENT',
      kind: first.isApiErrorMessage === true ? 'error' : 'synthetic',
    };
  return {
    ...shared,
    role: 'ASSISTANT',
    reasoning: reasoningOf(blocks),
    toolCalls: callsOf(blocks),
    usage: usageOf(objectOf(usage)),
  };
}

/** Without a block that a later line repeats. */
function distinct(blocks: readonly Block[]): Block[] {
  const seen = new Set<string>();
  return blocks.filter(({ id }) => {
    if (typeof id !== 'string') return true;
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  });
}

function reasoningOf(blocks: readonly Block[]): string | null {
  const thoughts = blocks
    .filter(({ type }) => type === 'thinking')
    .map(({ thinking }) => textOf(thinking) ?? '');
  return thoughts.some((thought) => thought !== '') ? thoughts.join('\n\n') : null;
}

function callsOf(blocks: readonly Block[]): NewToolCall[] {
  return blocks.filter(isToolUse).map(({ id, name, input }) => ({
    toolCallId: textOf(id) ?? '',
    name: textOf(name) ?? '',
    arguments: input ?? null,
  }));
}

/** Anthropic counts cached tokens beside the input, the store as a part of the input. */
function usageOf(usage: JsonObject): NewTokenUsage | null {
  const count = (value: JsonValue | undefined) =>
    Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 0;
  if (!Number.isSafeInteger(usage.input_tokens) && !Number.isSafeInteger(usage.output_tokens)) return null;
  const cacheReadTokens = count(usage.cache_read_input_tokens);
  const cacheWriteTokens = count(usage.cache_creation_input_tokens);
  return {
    inputTokens: count(usage.input_tokens) + cacheReadTokens + cacheWriteTokens,
    outputTokens: count(usage.output_tokens),
    cacheReadTokens,
    cacheWriteTokens,
    reasoningTokens: count(objectOf(usage.output_tokens_details).thinking_tokens),
  };
}

function restOfUsage(usage: JsonObject): JsonObject {
  const {
    input_tokens: _,
    output_tokens: __,
    cache_read_input_tokens: ___,
    cache_creation_input_tokens: ____,
    output_tokens_details: details,
    ...rest
  } = usage;
  const { thinking_tokens: _____, ...otherDetails } = objectOf(details);
  return withoutNulls({
    ...rest,
    ...(Object.keys(otherDetails).length > 0 && { output_tokens_details: otherDetails }),
  });
}

/** The key, the time and the metadata of a message. */
function partsOf(entry: Entry, { common, isCopy, time }: MessageContext) {
  const { cwd, gitBranch } = entry;
  const metadata: JsonObject = {
    ...(typeof cwd === 'string' && cwd !== common.cwd && { cwd }),
    ...(typeof gitBranch === 'string' && gitBranch !== common.gitBranch && { gitBranch }),
  };
  return { key: textOf(entry.uuid) ?? '', createdAt: new Date(timeOf(entry) ?? time), metadata, isCopy };
}

/** What has no place in the fields of a message, by the source's names. */
function restOf(entry: Entry, { common }: MessageContext): JsonObject {
  const placed = [...PLACED, ...(PLACED_OF[textOf(entry.type) ?? ''] ?? [])];
  const members = Object.entries(entry).filter(([name, value]) => {
    if ((placed.includes(name) && fitsField(name, value)) || value === null) return false;
    if (name === 'cwd' || name === 'gitBranch') return typeof value !== 'string';
    return !((COMMON_MEMBERS as readonly string[]).includes(name) && common[name] === value);
  });
  return Object.fromEntries(members);
}

/** Whether the field for a member can hold its value. */
function fitsField(name: string, value: JsonValue): boolean {
  if (name === 'message') return true;
  if (name === 'timestamp') return dateIn(value) !== null;
  return typeof value === (name === 'isSidechain' ? 'boolean' : 'string');
}

function withContent(rest: JsonObject, blocks: readonly (Block | null)[]): JsonObject {
  const kept = blocks.filter((block) => block !== null);
  return kept.length > 0 ? { ...rest, content: kept } : rest;
}

/** What a block has beside its text, its reasoning or its call; null if nothing. */
function blockRest(block: Block): Block | null {
  if (block.type === 'text') return beyond(block, ['text']);
  if (block.type === 'thinking') return beyond(block, ['thinking']);
  if (isToolUse(block))
    return beyond(block, ['name', 'input', 'id'], block.type === 'tool_use' ? [] : ['id']);
  return block;
}

function resultRest(block: Block): Block | null {
  const { content } = block;
  const parts = typeof content === 'string' ? [] : listIn(content);
  const others = parts.flatMap((part) =>
    objectOf(part).type === 'text' ? (beyond(objectOf(part), ['text']) ?? []) : [part],
  );
  const { content: _, ...rest } = block;
  return beyond({ ...rest, ...(others.length > 0 && { content: others }) }, ['tool_use_id', 'is_error']);
}

/** `block` without what has a place; null if only its type is left, and nothing of it is `always` kept. */
function beyond(block: Block, placed: readonly string[], always: readonly string[] = []): Block | null {
  const left = Object.entries(block).filter(
    ([name, value]) =>
      value !== null && (!placed.includes(name) || always.includes(name) || !fitsBlockField(name, value)),
  );
  return left.some(([name]) => name !== 'type') ? Object.fromEntries(left) : null;
}

function fitsBlockField(name: string, value: JsonValue): boolean {
  return name === 'input' || typeof value === (name === 'is_error' ? 'boolean' : 'string');
}

function changed(rest: JsonObject, from: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(rest).filter(([name, value]) => !isSameJson(value, from[name])));
}

function withoutNulls(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}
