import { z } from 'zod';
import { InvalidInputError } from './errors.ts';
import { isSessionId, parseMessageId } from './id.ts';
import {
  customIssue,
  type DescribeValue,
  describeValue,
  expectedBy,
  issueMessage,
  valueAt,
} from './input-fault.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { MESSAGE_ROLES } from './message.ts';
import { ARCHIVED_FILTERS, DELETE_MODES, SESSION_STATUSES } from './session.ts';
import { atMost, type Bound, bound, isStorable, jsonFault, STORABLE, unstorable } from './stored-values.ts';

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

function json(bytes: Bound, depth: Bound) {
  return z.custom<JsonValue>().superRefine((value, context) => {
    const fault = value === undefined ? null : jsonFault(value, bytes, depth, false);
    if (fault) context.addIssue(customIssue(fault));
  });
}

function jsonObject(bytes: Bound, depth: Bound) {
  return z.custom<JsonObject>(isJsonObject, 'a JSON object').superRefine((value, context) => {
    const fault = isJsonObject(value) ? jsonFault(value, bytes, depth, true) : null;
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

/** A key cannot be empty: an empty text is a client's forgotten one. */
function notEmpty<Text extends z.ZodString>(key: Text) {
  return key.min(1, 'at least one character');
}

/** A session that may be there already is looked for by its id or its key. */
function refuseUnnamed(
  {
    id,
    key,
    ifExists,
  }: {
    readonly id?: string | null | undefined;
    readonly key?: string | null | undefined;
    readonly ifExists?: 'ERROR' | 'RETURN' | null | undefined;
  },
  context: z.RefinementCtx,
): void {
  if (ifExists !== 'RETURN' || id != null || key != null) return;
  context.addIssue(
    customIssue({ expected: 'an "id" or a "key" beside RETURN', got: 'neither' }, ['ifExists']),
  );
}

/** Two messages of one write cannot have the same key. */
function refuseSameKeys(
  messages: readonly { readonly key?: string | null | undefined }[],
  context: z.RefinementCtx,
): void {
  const first = new Map<string, number>();
  for (const [n, { key }] of messages.entries()) {
    if (key == null) continue;
    const before = first.get(key);
    if (before === undefined) first.set(key, n);
    else
      context.addIssue(
        customIssue(
          { expected: 'a key that no other message of the input has', got: `that of message ${before}` },
          [n, 'key'],
        ),
      );
  }
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

/** What belongs to an answer must come with one: else its cost would be lost. */
function* responseIssues(send: {
  readonly response?: string | null | undefined;
  readonly usage?: unknown;
  readonly model?: unknown;
}) {
  if (send.response != null) return;
  for (const member of ['usage', 'model'] as const) {
    if (send[member] != null)
      yield customIssue({ expected: 'a "response" that it belongs to', got: 'none' }, [member]);
  }
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
  const key = notEmpty(sizedText(limit('keyBytes')));
  const usage = z.object({
    inputTokens: count,
    outputTokens: count,
    cacheReadTokens: count.nullish(),
    cacheWriteTokens: count.nullish(),
    reasoningTokens: count.nullish(),
    costUsd: z.number().min(0, '0 or more').nullish(),
  });
  const statuses = z.array(z.enum(SESSION_STATUSES));
  const payload = json(limit('payloadBytes'), limit('payloadDepth')).optional();
  const toolCalls = z
    .array(z.object({ toolCallId: name, name, arguments: payload }))
    .max(limits.toolCalls, `at most ${limits.toolCalls} tool calls (the limit toolCalls)`);
  const message = z.object({
    role: z.enum(MESSAGE_ROLES),
    content,
    key: notEmpty(name).nullish(),
    kind: name.nullish(),
    reasoning: content.nullish(),
    toolCalls: toolCalls.nullish(),
    name: name.nullish(),
    toolCallId: name.nullish(),
    isError: z.boolean().nullish(),
    model: name.nullish(),
    isCopy: z.boolean().nullish(),
    payload,
    usage: usage.nullish(),
    metadata: metadata.nullish(),
    createdAt: z.date().nullish(),
  });
  const expectedVersion = z
    .int('a whole number up to 2^53 - 1')
    .min(1, '1 or more (versions start at 1)')
    .nullish();
  const operationId = name.min(1, 'at least one character').nullish();
  // Too many messages are not checked one by one: a body can have a hundred thousand.
  const messages = (list: z.ZodArray<typeof message>) =>
    z
      .array(z.unknown())
      .superRefine(({ length }, context) => {
        if (length <= limits.messages) return;
        const fault = atMost(limit('messages'), 'messages', length);
        context.addIssue(customIssue({ ...fault, advice: 'Append them with several mutations' }));
      })
      .pipe(list)
      .superRefine(refuseSameKeys);
  const described = {
    title: title.nullish(),
    agentName: name.nullish(),
    project: shortText(limit('projectLength')).nullish(),
    status: z.enum(SESSION_STATUSES).nullish(),
    statusMessage: shortText(limit('statusMessageLength')).nullish(),
    metadata: metadata.nullish(),
  };
  const spawnedBy = z
    .object({ messageId: messageId.nullish(), toolCallId: name.nullish() })
    .refine(({ messageId: message, toolCallId }) => message != null || toolCallId != null, {
      error: 'a "messageId", a "toolCallId" or both',
    });
  const create = z.object({
    id: sessionId.nullish(),
    key: key.nullish(),
    ifExists: z.enum(['ERROR', 'RETURN']).nullish(),
    userId: name.nullish(),
    ...described,
    messages: messages(z.array(message)).nullish(),
    createdAt: z.date().nullish(),
    lastActiveAt: z.date().nullish(),
    operationId,
  });
  return {
    sessionId,
    message,
    metadata,
    userId: name,
    filter: z.object({
      userId: name.nullish(),
      keyPrefix: sizedText(limit('keyBytes')).nullish(),
      rootsOnly: z.boolean().nullish(),
      parentId: name.nullish(),
      rootId: name.nullish(),
      createdAfter: z.date().nullish(),
      createdBefore: z.date().nullish(),
      activeAfter: z.date().nullish(),
      activeBefore: z.date().nullish(),
      metadata: jsonObject(limit('filterBytes'), limit('metadataDepth')).nullish(),
      archived: z.enum(ARCHIVED_FILTERS).nullish(),
      title: z.string().nullish(),
      project: shortText(limit('projectLength')).nullish(),
      agentName: name.nullish(),
      statuses: statuses.nullish(),
      damaged: z.boolean().nullish(),
    }),
    childFilter: z.object({
      archived: z.enum(ARCHIVED_FILTERS).nullish(),
      statuses: statuses.nullish(),
      agentName: name.nullish(),
    }),
    create: create.superRefine(refuseUnnamed),
    spawn: create.extend({ parentId: sessionId, spawnedBy: spawnedBy.nullish() }).superRefine(refuseUnnamed),
    send: z
      .object({
        sessionId,
        message: content,
        response: content.nullish(),
        usage: usage.nullish(),
        model: name.nullish(),
        expectedVersion,
        operationId,
      })
      .superRefine((send, context) => {
        for (const issue of responseIssues(send)) context.addIssue(issue);
      }),
    append: z.object({
      sessionId,
      messages: messages(z.array(message).min(1, 'at least one message')),
      expectedVersion,
      operationId,
    }),
    update: z.object({
      sessionId,
      key: key.nullish(),
      ...described,
      spawnedBy: spawnedBy.nullish(),
      expectedVersion,
      operationId,
    }),
    delete: z.object({
      sessionId,
      mode: z.enum(DELETE_MODES),
      dryRun: z.boolean(),
      expectedVersion,
      operationId,
    }),
    fork: z.object({
      sessionId,
      throughMessageId: messageId.nullish(),
      id: sessionId.nullish(),
      key: key.nullish(),
      title: title.nullish(),
      asRoot: z.boolean(),
      expectedVersion,
      operationId,
    }),
    move: z
      .object({
        sessionId,
        parentId: sessionId.nullish(),
        asRoot: z.boolean().nullish(),
        expectedVersion,
        operationId,
      })
      .superRefine((move, context) => {
        const issue = destinationIssue(move);
        if (issue) context.addIssue(issue);
      }),
    archive: z.object({ sessionId, subtree: z.boolean(), expectedVersion, operationId }),
    truncate: z.object({
      sessionId,
      keep: count,
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
