import { z } from 'zod';
import { InvalidInputError } from './errors.ts';
import {
  customIssue,
  type DescribeValue,
  describeValue,
  expectedBy,
  issueMessage,
  valueAt,
} from './input-fault.ts';
import {
  destinationIssue,
  refuseSameKeys,
  refuseSetTwice,
  refuseTwoContents,
  refuseUnclearWrite,
  refuseUnnamed,
  responseIssues,
} from './input-members.ts';
import {
  count,
  json,
  jsonObject,
  messageId,
  notEmpty,
  sessionId,
  shortText,
  sizedText,
} from './input-values.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { KEY_CONFLICTS, MESSAGE_ROLES } from './message.ts';
import { ARCHIVED_FILTERS, DELETE_MODES, SESSION_STATUSES } from './session.ts';
import { atMost, bound } from './stored-values.ts';

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
  const draftText = sizedText(limit('draftBytes'));
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
  const onKey = z.enum(KEY_CONFLICTS).nullish();
  const createIfMissing = z.object({
    parentId: sessionId.nullish(),
    parentKey: key.nullish(),
    title: title.nullish(),
    agentName: name.nullish(),
    project: described.project,
    metadata: metadata.nullish(),
    spawnedBy: spawnedBy.nullish(),
    forkedFrom: z.object({ sessionId, messageId: messageId.nullish() }).nullish(),
    createdAt: z.date().nullish(),
    lastActiveAt: z.date().nullish(),
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
    spawn: create
      .extend({ parentId: sessionId, spawnedBy: spawnedBy.nullish(), tokenExpiresAt: z.date().nullish() })
      .superRefine(refuseUnnamed),
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
      onKey,
      expectedVersion,
      operationId,
    }),
    write: z
      .object({
        sessionId: sessionId.nullish(),
        key: key.nullish(),
        ownerId: name.nullish(),
        create: createIfMissing.nullish(),
        keep: count.nullish(),
        keepThroughKey: notEmpty(name).nullish(),
        dropLast: count.nullish(),
        messages: messages(z.array(message)).nullish(),
        onKey,
        title: title.nullish(),
        status: described.status,
        statusMessage: described.statusMessage,
        metadata: metadata.nullish(),
        setMetadata: metadata.nullish(),
        expectedVersion: count.nullish(),
        operationId,
      })
      .superRefine(refuseUnclearWrite)
      .superRefine(refuseSetTwice),
    stream: z
      .object({
        sessionId,
        key: notEmpty(name),
        role: z.enum(MESSAGE_ROLES).nullish(),
        sequence: z.int32().nullish(),
        content: draftText.nullish(),
        delta: draftText.nullish(),
        reasoningDelta: draftText.nullish(),
        chunks: z.array(json(limit('draftBytes'), limit('payloadDepth'))).nullish(),
        isDone: z.boolean().nullish(),
      })
      .superRefine(refuseTwoContents),
    update: z
      .object({
        sessionId,
        key: key.nullish(),
        ...described,
        setMetadata: metadata.nullish(),
        spawnedBy: spawnedBy.nullish(),
        expectedVersion,
        operationId,
      })
      .superRefine(refuseSetTwice),
    delete: z.object({
      sessionId,
      mode: z.enum(DELETE_MODES),
      dryRun: z.boolean(),
      purge: z.boolean().nullish(),
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
      createdAt: z.date().nullish(),
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
    archive: z.object({
      sessionId,
      subtree: z.boolean(),
      archivedAt: z.date().nullish(),
      expectedVersion,
      operationId,
    }),
    truncate: z.object({
      sessionId,
      keep: count,
      dryRun: z.boolean(),
      purge: z.boolean().nullish(),
      expectedVersion,
      operationId,
    }),
    redact: z.object({
      messageIds: z
        .array(messageId)
        .min(1, 'at least one message')
        .max(limits.nodeIds, `at most ${limits.nodeIds} messages (the limit nodeIds)`),
      copies: z.boolean(),
      reason: shortText(limit('statusMessageLength')),
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
