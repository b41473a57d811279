import type { JsonObject } from '../../model/json.ts';
import type { NewTokenUsage, NewToolCall } from '../../model/message.ts';
import type { SourceMessage } from '../format.ts';
import { countIn, dateIn, objectIn, objectsIn, orNull, textIn, without } from '../source-json.ts';

const KNOWN = ['id', 'timestamp', 'type', 'content', 'thoughts', 'tokens', 'model', 'toolCalls'];
const KNOWN_CALL = ['id', 'name', 'args', 'status', 'timestamp'];
/** `total` is the sum of the others. */
const KNOWN_TOKENS = ['input', 'output', 'cached', 'thoughts', 'tool', 'total'];

/** The messages of a record: a message, and the results of its tools. */
export function translate(
  record: JsonObject,
  key: string,
  place: { path: string; line: number | null },
): SourceMessage[] {
  const { path, line } = place;
  const where = { path, line };
  const createdAt = dateIn(record.timestamp);
  const type = textIn(record.type) ?? 'info';
  const isResponse = type === 'gemini';
  const { text, isOnlyText } = textOf(record.content);
  const shown = textOf(record.displayContent).text;
  const calls = objectsIn(record.toolCalls);
  const rest = without(record, KNOWN);
  if (!isOnlyText || (shown !== '' && shown !== text)) rest.content = record.content ?? null;
  const thoughts = objectsIn(record.thoughts);
  const tokens = orNull(without(objectIn(record.tokens) ?? {}, KNOWN_TOKENS));
  if (tokens) rest.tokens = tokens;
  const thoughtRests = thoughts.map((thought) => without(thought, ['subject', 'description']));
  if (thoughtRests.some(orNull)) rest.thoughts = thoughtRests;
  // The others have a message of their own.
  const running = calls.filter((call) => !isEnded(call)).map((call) => without(call, ['name', 'args']));
  if (running.length > 0) rest.toolCalls = running;
  const message: SourceMessage = {
    type: 'message',
    message: {
      key,
      role: type === 'user' ? 'USER' : isResponse ? 'ASSISTANT' : 'EVENT',
      kind: type === 'user' || isResponse ? null : type,
      content: shown || text,
      reasoning: thoughts.map(thoughtText).join('\n') || null,
      toolCalls: calls.map((call, n) => callOf(call, `${key}:${n}`)),
      isError: type === 'error',
      model: textIn(record.model),
      usage: usageOf(objectIn(record.tokens)),
      payload: orNull(rest),
      createdAt,
    },
    where,
  };
  const results = calls.flatMap((call, n) => resultOf(call, `${key}:${n}`, createdAt, where) ?? []);
  return [message, ...results];
}

/** True if a tool of the record has not ended. */
export function isRunning(record: JsonObject): boolean {
  return objectsIn(record.toolCalls).some((call) => !isEnded(call));
}

/** The key of the last message that a record makes. */
export function lastKeyOf(record: JsonObject, key: string): string {
  const last = objectsIn(record.toolCalls).findLastIndex(isEnded);
  return last === -1 ? key : `${key}:${last}`;
}

function isEnded({ status }: JsonObject): boolean {
  return status === 'success' || status === 'error' || status === 'cancelled';
}

function callOf(call: JsonObject, key: string): NewToolCall {
  return {
    toolCallId: textIn(call.id) ?? key,
    name: textIn(call.name) ?? 'tool',
    arguments: call.args ?? null,
  };
}

function resultOf(
  call: JsonObject,
  key: string,
  created: Date | null,
  where: SourceMessage['where'],
): SourceMessage | null {
  if (!isEnded(call)) return null;
  const responses = partsOf(call.result).map((part) => objectIn(objectIn(part.functionResponse)?.response));
  const texts = responses.map((response) => textIn(response?.output) ?? textIn(response?.error));
  const content = texts.filter((text) => text !== null).join('\n') || textOf(call.result).text;
  return {
    type: 'message',
    message: {
      key,
      role: 'TOOL',
      content: content || (textIn(call.resultDisplay) ?? ''),
      toolCallId: textIn(call.id) ?? key,
      name: textIn(call.name),
      isError: call.status !== 'success',
      payload: { ...without(call, KNOWN_CALL), status: call.status ?? null },
      createdAt: dateIn(call.timestamp) ?? created,
    },
    where,
  };
}

function thoughtText({ subject, description }: JsonObject): string {
  return [textIn(subject), textIn(description)].filter((text) => text !== null).join('\n');
}

/** Parts of the API of Gemini: a text, a part, or a list of both. */
function partsOf(value: unknown): JsonObject[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list
    .map((part) => (typeof part === 'string' ? { text: part } : objectIn(part)))
    .filter((part) => part !== null);
}

function textOf(value: unknown): { text: string; isOnlyText: boolean } {
  const parts = partsOf(value);
  return {
    text: parts
      .map((part) => textIn(part.text))
      .filter((text) => text !== null)
      .join('\n'),
    isOnlyText: parts.every((part) => Object.keys(part).every((name) => name === 'text')),
  };
}

/** Gemini counts cached tokens in the input, but thoughts beside the output, and what tools put into the prompt beside the input. */
function usageOf(tokens: JsonObject | null): NewTokenUsage | null {
  if (!tokens) return null;
  const inputTokens = countIn(tokens.input) + countIn(tokens.tool);
  const reasoningTokens = countIn(tokens.thoughts);
  return {
    inputTokens,
    outputTokens: countIn(tokens.output) + reasoningTokens,
    cacheReadTokens: Math.min(countIn(tokens.cached), inputTokens),
    cacheWriteTokens: 0,
    reasoningTokens,
  };
}
