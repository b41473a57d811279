import { messageId } from '../../model/id.ts';
import type { Message } from '../../model/message.ts';
import type { DailyUsage } from '../../model/usage-report.ts';
import type { CopyDetails } from '../../repository/reads.ts';
import type { WholeSession } from '../../repository/whole-sessions.ts';

/** A session's own members, without its history. Members that are null are left out, except those of the first versions of the format. */
export function sessionMembers(session: WholeSession, details: CopyDetails | null) {
  const { id, parentId, rootId, depth, userId, key, title, metadata, createdAt, lastActiveAt } = session;
  const { agentName, project, status, statusMessage, statusChangedAt, spawnedBy, updatedAt, usage } = session;
  const { messageCount, historyLength, version, archivedAt, forkedFrom } = session;
  return {
    id,
    parentId,
    rootId,
    depth,
    userId,
    key: key ?? undefined,
    title,
    agentName: agentName ?? undefined,
    project: project ?? undefined,
    status,
    statusMessage: statusMessage ?? undefined,
    statusChangedAt,
    spawnedBy: spawnedBy ?? undefined,
    metadata,
    createdAt,
    lastActiveAt,
    updatedAt,
    messageCount,
    historyLength,
    usage,
    version,
    archivedAt: archivedAt ?? undefined,
    forkedFrom: forkedFrom ?? undefined,
    nextOrdinal: details?.nextOrdinal,
    paid: details?.paid.map(paidMembers),
  };
}

function paidMembers({ day, model, responseCount, usage }: DailyUsage) {
  const { costUsd, ...counts } = usage;
  // A decimal text, which is exact.
  return { day, model: model ?? undefined, responseCount, ...counts, costUsd: costUsd ?? undefined };
}

/** Members that are null or empty are left out. */
export function messageMembers(message: Message) {
  const { key, position, role, content, name, toolCallId, payload, usage, metadata, createdAt } = message;
  const { kind, reasoning, toolCalls, isError, model, isCopy, replacedAt, redactedAt } = message;
  return {
    id: messageId(message),
    key: key ?? undefined,
    position,
    role,
    content,
    kind: kind ?? undefined,
    reasoning: reasoning ?? undefined,
    toolCalls: toolCalls.length > 0 ? toolCalls : undefined,
    name: name ?? undefined,
    toolCallId: toolCallId ?? undefined,
    isError: isError || undefined,
    model: model ?? undefined,
    isCopy: isCopy || undefined,
    payload: payload ?? undefined,
    usage: usage ?? undefined,
    metadata: Object.keys(metadata).length > 0 ? metadata : undefined,
    createdAt,
    replacedAt: replacedAt ?? undefined,
    redactedAt: redactedAt ?? undefined,
  };
}
