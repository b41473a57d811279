import type { MessageRole } from '../../../model/message.ts';
import type { Operation } from '../../../model/operation.ts';
import type { ForkOrigin, SessionStatus, SpawnOrigin } from '../../../model/session.ts';
import { plusUsage, type UsageSum, usageIn } from '../../../model/usage.ts';
import type { AppendRecord, CreateRecord, SessionRecord, UpdateRecord } from './record.ts';

/**
 * A session after its latest line. `applyRecord` derives the state from the session's own file; `placed` then applies
 * the moves and archivals of the store's log. Times are milliseconds since 1970.
 */
export interface SessionState {
  readonly id: string;
  readonly sequence: number;
  readonly arrival: number;
  readonly parentId: string | null;
  readonly userId: string | null;
  readonly key: string | null;
  readonly title: string | null;
  readonly agentName: string | null;
  readonly project: string | null;
  readonly status: SessionStatus;
  readonly statusMessage: string | null;
  readonly statusChangedAt: number;
  /** A `SpawnOrigin` as JSON. */
  readonly spawnedBy: string | null;
  /** As JSON: most reads pass metadata on or ignore it; few parse it. */
  readonly metadata: string;
  readonly createdAt: number;
  readonly lastActiveAt: number;
  readonly updatedAt: number;
  readonly messageCount: number;
  readonly historyLength: number;
  readonly nextOrdinal: number;
  /** Of all messages that were ever appended, without those that a fork copied. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
  readonly reasoningTokens: number;
  /** Decimal and exact; null if no message has a cost. */
  readonly costUsd: string | null;
  /** A `ForkOrigin` as JSON. */
  readonly forkedFrom: string | null;
  readonly archivedAt: number | null;
  readonly version: number;
  /** Sequence number of the session's latest mutation. */
  readonly lastSeq: number;
  /** Acknowledged bytes of the file: the offset of the next line. */
  readonly size: number;
}

/** Where one message's line lies, and what the index knows of the message. */
export interface MessageLocation {
  readonly ordinal: number;
  readonly position: number;
  readonly role: MessageRole;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly offset: number;
  /** Bytes of the whole line, without its newline. */
  readonly length: number;
}

/** The key of a message, for the messages that have one. */
export interface KeyedMessage {
  readonly ordinal: number;
  readonly key: string;
}

/**
 * An operation, and what is needed to answer a retry. Of an append, `ordinal` and `position` are those of its first message; of a
 * truncation, `ordinal` is the number of messages that it dropped, and `position` the number of those that stayed.
 */
export interface AppliedOperation extends Omit<Operation, 'earlierFingerprints'> {
  readonly sessionId: string;
  readonly seq: number;
  readonly at: number;
  readonly ordinal: number | null;
  readonly position: number | null;
}

/** The effects of a line beside the new state of the session. */
export interface Effects {
  /** The session's own sequence number, from this line on. */
  readonly sequence: number;
  /** Sequence number of the line's mutation. */
  readonly seq: number;
  /** Messages from this position on leave the history, before `messages` are added. */
  readonly truncatedTo: number | null;
  readonly messages: readonly MessageLocation[];
  /** Those of `messages` that have keys. */
  readonly keys: readonly KeyedMessage[];
  readonly operation: AppliedOperation | null;
}

export interface Applied {
  readonly state: SessionState;
  readonly effects: Effects;
}

export interface LinePlace {
  readonly offset: number;
  readonly length: number;
}

/**
 * The session after one more line. Live writes and rebuilds of the index share this step, so that both give
 * the same answers. Counters are taken from the line rather than incremented: after a damaged line they are
 * right again.
 */
export function applyRecord(before: SessionState | null, record: SessionRecord, place: LinePlace): Applied {
  const size = place.offset + place.length + 1;
  const updatedAt = Date.parse(record.at);
  if (record.op === 'create') {
    const createdAt = Date.parse(record.createdAt ?? record.at);
    const state: SessionState = {
      id: record.id,
      sequence: record.seq,
      arrival: record.seq,
      parentId: record.parentId ?? null,
      userId: record.userId ?? null,
      key: record.key ?? null,
      title: record.title ?? null,
      agentName: record.agentName ?? null,
      project: record.project ?? null,
      status: record.status ?? 'IDLE',
      statusMessage: record.statusMessage ?? null,
      statusChangedAt: createdAt,
      spawnedBy: record.spawnedBy ? JSON.stringify(spawnOriginOf(record.spawnedBy)) : null,
      metadata: JSON.stringify(record.metadata ?? {}),
      createdAt,
      lastActiveAt: record.lastActiveAt === undefined ? createdAt : Date.parse(record.lastActiveAt),
      updatedAt,
      messageCount: 0,
      historyLength: 0,
      nextOrdinal: 0,
      inputTokens: 0,
      outputTokens: 0,
      cacheReadTokens: 0,
      cacheWriteTokens: 0,
      reasoningTokens: 0,
      costUsd: null,
      forkedFrom: record.forkedFrom ? JSON.stringify(originOf(record.forkedFrom)) : null,
      archivedAt: null,
      version: record.version,
      lastSeq: record.seq,
      size,
    };
    return appliedBy(record, state);
  }
  if (!before) throw new Error(`A session file begins with a "create" record, not with "${record.op}".`);
  if (record.op === 'adopt') {
    const { seq, version } = record;
    const state = { ...before, sequence: seq, arrival: seq, version, lastSeq: seq, updatedAt, size };
    return appliedBy(record, state);
  }
  if (record.op === 'update') {
    const state: SessionState = {
      ...before,
      key: record.key === undefined ? before.key : record.key,
      title: record.title === undefined ? before.title : record.title,
      agentName: record.agentName === undefined ? before.agentName : record.agentName,
      project: record.project === undefined ? before.project : record.project,
      ...statusAfter(before, record),
      spawnedBy: record.spawnedBy ? JSON.stringify(spawnOriginOf(record.spawnedBy)) : before.spawnedBy,
      metadata: record.metadata === undefined ? before.metadata : JSON.stringify(record.metadata),
      version: record.version,
      lastSeq: record.seq,
      updatedAt,
      size,
    };
    return appliedBy(record, state);
  }
  if (record.op === 'truncate') {
    const { length, messageCount, version, seq } = record;
    const state = { ...before, historyLength: length, messageCount, version, lastSeq: seq, updatedAt, size };
    return appliedBy(record, state, [], length, before.historyLength - length);
  }
  const at = record.createdAt === undefined ? updatedAt : Date.parse(record.createdAt);
  const messages = record.messages.map((message, n) => ({
    ordinal: record.ordinal + n,
    position: record.position + n,
    role: message.role,
    createdAt: message.createdAt === undefined ? at : Date.parse(message.createdAt),
    offset: place.offset,
    length: place.length,
  }));
  const state: SessionState = {
    ...before,
    lastActiveAt: activeAfter(before, record),
    messageCount: before.messageCount + messages.filter((message) => message.role === 'USER').length,
    historyLength: record.position + messages.length,
    nextOrdinal: record.ordinal + messages.length,
    ...usageAfter(before, record),
    version: record.version,
    lastSeq: record.seq,
    updatedAt,
    size,
  };
  // Positions go back if the line of a truncation is damaged.
  const truncatedTo = record.position < before.historyLength ? record.position : null;
  return appliedBy(record, state, messages, truncatedTo, 0, keysOf(record));
}

function originOf({
  sessionId,
  messageId,
  historyLength,
}: NonNullable<CreateRecord['forkedFrom']>): ForkOrigin {
  return { sessionId, messageId: messageId ?? null, historyLength };
}

function spawnOriginOf({
  sessionId,
  messageId,
  toolCallId,
}: NonNullable<CreateRecord['spawnedBy']>): SpawnOrigin {
  return { sessionId, messageId: messageId ?? null, toolCallId: toolCallId ?? null };
}

type Status = Pick<SessionState, 'status' | 'statusMessage' | 'statusChangedAt'>;

function statusAfter(before: SessionState, { at, status, statusMessage }: UpdateRecord): Status {
  const isChanged = status !== undefined && status !== before.status;
  const message = status === undefined ? before.statusMessage : null;
  return {
    status: status ?? before.status,
    statusMessage: statusMessage === undefined ? message : statusMessage,
    statusChangedAt: isChanged ? Date.parse(at) : before.statusChangedAt,
  };
}

function appliedBy(
  record: SessionRecord,
  state: SessionState,
  messages: readonly MessageLocation[] = [],
  truncatedTo: number | null = null,
  dropped = 0,
  keys: readonly KeyedMessage[] = NO_KEYS,
): Applied {
  const { sequence } = state;
  const operation = operationOfRecord(state.id, record, dropped);
  return { state, effects: { sequence, seq: record.seq, truncatedTo, messages, keys, operation } };
}

/** Shared: most lines have no keys. */
const NO_KEYS: readonly KeyedMessage[] = Object.freeze([]);

/** The keys of a line's messages, of which the first has the ordinal `ordinal`. */
export function keysOf({
  ordinal,
  messages,
}: Pick<AppendRecord, 'ordinal' | 'messages'>): readonly KeyedMessage[] {
  let keys: KeyedMessage[] | null = null;
  for (let n = 0; n < messages.length; n += 1) {
    const { key } = messages[n]!;
    if (key === undefined) continue;
    keys ??= [];
    keys.push({ ordinal: ordinal + n, key });
  }
  return keys ?? NO_KEYS;
}

/**
 * Never goes back, even if the session was created with times in the future. A creation's own messages leave
 * it unchanged.
 */
function activeAfter(
  { createdAt, lastActiveAt }: SessionState,
  { version, at, activeAt = at }: AppendRecord,
): number {
  return version === 1 ? lastActiveAt : Math.max(createdAt, lastActiveAt, Date.parse(activeAt));
}

function usageAfter(before: SessionState, record: AppendRecord): UsageSum {
  let sum: UsageSum = usageIn(before);
  const isCopied = record.version === 1 && before.forkedFrom !== null;
  for (const { usage, isCopy } of isCopied ? [] : record.messages) {
    if (usage && !isCopy)
      sum = plusUsage(sum, { ...usage, costUsd: usage.costUsd === undefined ? null : String(usage.costUsd) });
  }
  return sum;
}

function operationOfRecord(
  sessionId: string,
  record: SessionRecord,
  dropped: number,
): AppliedOperation | null {
  // A group of lines is one operation: its first line names it.
  if (!record.operation || (record.part ?? 1) > 1) return null;
  const { id, fingerprint } = record.operation;
  const applied = { id, fingerprint, sessionId, seq: record.seq, at: Date.parse(record.at) };
  // A damaged line before the rollback may have left the history shorter than what stays of it.
  if (record.op === 'truncate') return { ...applied, ordinal: Math.max(0, dropped), position: record.length };
  if (record.op === 'append') return { ...applied, ordinal: record.ordinal, position: record.position };
  return { ...applied, ordinal: null, position: null };
}
