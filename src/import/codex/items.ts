import type { JsonObject, JsonValue } from '../../model/json.ts';
import type { NewToolCall } from '../../model/message.ts';
import { jsonOrText, listIn, numberIn, objectIn, objectsIn, textIn, without } from '../source-json.ts';

/** The text of the parts of a message, and whether there is something else in them. A text counts as a part. */
export function textOfParts(content: JsonValue | undefined): { text: string; isOnlyText: boolean } {
  const parts = listIn(content);
  const texts = parts.map(textOfPart);
  return {
    text: texts.filter((text) => text !== null).join('\n'),
    // Annotations are there, but empty, beside each text of a model.
    isOnlyText: parts.every(
      (part, n) =>
        texts[n] !== null &&
        Object.entries(objectIn(part) ?? {}).every(
          ([name, value]) => name === 'type' || name === 'text' || (name === 'annotations' && isEmpty(value)),
        ),
    ),
  };
}

function textOfPart(part: JsonValue): string | null {
  return typeof part === 'string' ? part : textIn(objectIn(part)?.text);
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** What begins a message of role user that the program wrote, in versions that do not name the origin of a text. */
const CONTEXT = new RegExp(
  `^\\s*(?:<(?:${[
    'environment_context',
    'environments_instructions',
    'user_instructions',
    'INSTRUCTIONS',
    'turn_aborted',
    'subagent_notification',
    'user_shell_command',
    'skill',
    'skills_instructions',
    'model_switch',
    'permissions',
    'collaboration_mode',
    'personality_spec',
    'hook_prompt',
  ].join('|')})\\b|# AGENTS\\.md instructions)`,
);

/** True if a person, or the agent that gave the task, wrote the message of role user. */
export function isTyped(payload: JsonObject): boolean {
  const passthrough = objectIn(payload.internal_chat_message_metadata_passthrough);
  const origins = objectsIn(passthrough?.content_item_metadata)
    .map((item) => textIn(objectIn(item.provenance)?.type))
    .filter((origin) => origin !== null);
  if (origins.length > 0) return origins.some((origin) => origin !== 'harness');
  return listIn(payload.content).some((part) => !CONTEXT.test(textOfPart(part) ?? ''));
}

/** Where each kind of call has its arguments. */
const ARGUMENTS: Record<string, string> = {
  function_call: 'arguments',
  custom_tool_call: 'input',
  local_shell_call: 'action',
  web_search_call: 'action',
  tool_search_call: 'arguments',
  image_generation_call: 'revised_prompt',
};

/** Members that have a field only if they are texts. */
const TEXTS = ['type', 'role', 'name', 'call_id', 'author', 'message'];

/** `payload` without the members that a field has. */
export function withoutPlaced(payload: JsonObject, placed: readonly string[]): JsonObject {
  return without(
    payload,
    placed.filter((name) => !TEXTS.includes(name) || typeof payload[name] === 'string'),
  );
}

/** A part of a response of the model. */
export interface ResponsePart {
  readonly text?: string;
  readonly reasoning?: string;
  readonly call?: NewToolCall;
  /** What has no field. */
  readonly rest: JsonObject;
}

/** Null: the item is no part of a response. `key` names a call that has no id. */
export function responsePart(payload: JsonObject, key: string): ResponsePart | null {
  const type = textIn(payload.type) ?? '';
  if (type === 'message' && payload.role === 'assistant') {
    const { text, isOnlyText } = textOfParts(payload.content);
    return { text, rest: without(payload, isOnlyText ? ['content', 'role'] : ['role']) };
  }
  if (type === 'reasoning') {
    const summary = textOfParts(payload.summary);
    const content = textOfParts(payload.content);
    const reasoning = [summary.text, content.text].filter(Boolean).join('\n');
    const told = [...(summary.isOnlyText ? ['summary'] : []), ...(content.isOnlyText ? ['content'] : [])];
    return { reasoning, rest: without(payload, told) };
  }
  const named = ARGUMENTS[type];
  if (named === undefined) return null;
  const given = payload[named];
  const call = {
    toolCallId: textIn(payload.call_id) ?? key,
    name: textIn(payload.name) ?? type.replace(/_call$/, ''),
    arguments: (typeof given === 'string' && named === 'arguments' ? jsonOrText(given) : given) ?? null,
  };
  return { call, rest: withoutPlaced(payload, [named, 'name', 'call_id']) };
}

/** The output of a call, as text. */
export function outputOf(payload: JsonObject): { text: string; isOnlyText: boolean } {
  const output: JsonValue | undefined = payload.output ?? payload.result ?? payload.tools;
  const object = objectIn(output);
  if (object) {
    const inner = textOfParts(object.content ?? object.output);
    return inner.text === ''
      ? { text: JSON.stringify(object), isOnlyText: true }
      : { ...inner, isOnlyText: false };
  }
  if (typeof output === 'string') {
    // Before 0.60, the output of a command is JSON in a text.
    const wrapped = output.startsWith('{"output":') ? objectIn(jsonOrText(output)) : null;
    const text = wrapped && textIn(wrapped.output);
    return text ? { text, isOnlyText: false } : { text: output, isOnlyText: true };
  }
  return textOfParts(output);
}

/** Whether a tool failed: from what the program says of the call (`detail`), or else from the beginning of its output. */
export function isFailed(payload: JsonObject, detail: JsonObject | null): boolean {
  const { output } = payload;
  if (objectIn(output)?.success === false) return true;
  if (detail) {
    if (objectIn(detail.result)?.Err !== undefined) return true;
    const exitCode = numberIn(detail.exit_code);
    if (exitCode !== null) return exitCode !== 0;
    const status = textIn(detail.status);
    if (status !== null) return /^(?:failed|declined|errored?)$/.test(status);
    if (typeof detail.success === 'boolean') return !detail.success;
  }
  if (typeof output !== 'string') return false;
  const exit =
    /^(?:[^\n]*\n){0,3}Process exited with code (-?\d+)/.exec(output) ??
    /^Exit code: (-?\d+)/.exec(output) ??
    /"metadata":\{"exit_code":(-?\d+)/.exec(output.startsWith('{"output":') ? output.slice(-200) : '');
  if (exit) return exit[1] !== '0';
  return /^(?:aborted\b|Wall time: [^\n]*\naborted by user)/.test(output);
}
