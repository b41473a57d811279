import type { MessageInput, ToolCallInput } from '@sessiontree/client';

/** Characters of content and of reasoning that a message has at most: whatever the text, within the server's 1 MiB of UTF-8. */
const TEXT_LENGTH_MAX = 340_000;
/** The server's limit `toolCalls`. */
const TOOL_CALLS_MAX = 256;

/** A part of a message, of either SDK: the members that are read here, as far as the type of the part has them. */
export interface Part {
  readonly type: string;
  readonly text?: unknown;
  readonly filename?: unknown;
  readonly mediaType?: unknown;
  readonly mimeType?: unknown;
  readonly toolCallId?: unknown;
  readonly toolName?: unknown;
  readonly input?: unknown;
  readonly args?: unknown;
}

/**
 * What a search and the explorer show of a message: texts and names of files as content, and what the model thought and called. The payload
 * has all of it exactly, so that texts past what the server takes are cut here.
 */
export function describeParts(
  parts: readonly Part[],
): Pick<MessageInput, 'content' | 'reasoning' | 'toolCalls'> {
  const texts = parts.flatMap((part) => (part.type === 'text' ? textOf(part) : nameOfFile(part)));
  const thoughts = parts.filter(({ type }) => type === 'reasoning').flatMap(textOf);
  const calls = parts.flatMap(toolCallOf).slice(0, TOOL_CALLS_MAX);
  return {
    content: joined(texts),
    ...(thoughts.length > 0 && { reasoning: joined(thoughts) }),
    ...(calls.length > 0 && { toolCalls: calls }),
  };
}

/** Between two texts of one message, as in what is streamed. */
export const TEXT_SEPARATOR = '\n\n';

function joined(texts: readonly string[]): string {
  return plainText(texts.join(TEXT_SEPARATOR).slice(0, TEXT_LENGTH_MAX));
}

/** The text as the server takes texts: U+FFFD in the place of NUL, and of halves of pairs of surrogates, which a cut can leave. */
export function plainText(text: string): string {
  return text.replaceAll('\u0000', '\ufffd').toWellFormed();
}

function textOf({ text }: Part): string[] {
  return typeof text === 'string' && text !== '' ? [text] : [];
}

/** A file is in the payload; its name is what people look for. */
function nameOfFile({ type, filename, mediaType, mimeType }: Part): string[] {
  if (type !== 'file' && type !== 'image') return [];
  return [`[${[filename, mediaType, mimeType].find((name) => typeof name === 'string') ?? type}]`];
}

/** Both SDKs keep a call and its result in one part: `tool-weather` or `dynamic-tool` of the AI SDK, `tool-call` of assistant-ui. */
function toolCallOf({ type, toolCallId, toolName, input, args }: Part): ToolCallInput[] {
  if (typeof toolCallId !== 'string') return [];
  const name = typeof toolName === 'string' ? toolName : type.replace(/^tool-/, '');
  const given = input ?? args;
  return [{ toolCallId, name, ...(given != null && { arguments: given as ToolCallInput['arguments'] }) }];
}
