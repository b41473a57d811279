import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.ts';
import type { NewTokenUsage, NewToolCall } from '../../model/message.ts';
import type { SourceMessage } from '../format.ts';
import {
  countIn,
  dateIn,
  listIn,
  numberIn,
  objectIn,
  orNull,
  textIn,
  without,
  withoutTexts,
} from '../source-json.ts';

const KNOWN = ['content', 'thoughts', 'tokens', 'toolCalls'];
const KNOWN_TEXTS = ['id', 'type', 'model'];
const KNOWN_CALL = ['args', 'status'];
const KNOWN_CALL_TEXTS = ['id', 'name'];
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
  const calls = callsIn(record);
  const rest = withoutTexts(without(record, [...KNOWN, ...timeIn(record)]), KNOWN_TEXTS);
  if (!isOnlyText || (shown !== '' && shown !== text)) rest.content = record.content ?? null;
  const thoughts = listIn(record.thoughts);
  const tokens = isJsonObject(record.tokens) ? orNull(uncounted(record.tokens)) : (record.tokens ?? null);
  if (tokens !== null) rest.tokens = tokens;
  const thoughtRests = thoughts.map(thoughtRest);
  if (thoughtRests.some((thought) => !isJsonObject(thought) || orNull(thought))) rest.thoughts = thoughtRests;
  // The others have a message of their own.
  const running = calls
    .filter((call) => !isEnded(call))
    .map((call) => withoutTexts(without(call, ['args']), ['name']));
  const noCalls = listIn(record.toolCalls).filter((call) => !isJsonObject(call));
  if (running.length + noCalls.length > 0) rest.toolCalls = [...running, ...noCalls];
  const message: SourceMessage = {
    type: 'message',
    message: {
      key,
      role: type === 'user' ? 'USER' : isResponse ? 'ASSISTANT' : 'EVENT',
      kind: type === 'user' || isResponse ? null : type,
      content: shown || text,
      reasoning: thoughts.map(thoughtText).filter(Boolean).join('\n') || null,
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

/** The calls of a record: one by itself counts as a list of one. */
export function callsIn(record: JsonObject): JsonObject[] {
  return listIn(record.toolCalls).filter(isJsonObject);
}

/** True if a tool of the record has not ended. */
export function isRunning(record: JsonObject): boolean {
  return callsIn(record).some((call) => !isEnded(call));
}

/** The key of the last message that a record makes. */
export function lastKeyOf(record: JsonObject, key: string): string {
  const last = callsIn(record).findLastIndex(isEnded);
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
      payload: {
        ...withoutTexts(without(call, [...KNOWN_CALL, ...timeIn(call)]), KNOWN_CALL_TEXTS),
        status: call.status ?? null,
      },
      createdAt: dateIn(call.timestamp) ?? created,
    },
    where,
  };
}

/** The name of the time, if there is one that the store can hold. */
function timeIn({ timestamp }: JsonObject): string[] {
  return dateIn(timestamp) ? ['timestamp'] : [];
}

/** A thought has two texts, or is one. */
function thoughtText(thought: JsonValue): string {
  const { subject, description } = objectIn(thought) ?? { subject: thought };
  return [textIn(subject), textIn(description)].filter((text) => text !== null).join('\n');
}

/** What a thought has beside its texts. */
function thoughtRest(thought: JsonValue): JsonValue {
  if (isJsonObject(thought)) return withoutTexts(thought, ['subject', 'description']);
  return typeof thought === 'string' ? {} : thought;
}

/** What tokens have beside their counts. */
function uncounted(tokens: JsonObject): JsonObject {
  return without(
    tokens,
    KNOWN_TOKENS.filter((name) => numberIn(tokens[name]) !== null),
  );
}

/** Parts of the API of Gemini: a text, a part, or a list of both. */
function partsOf(value: JsonValue | undefined): JsonObject[] {
  return listIn(value)
    .map((part) => (typeof part === 'string' ? { text: part } : objectIn(part)))
    .filter((part) => part !== null);
}

function textOf(value: JsonValue | undefined): { text: string; isOnlyText: boolean } {
  const texts = partsOf(value).map((part) => textIn(part.text));
  return {
    text: texts.filter((text) => text !== null).join('\n'),
    isOnlyText: listIn(value).every((part) => part === null || typeof part === 'string' || isTextPart(part)),
  };
}

function isTextPart(part: JsonValue): boolean {
  const members = isJsonObject(part) ? Object.entries(part) : null;
  return members?.every(([name, value]) => name === 'text' && typeof value === 'string') ?? false;
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
