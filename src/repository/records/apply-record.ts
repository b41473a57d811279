import type { ForkOrigin, SpawnOrigin } from '../../model/session.ts';
import { usageIn, ZERO_USAGE } from '../../model/usage.ts';
import { appliedBy } from './applied-by.ts';
import { namesOf } from './named-messages.ts';
import { paidBy, restatedPaid, takenOverBy, usageAfter } from './paid.ts';
import {
  type AppendRecord,
  type CreateRecord,
  type MessagesRecord,
  type ReplaceRecord,
  type RestateRecord,
  readable,
  type SessionRecord,
  type UpdateRecord,
} from './record.ts';
import {
  type Applied,
  type Effects,
  type LinePlace,
  type MessageLocation,
  NO_PLACE,
  type SessionState,
} from './session-state.ts';

/**
 * The session after one more line. Live writes and rebuilds of the index share this step, so that both give
 * the same answers. Counters are taken from the line rather than incremented: after a damaged line they are
 * right again.
 */
export function applyRecord(
  before: SessionState | null,
  record: SessionRecord,
  place: LinePlace = NO_PLACE,
): Applied {
  const size = place.offset + place.length + 1;
  if (record.op === 'create') return appliedBy(record, created(record, size));
  if (!before) throw new Error(`A session file begins with a "create" record, not with "${record.op}".`);
  const changed = {
    ...before,
    version: record.version,
    lastSeq: record.seq,
    updatedAt: Date.parse(record.at),
    size,
  };
  switch (record.op) {
    case 'append':
      return appended(before, changed, record, place);
    case 'replace':
      return replaced(before, changed, record, place);
    case 'truncate': {
      const { length, messageCount } = record;
      const state = { ...changed, historyLength: length, messageCount };
      return appliedBy(record, state, { truncatedTo: length }, before.historyLength - length);
    }
    case 'update':
      return appliedBy(record, updated(before, changed, record));
    case 'adopt':
      return appliedBy(record, { ...changed, sequence: record.seq, arrival: record.seq });
    case 'restate':
      return restated(changed, record);
    case 'redact':
      return appliedBy(record, changed, {
        redacted: { ordinals: record.ordinals, at: Date.parse(record.at) },
      });
    case 'none':
      return appliedBy(record, { ...changed, updatedAt: before.updatedAt });
  }
}

/** What the records of one mutation do, in their order, and the state after the last. */
export interface Applications {
  readonly effects: readonly Effects[];
  readonly state: SessionState;
}

/**
 * Applies the records of one mutation; `before` is null for a new session. Record `n` is on the line at `places[n]`; a store without
 * lines leaves `places` out. Without records, nothing changes. Throws if a later reader would reject a record.
 */
export function applyRecords(
  before: SessionState | null,
  records: readonly SessionRecord[],
  places?: readonly LinePlace[],
): Applications {
  const effects: Effects[] = [];
  let state = before;
  for (const [n, record] of records.entries()) {
    const applied = applyRecord(state, readable(record), places?.[n]);
    effects.push(applied.effects);
    state = applied.state;
  }
  if (!state) throw new Error('A creation has at least one record.');
  return { effects, state };
}

function created(record: CreateRecord, size: number): SessionState {
  const createdAt = Date.parse(record.createdAt ?? record.at);
  return {
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
    updatedAt: Date.parse(record.at),
    messageCount: 0,
    historyLength: 0,
    nextOrdinal: 0,
    ...ZERO_USAGE,
    forkedFrom: record.forkedFrom ? JSON.stringify(originOf(record.forkedFrom)) : null,
    archivedAt: null,
    version: record.version,
    lastSeq: record.seq,
    updatedSeq: record.seq,
    size,
  };
}

function appended(
  before: SessionState,
  changed: SessionState,
  record: AppendRecord,
  place: LinePlace,
): Applied {
  const messages = locationsOf(record, place);
  const paid = paidBy(record, messages, before.forkedFrom);
  const state: SessionState = {
    ...changed,
    lastActiveAt: activeAfter(before, record),
    messageCount: before.messageCount + messages.filter((message) => message.role === 'USER').length,
    historyLength: record.position + messages.length,
    nextOrdinal: record.ordinal + messages.length,
    ...usageAfter(usageIn(before), paid),
  };
  // Positions go back if the line of a truncation is damaged.
  const truncatedTo = record.position < before.historyLength ? record.position : null;
  return appliedBy(record, state, {
    truncatedTo,
    messages,
    ...namesOf(record),
    paid,
    takenOver: takenOverBy(record),
  });
}

function replaced(
  before: SessionState,
  changed: SessionState,
  record: ReplaceRecord,
  place: LinePlace,
): Applied {
  const messages = locationsOf(record, place);
  const paid = paidBy(record, messages, before.forkedFrom);
  const end = record.position + 1;
  const isLast = record.ordinal + 1 >= before.nextOrdinal;
  const state: SessionState = {
    ...changed,
    lastActiveAt: activeAfter(before, record),
    messageCount: record.messageCount,
    // The line of the earlier form may be damaged, and so may others before and after it.
    historyLength: isLast ? end : Math.max(before.historyLength, end),
    nextOrdinal: Math.max(before.nextOrdinal, record.ordinal + 1),
    ...usageAfter(usageIn(before), paid),
  };
  return appliedBy(record, state, {
    messages,
    isReplacing: true,
    // The key is the same, but the line of the earlier form may be damaged.
    ...namesOf(record),
    paid,
  });
}

function locationsOf(record: MessagesRecord, { offset, length }: LinePlace): MessageLocation[] {
  const at = Date.parse((record.op === 'append' ? record.createdAt : undefined) ?? record.at);
  return record.messages.map((message, n) => ({
    ordinal: record.ordinal + n,
    position: record.position + n,
    role: message.role,
    createdAt: message.createdAt === undefined ? at : Date.parse(message.createdAt),
    offset,
    length,
  }));
}

function updated(before: SessionState, changed: SessionState, record: UpdateRecord): SessionState {
  return {
    ...changed,
    updatedSeq: record.seq,
    key: record.key === undefined ? before.key : record.key,
    title: record.title === undefined ? before.title : record.title,
    agentName: record.agentName === undefined ? before.agentName : record.agentName,
    project: record.project === undefined ? before.project : record.project,
    ...statusAfter(before, record),
    spawnedBy: record.spawnedBy ? JSON.stringify(spawnOriginOf(record.spawnedBy)) : before.spawnedBy,
    metadata: record.metadata === undefined ? before.metadata : JSON.stringify(record.metadata),
  };
}

function restated(changed: SessionState, record: RestateRecord): Applied {
  const { nextOrdinal, lastActiveAt, updatedAt, statusChangedAt, archivedAt, takenOver } = record;
  const paid = record.paid && restatedPaid(record.paid);
  const state: SessionState = {
    ...changed,
    arrival: record.arrival ?? changed.arrival,
    nextOrdinal: Math.max(changed.nextOrdinal, nextOrdinal),
    lastActiveAt: lastActiveAt === undefined ? changed.lastActiveAt : Date.parse(lastActiveAt),
    updatedAt: updatedAt === undefined ? changed.updatedAt : Date.parse(updatedAt),
    statusChangedAt: statusChangedAt === undefined ? changed.statusChangedAt : Date.parse(statusChangedAt),
    archivedAt: archivedAt === undefined ? null : Date.parse(archivedAt),
    ...(paid && usageAfter(ZERO_USAGE, paid)),
  };
  return appliedBy(record, state, {
    ...(paid && { paid, isPaidAnew: true }),
    ...(takenOver && { takenOver }),
  });
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

/**
 * Never goes back, even if the session was created with times in the future. A creation's own messages leave
 * it unchanged.
 */
function activeAfter(
  { createdAt, lastActiveAt }: SessionState,
  { version, at, activeAt = at }: MessagesRecord,
): number {
  return version === 1 ? lastActiveAt : Math.max(createdAt, lastActiveAt, Date.parse(activeAt));
}
