import type { AgentInputItem } from '@openai/agents';
import type { MessageInput } from '@sessiontree/client';

/** The server takes 1 MiB of text, and a UTF-16 unit has 3 bytes at most. Longer text is whole in the payload. */
const CONTENT_LENGTH_MAX = Math.floor((1024 * 1024) / 3);

/** The server's limit `nameLength`: of names and of ids of tool calls. */
const NAME_LENGTH_MAX = 256;

/** All that an item of any type may have. */
type AnyItem = { readonly [field: string]: unknown };

/** An item as a message: the `payload` is the item, and what searches, sums and the explorer need is taken out of it. */
export function toMessage(item: AgentInputItem, model?: string): MessageInput {
  const payload = snapshot(item);
  const message = { ...described(payload), payload };
  if (message.role !== 'ASSISTANT') return message;
  return { ...message, model: label(objectOf(payload.providerData).model) ?? model };
}

/** The item of a message. Throws for a message that another program wrote without one. */
export function itemOf({ payload, position }: { payload: unknown; position: number }): AgentInputItem {
  if (typeof payload === 'object' && payload !== null) return payload as AgentInputItem;
  throw new TypeError(
    `Expected an item of the OpenAI Agents SDK as the payload of each message, but the message at position ${position} has none: ` +
      'append with `addItems` what the agent is to read.',
  );
}

/** Two items are the same if their JSON is, whatever the order of their keys. */
export function canonical(item: unknown): string {
  return JSON.stringify(item, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

/** True for what a model wrote, as opposed to its input and the results of its tools. */
export function isOutput({ role }: MessageInput): boolean {
  return role === 'ASSISTANT';
}

/**
 * A copy that is JSON, which later changes of the item do not reach. Bytes become data URLs, as the SDK's runner makes them before it saves an item.
 */
function snapshot(item: AgentInputItem): AnyItem {
  const json = JSON.stringify(item, function (this: AnyItem, key: string, value: unknown) {
    // Buffer has a toJSON, whose result is `value`.
    const held = this[key];
    return held instanceof Uint8Array ? dataUrl(held, this.mediaType) : value;
  });
  return JSON.parse(json) as AnyItem;
}

function dataUrl(bytes: Uint8Array, mediaType: unknown): string {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return `data:${typeof mediaType === 'string' ? mediaType : 'text/plain'};base64,${btoa(binary)}`;
}

function described(item: AnyItem): MessageInput {
  switch (item.type ?? 'message') {
    case 'message':
      return { role: roleOf(item.role), content: textOf(item.content) };
    case 'reasoning':
      return { role: 'ASSISTANT', reasoning: textOf([item.content, item.rawContent].flat()) };
    case 'function_call':
      return call(item, item.name, argumentsOf(item.arguments));
    case 'hosted_tool_call':
      return { ...call(item, item.name, argumentsOf(item.arguments)), content: textOf(item.output) };
    case 'computer_call':
      return call(item, 'computer', item.actions ?? item.action);
    case 'shell_call':
      return call(item, 'shell', item.action);
    case 'apply_patch_call':
      return call(item, 'apply_patch', item.operation);
    case 'program':
      return call(item, 'program', item.code);
    case 'tool_search_call':
      return call(item, 'tool_search', item.arguments);
    case 'function_call_result':
      return result(item, item.name, textOf(item.output));
    case 'computer_call_result':
      return result(item, 'computer', '');
    case 'shell_call_output':
      return result(item, 'shell', shellText(item.output));
    case 'apply_patch_call_output':
      return { ...result(item, 'apply_patch', textOf(item.output)), isError: item.status === 'failed' };
    case 'program_output':
      return result(item, 'program', textOf(item.output));
    case 'tool_search_output':
      return result(item, 'tool_search', '');
    default:
      // A compaction, and what the SDK does not know.
      return { role: 'EVENT', kind: label(item.type) ?? 'unknown' };
  }
}

function roleOf(role: unknown): MessageInput['role'] {
  if (role === 'user') return 'USER';
  return role === 'assistant' ? 'ASSISTANT' : 'SYSTEM';
}

function call(item: AnyItem, name: unknown, input: unknown): MessageInput {
  const toolCallId = callIdOf(item);
  if (toolCallId === undefined) return { role: 'ASSISTANT' };
  return {
    role: 'ASSISTANT',
    toolCalls: [{ toolCallId, name: label(name) ?? 'unknown', arguments: input }],
  };
}

function result(item: AnyItem, name: unknown, content: string): MessageInput {
  return { role: 'TOOL', name: label(name), toolCallId: callIdOf(item), content };
}

function callIdOf({ callId, call_id, id }: AnyItem): string | undefined {
  return label(callId) ?? label(call_id) ?? label(id);
}

/** The arguments as an object, whose strings are searched; as they came if they are not JSON. */
function argumentsOf(text: unknown): unknown {
  try {
    return JSON.parse(text as string);
  } catch {
    return text;
  }
}

/** The text of content: a string, a part, or a list of them. Images, files and sounds have none. */
function textOf(content: unknown): string {
  const parts = [content].flat().map((part) => {
    if (typeof part === 'string') return part;
    const { text, refusal, transcript } = objectOf(part);
    return text ?? refusal ?? transcript;
  });
  return storable(parts.filter((text) => typeof text === 'string').join('\n'));
}

function shellText(output: unknown): string {
  return textOf([output].flat().flatMap((run) => [objectOf(run).stdout, objectOf(run).stderr]));
}

function objectOf(value: unknown): AnyItem {
  return typeof value === 'object' && value !== null ? (value as AnyItem) : {};
}

/** Only payloads may hold NUL and halves of surrogate pairs. */
function storable(text: string): string {
  return text.slice(0, CONTENT_LENGTH_MAX).toWellFormed().replaceAll('\0', '\uFFFD');
}

/** A name or an id; undefined where the server would not take it as one. */
function label(text: unknown): string | undefined {
  if (typeof text !== 'string' || text === '' || text.length > NAME_LENGTH_MAX) return undefined;
  return storable(text) === text ? text : undefined;
}
