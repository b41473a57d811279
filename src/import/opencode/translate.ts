import type { JsonObject } from '../../model/json.ts';
import type { NewTokenUsage, NewToolCall } from '../../model/message.ts';
import type { SourceMessage } from '../format.ts';
import { countIn, dateIn, numberIn, objectIn, orNull, textIn, without } from '../source-json.ts';
import type { OpencodeMessage } from './store.ts';

/** What the messages of the store are made of, for one message of opencode. */
export interface Translated {
  readonly messages: readonly SourceMessage[];
  /** True if a tool still runs, or the response is not complete. */
  readonly isUnfinished: boolean;
}

/** Members of a message, or of a part, that have a field. */
const KNOWN_INFO = ['id', 'sessionID', 'role', 'time', 'cost', 'modelID', 'error'];
const KNOWN_PART = ['sessionID', 'messageID', 'text'];
const KNOWN_TOOL = ['id', 'sessionID', 'messageID', 'type', 'callID', 'tool', 'state'];
const KNOWN_STATE = ['input', 'output', 'error'];

/** A message of opencode, with the outputs of its tools behind it. */
export function translate(message: OpencodeMessage, isCopy: boolean): Translated {
  return message.info.role === 'assistant'
    ? translateResponse(message, isCopy)
    : { messages: [translatePrompt(message, isCopy)], isUnfinished: false };
}

function translatePrompt({ info, parts, path }: OpencodeMessage, isCopy: boolean): SourceMessage {
  const isCompaction = parts.some(({ type }) => type === 'compaction');
  const typed = parts.filter(isTyped);
  // A prompt of the program alone, for example that a background task has ended.
  const isProgram = typed.length === 0 && parts.length > 0;
  const shown = isProgram ? parts : typed;
  return {
    type: 'message',
    message: {
      key: textIn(info.id) ?? '',
      role: isCompaction ? 'EVENT' : isProgram ? 'SYSTEM' : 'USER',
      kind: isCompaction ? 'compaction' : null,
      content: isCompaction ? '' : textOf(shown),
      isCopy,
      payload: payloadOf(
        info,
        parts.map((part) => (shown.includes(part) ? without(part, KNOWN_PART) : part)),
      ),
      metadata: labels(info),
      createdAt: createdAt(info),
    },
    where: { path, line: null },
  };
}

function translateResponse({ info, parts, path }: OpencodeMessage, isCopy: boolean): Translated {
  const where = { path, line: null };
  const created = createdAt(info);
  const tools = parts.filter(({ type }) => type === 'tool');
  const response: SourceMessage = {
    type: 'message',
    message: {
      key: textIn(info.id) ?? '',
      role: 'ASSISTANT',
      content: textOf(parts.filter(({ type }) => type === 'text')),
      reasoning: textOf(parts.filter(({ type }) => type === 'reasoning')) || null,
      toolCalls: tools.map(callOf),
      model: textIn(info.modelID),
      usage: usageOf(info, parts),
      isCopy,
      payload: payloadOf(
        info,
        parts.map((part) => (part.type === 'tool' ? toolPlace(part) : without(part, KNOWN_PART))),
      ),
      metadata: labels(info),
      createdAt: created,
    },
    where,
  };
  const ended = tools.filter((part) => isEnded(objectIn(part.state)));
  const messages = [response, ...ended.map((part) => outputOf(part, where, isCopy, created))];
  const error = objectIn(info.error);
  const time = objectIn(info.time);
  if (error) {
    const at = dateIn(time?.completed) ?? created;
    messages.push({
      type: 'message',
      message: {
        key: `${info.id}:error`,
        role: 'EVENT',
        kind: isAbort(error) ? 'interruption' : 'error',
        content: textIn(objectIn(error.data)?.message) ?? textIn(error.message) ?? '',
        isError: true,
        isCopy,
        payload: error,
        createdAt: at,
      },
      where,
    });
  }
  const isComplete = dateIn(time?.completed) !== null || error !== null;
  return { messages, isUnfinished: !isComplete || ended.length < tools.length };
}

/** The user stopped the response. */
export function isAbort({ name }: JsonObject): boolean {
  return name === 'MessageAbortedError';
}

function isTyped({ type, synthetic, ignored }: JsonObject): boolean {
  if (type !== 'text') return type === 'file' || type === 'agent' || type === 'subtask';
  return synthetic !== true && ignored !== true;
}

function textOf(parts: readonly JsonObject[]): string {
  return parts
    .map((part) => textIn(part.text) ?? textIn(part.prompt))
    .filter((text) => text !== null)
    .join('\n');
}

function createdAt(info: JsonObject): Date | null {
  return dateIn(objectIn(info.time)?.created);
}

/** What a list of messages can be filtered by. */
function labels(info: JsonObject): JsonObject | null {
  const { providerID, agent, mode, summary } = info;
  const provider = providerID ?? objectIn(info.model)?.providerID ?? null;
  return orNull(
    without(
      { providerID: provider, agent: agent ?? null, mode: mode ?? null, summary: summary === true || null },
      [],
    ),
  );
}

function payloadOf(info: JsonObject, parts: readonly JsonObject[]): JsonObject {
  const time = orNull(without(objectIn(info.time) ?? {}, ['created']));
  return { info: { ...without(info, KNOWN_INFO), ...(time && { time }) }, parts: [...parts] };
}

function callOf(part: JsonObject): NewToolCall {
  return {
    toolCallId: textIn(part.callID) ?? String(part.id),
    name: textIn(part.tool) ?? 'tool',
    arguments: objectIn(part.state)?.input ?? null,
  };
}

/** Where the call is among the parts. The rest of a call is with its output, if there is one by now. */
function toolPlace(part: JsonObject): JsonObject {
  const { id = null, type = null, callID = null } = part;
  const state = objectIn(part.state);
  const rest = { ...without(part, KNOWN_TOOL), state: state && without(state, ['input']) };
  return without({ id, type, callID, ...(isEnded(state) ? {} : rest) }, []);
}

function isEnded(state: JsonObject | null): boolean {
  return state?.status === 'completed' || state?.status === 'error';
}

function outputOf(
  part: JsonObject,
  where: SourceMessage['where'],
  isCopy: boolean,
  created: Date | null,
): SourceMessage {
  const state = objectIn(part.state) ?? {};
  const time = objectIn(state.time);
  return {
    type: 'message',
    message: {
      key: String(part.id),
      role: 'TOOL',
      content: textIn(state.output) ?? textIn(state.error) ?? '',
      toolCallId: textIn(part.callID) ?? String(part.id),
      name: textIn(part.tool),
      isError: state.status === 'error',
      isCopy,
      payload: { ...without(part, KNOWN_TOOL), state: without(state, KNOWN_STATE) },
      createdAt: dateIn(time?.end) ?? dateIn(time?.start) ?? created,
    },
    where,
  };
}

/**
 * What the response cost. A message can have several steps, each a response of the API: then the message itself counts only the last.
 * opencode counts cached tokens beside the input, and reasoning beside the output.
 */
function usageOf(info: JsonObject, parts: readonly JsonObject[]): NewTokenUsage | null {
  const steps = parts.filter((part) => part.type === 'step-finish' && objectIn(part.tokens));
  const counted = steps.length > 0 ? steps : [info];
  let [inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens] = [0, 0, 0, 0, 0];
  for (const { tokens } of counted) {
    const counts = objectIn(tokens) ?? {};
    const cache = objectIn(counts.cache) ?? {};
    cacheReadTokens += countIn(cache.read);
    cacheWriteTokens += countIn(cache.write);
    inputTokens += countIn(counts.input) + countIn(cache.read) + countIn(cache.write);
    reasoningTokens += countIn(counts.reasoning);
    outputTokens += countIn(counts.output) + countIn(counts.reasoning);
  }
  const costUsd = numberIn(info.cost);
  if (inputTokens + outputTokens === 0 && !costUsd) return null;
  return { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens, costUsd };
}
