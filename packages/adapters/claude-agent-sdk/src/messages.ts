import type { SessionStoreEntry } from '@anthropic-ai/claude-agent-sdk';
import type { MessageInput, ToolCallInput } from '@sessiontree/client';
import {
  type Block,
  blocksOf,
  commonOf,
  isCopy,
  isInterruption,
  isPrompt,
  isToolResult,
  isToolUse,
  joinedText,
  timeOf,
} from './entry.ts';
import { fittedContent, fittedKey, fittedName, storable } from './fit.ts';
import { type JsonObject, objectOf, textOf } from './json.ts';
import { packed } from './payload.ts';
import type { Usage } from './usage.ts';

/** What a message has to know of its session. */
export interface MessageContext {
  /** The metadata of the session: what an entry says alike is not said again. */
  readonly common: JsonObject;
  /** The names of the tools, by the ids of calls. */
  readonly toolNames: ReadonlyMap<string, string>;
  /** The time of an entry without one; null for the time of the write. */
  readonly time: Date | null;
  /** What the entry adds to what its response cost. */
  readonly usage: Usage | null;
}

/** The kinds of events with a name of the store's own. Others keep the name of the SDK. */
const EVENT_KINDS: Readonly<Record<string, string>> = { compact_boundary: 'compaction', api_error: 'error' };
const TOOL_CALLS_MAX = 256;

/**
 * The messages of an entry, of which the first has the entry as its payload. There are more where one entry answers several tool calls. Without
 * the payload, they are what `sessiontree import claude` makes of the same line, but that each line of a response is a message of its own, and
 * lines that an import drops are EVENTs.
 */
export function messagesOf(entry: SessionStoreEntry, context: MessageContext): MessageInput[] {
  const [first, ...more] = partsOf(entry, context);
  const { isPacked, payload } = packed(entry);
  // What nests too deep for a payload does for arguments, too.
  const toolCalls = isPacked
    ? first!.toolCalls?.map((call) => ({ ...call, arguments: JSON.stringify(call.arguments) }))
    : first!.toolCalls;
  return [{ ...first!, ...(toolCalls && { toolCalls }), payload }, ...more];
}

/** How many messages an entry becomes, at most. */
export function messageCountOf(entry: SessionStoreEntry): number {
  return entry.type === 'user' ? blocksOf(entry).filter(isToolResult).length + 1 : 1;
}

function partsOf(entry: SessionStoreEntry, context: MessageContext): MessageInput[] {
  const { type } = entry;
  if (type === 'user') return userMessages(entry, context);
  if (type === 'assistant') return [responseMessage(entry, context)];
  if (type === 'system')
    return [eventOf(entry, textOf(entry.subtype) ?? type, textOf(entry.content) ?? '', context)];
  if (type === 'attachment') {
    const kind = textOf(objectOf(entry.attachment).type) ?? 'unknown';
    return [eventOf(entry, `attachment/${kind}`, renderedText(entry), context)];
  }
  return [eventOf(entry, textOf(type) ?? 'entry without a type', '', context)];
}

/** What a model was shown of an attachment. */
function renderedText(entry: SessionStoreEntry): string {
  if (Array.isArray(entry.rendered)) {
    const texts = entry.rendered.map((part) => joinedText(objectOf(part).content));
    if (texts.some((text) => text !== '')) return texts.join('\n\n');
  }
  const { text, content } = objectOf(entry.attachment);
  return textOf(text) ?? textOf(content) ?? '';
}

function eventOf(
  entry: SessionStoreEntry,
  kind: string,
  content: string,
  context: MessageContext,
): MessageInput {
  return {
    ...sharedOf(entry, context),
    role: 'EVENT',
    kind: fittedName(EVENT_KINDS[kind] ?? kind),
    content: fittedContent(content),
  };
}

function userMessages(entry: SessionStoreEntry, context: MessageContext): MessageInput[] {
  const blocks = blocksOf(entry);
  const results = blocks.filter(isToolResult);
  const others = blocks.filter((block) => !isToolResult(block));
  const shared = sharedOf(entry, context);
  const keyed = (suffix: string | number) => ({ key: shared.key && fittedKey(`${shared.key}/${suffix}`) });
  const messages: MessageInput[] = results.map((block, n) => ({
    ...shared,
    ...(n > 0 && keyed(n)),
    role: 'TOOL',
    content: fittedContent(joinedText(block.content)),
    toolCallId: fittedName(textOf(block.tool_use_id)),
    name: fittedName(context.toolNames.get(textOf(block.tool_use_id) ?? '') ?? null),
    isError: block.is_error === true,
  }));
  if (others.length === 0 && messages.length > 0) return messages;
  const text = joinedText(others);
  const said = { ...shared, ...(messages.length > 0 && keyed('text')), content: fittedContent(text) };
  if (isInterruption(text)) return [...messages, { ...said, role: 'EVENT', kind: 'interruption' }];
  return [...messages, { ...said, role: isPrompt(entry, others) ? 'USER' : 'SYSTEM' }];
}

function responseMessage(entry: SessionStoreEntry, context: MessageContext): MessageInput {
  const { id, model } = objectOf(entry.message);
  const blocks = blocksOf(entry);
  const shared = sharedOf(entry, context);
  const { requestId } = entry;
  const said = {
    ...shared,
    content: fittedContent(joinedText(blocks)),
    metadata: {
      ...shared.metadata,
      ...(typeof id === 'string' && { messageId: storable(id) }),
      ...(typeof requestId === 'string' && { requestId: storable(requestId) }),
    },
  };
  if (entry.isApiErrorMessage === true) return { ...said, role: 'EVENT', kind: 'error' };
  // A text of the program, which no model wrote.
  if (model === '<synthetic>') return { ...said, role: 'EVENT', kind: 'synthetic' };
  const reasoning = reasoningOf(blocks);
  return {
    ...said,
    role: 'ASSISTANT',
    model: fittedName(textOf(model)),
    reasoning: reasoning === null ? null : fittedContent(reasoning),
    toolCalls: callsOf(blocks),
    usage: context.usage,
  };
}

function reasoningOf(blocks: readonly Block[]): string | null {
  const thoughts = blocks
    .filter(({ type }) => type === 'thinking')
    .map(({ thinking }) => textOf(thinking) ?? '');
  return thoughts.some((thought) => thought !== '') ? thoughts.join('\n\n') : null;
}

function callsOf(blocks: readonly Block[]): ToolCallInput[] {
  return blocks
    .filter(isToolUse)
    .slice(0, TOOL_CALLS_MAX)
    .map(({ id, name, input }) => ({
      toolCallId: fittedName(textOf(id)) ?? '-',
      name: fittedName(textOf(name)) ?? '-',
      arguments: input ?? null,
    }));
}

/** The key, the time and the metadata of a message. */
function sharedOf(entry: SessionStoreEntry, { common, time }: MessageContext) {
  const uuid = textOf(entry.uuid);
  const { cwd, gitBranch } = commonOf(entry);
  return {
    key: uuid === null ? null : fittedKey(uuid),
    createdAt: timeOf(entry) ?? time,
    metadata: {
      ...(cwd !== undefined && cwd !== common.cwd && { cwd }),
      ...(gitBranch !== undefined && gitBranch !== common.gitBranch && { gitBranch }),
    },
    isCopy: isCopy(entry),
  };
}
