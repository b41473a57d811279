import { z } from 'zod';
import { InvalidInputError } from './errors.ts';
import { parseMessageId, SESSION_ID_PATTERN } from './id.ts';
import { isJsonObject, type JsonObject, type JsonValue, jsonDepth } from './json.ts';
import type { Limits } from './limits.ts';
import { MESSAGE_ROLES } from './message.ts';
import { ARCHIVED_FILTERS, DELETE_MODES } from './session.ts';

function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

const UNSTORABLE = 'expected well-formed Unicode without NUL';

/** Text that can be stored, of at most `max` of the `unit` that `measure` counts. One check for both: each is a walk of its own. */
function text(max: number, unit: string, measure: (value: string) => number) {
  return z.string().superRefine((value, context) => {
    const refuse = (message: string) => context.addIssue({ code: 'custom', message });
    if (!isStorable(value)) refuse(UNSTORABLE);
    const found = measure(value);
    if (found > max) refuse(`expected at most ${max} ${unit}, got ${found}`);
  });
}

const sizedText = (maxBytes: number) => text(maxBytes, 'bytes of UTF-8', Buffer.byteLength);
const shortText = (maxLength: number) => text(maxLength, 'characters', (value) => value.length);

/** Why `value` cannot be stored; null when it can. Depth is measured first: all else recurses into the value. */
export function jsonFault(value: JsonValue, maxBytes: number, maxDepth: number): string | null {
  if (jsonDepth(value, maxDepth) > maxDepth)
    return `expected at most ${maxDepth} levels of nesting, got more`;
  const json = JSON.stringify(value);
  const bytes = Buffer.byteLength(json);
  if (bytes > maxBytes) return `expected at most ${maxBytes} bytes as JSON, got ${bytes}`;
  // JSON.stringify writes a lone surrogate as \ud8xx, and NUL as \u0000: what it escapes this way cannot be stored.
  if (someLeaf(value, (leaf) => typeof leaf === 'string' && !isStorable(leaf)))
    return `${UNSTORABLE} in every string and key`;
  // JSON.parse makes Infinity of 1e999, and JSON.stringify writes null for it.
  if (someLeaf(value, (leaf) => typeof leaf === 'number' && !Number.isFinite(leaf)))
    return 'expected every number within the range of a 64-bit float, got a larger one';
  return null;
}

/** Whether `test` holds for a key, or for a value that holds no others, anywhere in `value`. */
function someLeaf(value: JsonValue, test: (leaf: JsonValue) => boolean): boolean {
  if (typeof value !== 'object' || value === null) return test(value);
  if (Array.isArray(value)) return value.some((held) => someLeaf(held, test));
  return Object.entries(value).some(([key, held]) => test(key) || someLeaf(held, test));
}

function json(maxBytes: number, maxDepth: number) {
  return z.custom<JsonValue>().superRefine((value, context) => {
    const fault = value === undefined ? null : jsonFault(value, maxBytes, maxDepth);
    if (fault) context.addIssue({ code: 'custom', message: fault });
  });
}

function jsonObject(maxBytes: number, maxDepth: number) {
  return z.custom<JsonObject>(isJsonObject, 'expected a JSON object').superRefine((value, context) => {
    const fault = isJsonObject(value) ? jsonFault(value, maxBytes, maxDepth) : null;
    if (fault) context.addIssue({ code: 'custom', message: fault });
  });
}

const sessionId = z.string().regex(SESSION_ID_PATTERN, {
  error: 'expected 1 to 128 letters, digits, ".", "_" or "-", the first a letter or digit',
});

const messageId = z.string().refine((id) => parseMessageId(id) !== null, {
  error: 'expected the id of a message: "<session id>:<number>"',
});

const count = z.int('expected a whole number up to 2^53 - 1').min(0, 'expected 0 or more');

/** The rules of every input, in one place: the API and the import check by them. */
export function inputRules(limits: Limits) {
  const name = shortText(limits.nameLength);
  const metadata = jsonObject(limits.metadataBytes, limits.metadataDepth);
  const title = shortText(limits.titleLength);
  const content = sizedText(limits.contentBytes);
  const usage = z.object({
    inputTokens: count,
    outputTokens: count,
    costUsd: z.number('expected a number').min(0, 'expected 0 or more').nullish(),
  });
  const message = z.object({
    role: z.enum(MESSAGE_ROLES, { error: `expected one of ${MESSAGE_ROLES.join(', ')}` }),
    content,
    name: name.nullish(),
    toolCallId: name.nullish(),
    payload: json(limits.payloadBytes, limits.payloadDepth).optional(),
    usage: usage.nullish(),
    metadata: metadata.nullish(),
    createdAt: z.date('expected a time').nullish(),
  });
  const expectedVersion = z.int().min(1, 'expected 1 or more: versions start at 1').nullish();
  const operationId = name.min(1, 'expected at least one character').nullish();
  const create = z.object({
    id: sessionId.nullish(),
    userId: name.nullish(),
    title: title.nullish(),
    metadata: metadata.nullish(),
    operationId,
  });
  return {
    sessionId,
    message,
    metadata,
    userId: name,
    filter: z.object({
      userId: name.nullish(),
      rootsOnly: z.boolean().nullish(),
      parentId: name.nullish(),
      rootId: name.nullish(),
      createdAfter: z.date().nullish(),
      createdBefore: z.date().nullish(),
      activeAfter: z.date().nullish(),
      activeBefore: z.date().nullish(),
      metadata: jsonObject(limits.filterBytes, limits.metadataDepth).nullish(),
      archived: z.enum(ARCHIVED_FILTERS).nullish(),
    }),
    create,
    spawn: create.extend({ parentId: sessionId }),
    send: z.object({
      sessionId,
      message: content,
      response: content,
      usage: usage.nullish(),
      expectedVersion,
      operationId,
    }),
    append: z.object({
      sessionId,
      messages: z
        .array(message)
        .min(1, 'expected at least one message')
        .max(limits.messages, `expected at most ${limits.messages} messages`),
      expectedVersion,
      operationId,
    }),
    update: z.object({
      id: sessionId,
      title: title.nullish(),
      metadata: metadata.nullish(),
      expectedVersion,
      operationId,
    }),
    delete: z.object({
      id: sessionId,
      mode: z.enum(DELETE_MODES),
      dryRun: z.boolean(),
      expectedVersion,
      operationId,
    }),
    fork: z.object({
      sessionId,
      throughMessageId: messageId.nullish(),
      id: sessionId.nullish(),
      title: title.nullish(),
      asRoot: z.boolean(),
      expectedVersion,
      operationId,
    }),
    move: z.object({ id: sessionId, parentId: sessionId.nullish(), expectedVersion, operationId }),
    archive: z.object({ id: sessionId, subtree: z.boolean(), expectedVersion, operationId }),
    truncate: z.object({
      sessionId,
      length: z.int('expected a whole number').min(0, 'expected 0 or more'),
      dryRun: z.boolean(),
      expectedVersion,
      operationId,
    }),
  };
}

export type InputRules = ReturnType<typeof inputRules>;

/** `input` as `rule` understands it; an InvalidInputError names the path of each fault, from `root` down. */
export function checkInput<Rule extends z.ZodType>(
  rule: Rule,
  input: unknown,
  root: readonly string[] = ['input'],
): z.output<Rule> {
  const result = rule.safeParse(input);
  if (result.success) return result.data;
  throw new InvalidInputError(
    result.error.issues.map((issue) => ({
      path: [...root, ...issue.path.map(String)],
      message: issue.message,
    })),
  );
}
