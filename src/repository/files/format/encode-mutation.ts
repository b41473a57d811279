import { InvalidInputError } from '../../../model/errors.ts';
import { parseMessageId } from '../../../model/id.ts';
import { faultMessage } from '../../../model/input-fault.ts';
import { type JsonObject, mergePatch } from '../../../model/json.ts';
import type { Limits } from '../../../model/limits.ts';
import type { NewMessage } from '../../../model/message.ts';
import type { NewSpawnOrigin } from '../../../model/session.ts';
import { metadataFault } from '../../../model/stored-values.ts';
import type { CreateSession, UpdateSession } from '../../mutations.ts';
import { encodeLine } from './line.ts';
import {
  type AppendRecord,
  type CreateRecord,
  readable,
  type SessionRecord,
  type stampOf,
} from './record.ts';
import { applyRecord, type Effects, type SessionState } from './session-state.ts';
import { storedMessageOf, storedMetadata } from './stored-message.ts';

/** The members that every record of one mutation begins with. */
export type Stamp = ReturnType<typeof stampOf>;

/** The bytes of a mutation, and its effects on the index. */
export interface Written {
  readonly bytes: Buffer;
  readonly effects: readonly Effects[];
  readonly state: SessionState;
}

export function createRecords(
  stamp: Stamp,
  store: string,
  input: CreateSession & { readonly id: string },
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
    spawnedBy: storedSpawnOrigin(input.parentId, input.spawnedBy),
    metadata: storedMetadata(input.metadata),
    createdAt: input.createdAt?.toISOString(),
    lastActiveAt: lastActiveOf(stamp, input),
  };
  const { operation: _, ...plainStamp } = stamp;
  return grouped([create, ...messageRecords({ ...plainStamp, version: 1 }, input.messages ?? [], 0, 0)]);
}

/** Left out if it is the time of the creation. */
function lastActiveOf(
  { at }: Stamp,
  { createdAt, lastActiveAt, messages }: CreateSession,
): string | undefined {
  const created = createdAt ?? new Date(at);
  const active = lastActiveAt ?? latestOf(messages ?? []) ?? created;
  return active.getTime() > created.getTime() || lastActiveAt ? active.toISOString() : undefined;
}

/** The time of the latest of `messages`; null if one of them brings none. */
function latestOf(messages: readonly NewMessage[]): Date | null {
  let latest: Date | null = null;
  for (const { createdAt } of messages) {
    if (!createdAt) return null;
    if (!latest || createdAt > latest) latest = createdAt;
  }
  return latest;
}

/** Throws an InvalidInputError if the parent `parentId` cannot have spawned the session so. */
function storedSpawnOrigin(
  parentId: string | null | undefined,
  origin: NewSpawnOrigin | null | undefined,
): CreateRecord['spawnedBy'] {
  if (!origin) return undefined;
  const { messageId, toolCallId } = origin;
  if (parentId == null) {
    const message = 'expected nothing for a root, which no session has spawned, got an origin';
    throw new InvalidInputError([{ path: ['input', 'spawnedBy'], message }]);
  }
  if (messageId != null && parseMessageId(messageId)?.sessionId !== parentId) {
    const message = `expected the id of a message of the parent "${parentId}", got "${messageId}"`;
    throw new InvalidInputError([{ path: ['input', 'spawnedBy', 'messageId'], message }]);
  }
  return { sessionId: parentId, messageId: messageId ?? undefined, toolCallId: toolCallId ?? undefined };
}

export function appendRecords(
  stamp: Stamp,
  state: SessionState,
  messages: readonly NewMessage[],
): SessionRecord[] {
  const head = { ...stamp, version: state.version + 1, activeAt: latestOf(messages)?.toISOString() };
  // An exchange is one line, which makes it atomic. More messages get a line each, so that a page reads only
  // its own messages.
  if (messages.length <= 2) {
    const { nextOrdinal: ordinal, historyLength: position } = state;
    return [{ ...head, op: 'append', ordinal, position, messages: messages.map(storedMessageOf) }];
  }
  return grouped(messageRecords(head, messages, state.nextOrdinal, state.historyLength));
}

function messageRecords(
  head: Pick<AppendRecord, 'seq' | 'at' | 'version' | 'operation' | 'activeAt'>,
  messages: readonly NewMessage[],
  ordinal: number,
  position: number,
): SessionRecord[] {
  return messages.map((message, n) => ({
    ...head,
    op: 'append',
    ordinal: ordinal + n,
    position: position + n,
    messages: [storedMessageOf(message)],
  }));
}

/** Numbers the records of a mutation that takes several lines. */
function grouped(records: SessionRecord[]): SessionRecord[] {
  const parts = records.length;
  return parts === 1 ? records : records.map((record, n) => ({ ...record, part: n + 1, parts }));
}

/** Throws an InvalidInputError if the merged metadata exceeds its limits. */
export function updateRecords(
  stamp: Stamp,
  state: SessionState,
  input: UpdateSession,
  limits: Pick<Limits, 'metadataBytes' | 'metadataDepth'>,
): SessionRecord[] {
  const metadata = input.metadata
    ? mergePatch(JSON.parse(state.metadata) as JsonObject, input.metadata)
    : undefined;
  const fault = metadata && metadataFault(metadata, limits);
  if (fault) {
    const message = `after merging, ${faultMessage(fault, metadata)}`;
    throw new InvalidInputError([{ path: ['input', 'metadata'], message }]);
  }
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
      metadata,
    },
  ];
}

/** Keeps the first `length` messages, of which `messageCount` are a user's. */
export function truncateRecords(
  stamp: Stamp,
  state: SessionState,
  length: number,
  messageCount: number,
): SessionRecord[] {
  return [{ ...stamp, version: state.version + 1, op: 'truncate', length, messageCount }];
}

/** Encodes the lines of one mutation, to be written at `offset`; `before` is null for a new session. */
export function writtenAt(
  offset: number,
  records: readonly SessionRecord[],
  before: SessionState | null,
): Written {
  const lines: Buffer[] = [];
  const effects: Effects[] = [];
  let state = before;
  let end = offset;
  for (const record of records) {
    const line = encodeLine(record);
    const applied = applyRecord(state, readable(record), { offset: end, length: line.length - 1 });
    lines.push(line);
    effects.push(applied.effects);
    state = applied.state;
    end += line.length;
  }
  if (!state) throw new Error('A mutation has at least one record.');
  return { bytes: lines.length === 1 ? lines[0]! : Buffer.concat(lines), effects, state };
}
