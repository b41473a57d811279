import { InvalidInputError } from '../../model/errors.ts';
import { parseMessageId } from '../../model/id.ts';
import { faultMessage } from '../../model/input-fault.ts';
import { type JsonObject, mergePatch, withMembers } from '../../model/json.ts';
import type { Limits } from '../../model/limits.ts';
import type { ForkOrigin, NewSpawnOrigin } from '../../model/session.ts';
import { metadataFault } from '../../model/stored-values.ts';
import type { CreateSession, MetadataChange, UpdateSession } from '../mutations.ts';
import { grouped, latestOf } from './group.ts';
import type { CreateRecord, SessionRecord, stampOf } from './record.ts';
import type { SessionState } from './session-state.ts';
import { storedMessageOf, storedMetadata } from './stored-message.ts';

/** The members that every record of one mutation begins with. */
export type Stamp = ReturnType<typeof stampOf>;

const INPUT = ['input'];

/** The records of a creation. `root` is where the members of the input are in that of the client: the paths of issues begin with it. */
export function createRecords(
  stamp: Stamp,
  store: string,
  input: CreateSession & { readonly id: string },
  root: readonly string[] = INPUT,
): SessionRecord[] {
  const create: CreateRecord = {
    ...stamp,
    version: 1,
    op: 'create',
    store,
    id: input.id,
    parentId: input.parentId ?? undefined,
    userId: input.userId ?? undefined,
    key: input.key ?? undefined,
    title: input.title ?? undefined,
    agentName: input.agentName ?? undefined,
    project: input.project ?? undefined,
    status: input.status ?? undefined,
    statusMessage: input.statusMessage ?? undefined,
    spawnedBy: storedSpawnOrigin(input.parentId, input.spawnedBy, root),
    metadata: storedMetadata(input.metadata),
    createdAt: input.createdAt?.toISOString(),
    lastActiveAt: lastActiveOf(stamp, input),
    forkedFrom: input.forkedFrom ? storedForkOrigin(input.forkedFrom) : undefined,
  };
  const messages = (input.messages ?? []).map((message, n) => ({
    ...stamp,
    version: 1,
    op: 'append' as const,
    ordinal: n,
    position: n,
    messages: [storedMessageOf(message)],
  }));
  return grouped([create, ...messages]);
}

function storedForkOrigin({ sessionId, messageId, historyLength }: ForkOrigin): CreateRecord['forkedFrom'] {
  return { sessionId, messageId: messageId ?? undefined, historyLength };
}

/** Left out if it is the time of the creation. A session whose creation is not given may have been active before it came here. */
function lastActiveOf(
  { at }: Stamp,
  { createdAt, lastActiveAt, messages }: CreateSession,
): string | undefined {
  const created = createdAt ?? new Date(at);
  const active = lastActiveAt ?? latestOf(messages ?? []) ?? created;
  return active.getTime() > created.getTime() || (lastActiveAt && !createdAt)
    ? active.toISOString()
    : undefined;
}

/** Throws an InvalidInputError if the parent `parentId` cannot have spawned the session so. */
function storedSpawnOrigin(
  parentId: string | null | undefined,
  origin: NewSpawnOrigin | null | undefined,
  root: readonly string[] = INPUT,
): CreateRecord['spawnedBy'] {
  if (!origin) return undefined;
  const { messageId, toolCallId } = origin;
  if (parentId == null) {
    const message = 'expected nothing for a root, which no session has spawned, got an origin';
    throw new InvalidInputError([{ path: [...root, 'spawnedBy'], message }]);
  }
  if (messageId != null && parseMessageId(messageId)?.sessionId !== parentId) {
    const message = `expected the id of a message of the parent "${parentId}", got "${messageId}"`;
    throw new InvalidInputError([{ path: [...root, 'spawnedBy', 'messageId'], message }]);
  }
  return { sessionId: parentId, messageId: messageId ?? undefined, toolCallId: toolCallId ?? undefined };
}

/** The limits of metadata, also after an update is merged. */
export type MetadataLimits = Pick<Limits, 'metadataBytes' | 'metadataDepth'>;

/**
 * The metadata of a session in `state` after `change`; undefined if the change has none. Throws an InvalidInputError if the result exceeds
 * its limits.
 */
export function changedMetadata(
  state: Pick<SessionState, 'metadata'>,
  { metadata: patch, setMetadata }: MetadataChange,
  limits: MetadataLimits,
): JsonObject | undefined {
  if (!patch && !setMetadata) return undefined;
  const stored = JSON.parse(state.metadata) as JsonObject;
  const metadata = withMembers(patch ? mergePatch(stored, patch) : stored, setMetadata ?? {});
  const fault = metadataFault(metadata, limits);
  if (!fault) return metadata;
  const message = `after merging, ${faultMessage(fault, metadata)}`;
  throw new InvalidInputError([{ path: ['input', patch ? 'metadata' : 'setMetadata'], message }]);
}

/** Throws an InvalidInputError if the changed metadata exceeds its limits. */
export function updateRecords(
  stamp: Stamp,
  state: SessionState,
  input: UpdateSession,
  limits: MetadataLimits,
): SessionRecord[] {
  const { title, key, agentName, project, status, statusMessage } = input;
  return [
    {
      ...stamp,
      version: state.version + 1,
      op: 'update',
      title,
      key,
      agentName,
      project,
      // Null means that the client sent nothing.
      status: status ?? undefined,
      statusMessage,
      spawnedBy: storedSpawnOrigin(state.parentId, input.spawnedBy),
      metadata: changedMetadata(state, input, limits),
    },
  ];
}
