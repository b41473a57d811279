import { z } from 'zod';
import { InvalidInputError } from './errors.ts';
import { isSessionId, parseMessageId } from './id.ts';
import {
  customIssue,
  type DescribeValue,
  describeValue,
  expectedBy,
  type Fault,
  issueMessage,
  valueAt,
} from './input-fault.ts';
import { isJsonObject, type JsonObject, type JsonValue, jsonShape } from './json.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { MESSAGE_ROLES } from './message.ts';
import { ARCHIVED_FILTERS, DELETE_MODES } from './session.ts';

function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

const STORABLE = 'well-formed Unicode without NUL';

/** The first character of `text` that cannot be stored, and its position. */
function unstorable(text: string): string {
  const { index, 0: character } = /[\0\p{Surrogate}]/u.exec(text)!;
  return `${character === '\0' ? 'NUL' : 'half of a surrogate pair'} as character ${index + 1}`;
}

/** A limit by its name, which messages give: it is the one that `--limit` takes. */
interface Bound {
  readonly limit: keyof Limits;
  readonly max: number;
}

function bound<Name extends keyof Limits>(limits: Pick<Limits, Name>, limit: Name): Bound {
  return { limit, max: limits[limit] };
}

function atMost({ limit, max }: Bound, unit: string, got: number | 'more'): Fault {
  return { expected: `at most ${max} ${unit} (the limit ${limit})`, got: String(got) };
}

/** Text that can be stored, and whose length in `unit`s, which `measure` counts, is within `length`. */
function text(length: Bound, unit: string, measure: (value: string) => number) {
  // One refinement for both rules, because each refinement is a walk of its own.
  return z.string().superRefine((value, context) => {
    if (!isStorable(value)) context.addIssue(customIssue({ expected: STORABLE, flaw: unstorable(value) }));
    const found = measure(value);
    if (found > length.max) context.addIssue(customIssue(atMost(length, unit, found)));
  });
}

const sizedText = (length: Bound) => text(length, 'bytes of UTF-8', Buffer.byteLength);
const shortText = (length: Bound) => text(length, 'characters', (value) => value.length);

/** Why `value` cannot be stored; null if it can. Depth is checked first, because the other checks recurse into the value. */
export function jsonFault(value: JsonValue, bytes: Bound, depth: Bound): Fault | null {
  const shape = jsonShape(value, depth.max, bytes.max);
  if (shape === 'DEEP') return atMost(depth, 'levels of nesting', 'more');
  // Each value has at least one byte.
  if (shape === 'WIDE') return atMost(bytes, 'bytes as JSON', 'more');
  const json = JSON.stringify(value);
  const size = Buffer.byteLength(json);
  if (size > bytes.max) return atMost(bytes, 'bytes as JSON', size);
  // JSON.stringify escapes NUL and lone surrogates, so that `json` does not show them: the strings themselves are checked.
  const leaf = findLeaf(value, (held) => typeof held === 'string' && !isStorable(held));
  if (leaf !== undefined)
    return { expected: `${STORABLE} in every string and key`, got: 'one', flaw: unstorable(leaf as string) };
  // JSON.parse reads 1e999 as Infinity, which JSON.stringify would write as null.
  if (findLeaf(value, (held) => typeof held === 'number' && !Number.isFinite(held)) !== undefined)
    return { expected: 'every number within the range of a 64-bit float', got: 'a larger one' };
  return null;
}

type MetadataLimits = Pick<Limits, 'metadataBytes' | 'metadataDepth'>;

/** Why an object cannot be stored as metadata; null if it can. */
export function metadataFault(metadata: JsonObject, limits: MetadataLimits): Fault | null {
  return jsonFault(metadata, bound(limits, 'metadataBytes'), bound(limits, 'metadataDepth'));
}

/** The first key or scalar in `value`, at any depth, for which `test` is true. */
function findLeaf(value: JsonValue, test: (leaf: JsonValue) => boolean): JsonValue | undefined {
  if (typeof value !== 'object' || value === null) return test(value) ? value : undefined;
  if (Array.isArray(value)) return firstOf(value, (held) => findLeaf(held, test));
  return firstOf(Object.entries(value), ([key, held]) => (test(key) ? key : findLeaf(held, test)));
}

/** The first result of `find` that is not undefined. */
function firstOf<Item, Result>(items: readonly Item[], find: (item: Item) => Result | undefined) {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function json(bytes: Bound, depth: Bound) {
  return z.custom<JsonValue>().superRefine((value, context) => {
    const fault = value === undefined ? null : jsonFault(value, bytes, depth);
    if (fault) context.addIssue(customIssue(fault));
  });
}

function jsonObject(bytes: Bound, depth: Bound) {
  return z.custom<JsonObject>(isJsonObject, 'a JSON object').superRefine((value, context) => {
    const fault = isJsonObject(value) ? jsonFault(value, bytes, depth) : null;
    if (fault) context.addIssue(customIssue(fault));
  });
}

const sessionId = z.string().superRefine((id, context) => {
  if (isSessionId(id)) return;
  context.addIssue(
    customIssue({
      expected: '1 to 128 letters, digits, ".", "_" or "-", the first a letter or digit',
      flaw: flawOfId(id),
    }),
  );
});

/** The first character of an id that may not stand there. */
function flawOfId(id: string): string | undefined {
  const index = /[^A-Za-z0-9._-]|^[._-]/.exec(id)?.index;
  if (index === undefined) return undefined;
  return `${JSON.stringify(String.fromCodePoint(id.codePointAt(index)!))} as character ${index + 1}`;
}

const messageId = z.string().refine((id) => parseMessageId(id) !== null, {
  error: 'the id of a message: "<session id>:<number>"',
});

const count = z.int('a whole number up to 2^53 - 1').min(0, '0 or more');

/** A destination must be explicit: a client's undefined variable must not turn a session into a root. */
function destinationIssue({
  parentId,
  asRoot,
}: {
  readonly parentId?: string | null | undefined;
  readonly asRoot?: boolean | null | undefined;
}) {
  if (parentId != null && asRoot)
    return customIssue(
      { expected: 'either "parentId" or "asRoot: true"', got: 'both', advice: 'Leave one of them out' },
      ['asRoot'],
    );
  if (parentId == null && !asRoot)
    return customIssue(
      { expected: 'the id of the new parent, or "asRoot: true" for a tree of its own', got: 'neither' },
      ['parentId'],
    );
  return null;
}

/**
 * The rules of every input, for `checkInput`. The API and the import use the same rules. Make them once per `limits`: making them takes
 * longer than checking an input.
 */
export function inputRules(limits: Limits = DEFAULT_LIMITS) {
  const limit = (name: keyof Limits) => bound(limits, name);
  const name = shortText(limit('nameLength'));
  const metadata = jsonObject(limit('metadataBytes'), limit('metadataDepth'));
  const title = shortText(limit('titleLength'));
  const content = sizedText(limit('contentBytes'));
  const usage = z.object({
    inputTokens: count,
    outputTokens: count,
    costUsd: z.number().min(0, '0 or more').nullish(),
  });
  const message = z.object({
    role: z.enum(MESSAGE_ROLES),
    content,
    name: name.nullish(),
    toolCallId: name.nullish(),
    payload: json(limit('payloadBytes'), limit('payloadDepth')).optional(),
    usage: usage.nullish(),
    metadata: metadata.nullish(),
    createdAt: z.date().nullish(),
  });
  const expectedVersion = z
    .int('a whole number up to 2^53 - 1')
    .min(1, '1 or more (versions start at 1)')
    .nullish();
  const operationId = name.min(1, 'at least one character').nullish();
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
      metadata: jsonObject(limit('filterBytes'), limit('metadataDepth')).nullish(),
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
      // Too many messages are not checked one by one: a body can have a hundred thousand.
      messages: z
        .array(z.unknown())
        .superRefine(({ length }, context) => {
          if (length <= limits.messages) return;
          const fault = atMost(limit('messages'), 'messages', length);
          context.addIssue(customIssue({ ...fault, advice: 'Append them with several mutations' }));
        })
        .pipe(z.array(message).min(1, 'at least one message')),
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
    move: z
      .object({
        id: sessionId,
        parentId: sessionId.nullish(),
        asRoot: z.boolean().nullish(),
        expectedVersion,
        operationId,
      })
      .superRefine((move, context) => {
        const issue = destinationIssue(move);
        if (issue) context.addIssue(issue);
      }),
    archive: z.object({ id: sessionId, subtree: z.boolean(), expectedVersion, operationId }),
    truncate: z.object({
      sessionId,
      length: count,
      dryRun: z.boolean(),
      expectedVersion,
      operationId,
    }),
  };
}

export type InputRules = ReturnType<typeof inputRules>;

/**
 * Validates `input` by a rule of `inputRules`, and returns it without unknown members. Throws an InvalidInputError with all faults; their
 * paths begin with `root`. `describe` puts an invalid value in words.
 */
export function checkInput<Rule extends z.ZodType>(
  rule: Rule,
  input: unknown,
  root: readonly string[] = ['input'],
  describe: DescribeValue = describeValue,
): z.output<Rule> {
  const result = rule.safeParse(input, { error: expectedBy });
  if (result.success) return result.data;
  throw new InvalidInputError(
    result.error.issues.map((issue) => ({
      path: [...root, ...issue.path.map(String)],
      message: issueMessage(issue, valueAt(input, issue.path), describe),
    })),
  );
}
