import type { AIMessage, BaseMessage, ToolMessage } from '@langchain/core/messages';
import type { MessageInput, MessageRole, TokenUsageInput, ToolCallInput } from '@sessiontree/client';

/** The default of the server's limit `contentBytes` is 1 MiB: a UTF-16 code unit takes up to three bytes. */
const CONTENT_LENGTH_MAX = 340_000;
/** The default of the server's limit `nameLength`. */
const NAME_LENGTH_MAX = 256;

const ROLES: Readonly<Record<string, MessageRole>> = {
  human: 'USER',
  user: 'USER',
  ai: 'ASSISTANT',
  assistant: 'ASSISTANT',
  system: 'SYSTEM',
  developer: 'SYSTEM',
  tool: 'TOOL',
  function: 'TOOL',
};

/** True for a message of LangChain, from whichever copy of the library it is. */
export function isMessage(value: unknown): value is BaseMessage {
  return (
    typeof value === 'object' &&
    value !== null &&
    'content' in value &&
    'getType' in value &&
    typeof value.getType === 'function'
  );
}

/** What the messages of a state are: the state itself, one of its values, or the items of a list among them. */
export function messagesOf(state: unknown): BaseMessage[] {
  const values = isMessage(state) || Array.isArray(state) ? [state] : valuesOf(state);
  return values.flat().filter(isMessage);
}

function valuesOf(state: unknown): unknown[] {
  return typeof state === 'object' && state !== null ? Object.values(state) : [];
}

/** A message as Sessiontree stores it. `payload` is what `mapStoredMessagesToChatMessages` makes the message from. */
export function toMessageInput(message: BaseMessage, key: string): MessageInput {
  const type = message.getType();
  const role = ROLES[type === 'generic' ? String((message as { role?: unknown }).role) : type] ?? 'USER';
  const { text, reasoning } = textsOf(message);
  const common = {
    key,
    role,
    content: stored(text),
    ...(reasoning && { reasoning: stored(reasoning) }),
    ...(message.name && { name: cut(message.name) }),
    payload: JSON.parse(JSON.stringify(message.toDict())),
  };
  if (role === 'TOOL') return { ...common, ...resultFields(message as ToolMessage) };
  return role === 'ASSISTANT' ? { ...common, ...answerFields(message as AIMessage, key) } : common;
}

/** The text of a message. */
export function textOf(message: BaseMessage): string {
  return textsOf(message).text;
}

/** What says whether a message has another form than before. A checkpoint adds fields that say nothing. */
export function formOf(message: BaseMessage): string {
  const calls = (message as AIMessage).tool_calls?.map(({ id, name, args }) => [id, name, args]) ?? [];
  return hash(JSON.stringify([message.content, calls, message.name]));
}

/** What a message without an id is known by, apart from its place. */
export function saidBy(message: BaseMessage): string {
  return hash(JSON.stringify([message.getType(), message.content, message.name]));
}

/** A short name for a text: 53 bits (cyrb53), for texts within one session. */
function hash(text: string): string {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let n = 0; n < text.length; n++) {
    const unit = text.charCodeAt(n);
    high = Math.imul(high ^ unit, 2654435761);
    low = Math.imul(low ^ unit, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return (4294967296 * (2097151 & low) + (high >>> 0)).toString(36);
}

function textsOf({ content }: BaseMessage): { readonly text: string; readonly reasoning: string } {
  if (typeof content === 'string') return { text: content, reasoning: '' };
  let text = '';
  let reasoning = '';
  for (const block of content as readonly Record<string, unknown>[]) {
    if (typeof block.text === 'string') text += block.text;
    const thought = block.thinking ?? block.reasoning;
    if (typeof thought === 'string') reasoning += thought;
  }
  return { text, reasoning };
}

function resultFields({ tool_call_id: id, status }: ToolMessage): Partial<MessageInput> {
  return { ...(id && { toolCallId: cut(id) }), ...(status === 'error' && { isError: true }) };
}

function answerFields(message: AIMessage, key: string): Partial<MessageInput> {
  const { tool_calls = [], invalid_tool_calls = [], response_metadata: of = {} } = message;
  const calls = [...tool_calls, ...invalid_tool_calls].map(({ id, name, args }, n): ToolCallInput => {
    return { toolCallId: cut(id ?? `${key}:${n}`), name: cut(name ?? ''), arguments: args ?? null };
  });
  const { model_name = of.model } = of as Record<string, unknown>;
  const usage = usageOf(message);
  return {
    ...(calls.length > 0 && { toolCalls: calls }),
    ...(typeof model_name === 'string' && { model: cut(model_name) }),
    ...(usage && { usage }),
  };
}

function usageOf({ usage_metadata: usage }: AIMessage): TokenUsageInput | undefined {
  if (!usage) return undefined;
  return {
    inputTokens: usage.input_tokens,
    outputTokens: usage.output_tokens,
    cacheReadTokens: usage.input_token_details?.cache_read ?? 0,
    cacheWriteTokens: usage.input_token_details?.cache_creation ?? 0,
    reasoningTokens: usage.output_token_details?.reasoning ?? 0,
  };
}

/** A text as the server takes it: the payload has the whole of one that is too long. */
function stored(text: string): string {
  return text.slice(0, CONTENT_LENGTH_MAX).replaceAll('\0', '\ufffd').toWellFormed();
}

/** The beginning of a text, as the server takes it. */
export function cut(text: string, length = NAME_LENGTH_MAX): string {
  return text.slice(0, length).replaceAll('\0', '\ufffd').toWellFormed();
}
