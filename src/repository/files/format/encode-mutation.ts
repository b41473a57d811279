import { InvalidInputError } from '../../../model/errors.ts';
import { faultMessage } from '../../../model/input-fault.ts';
import { type JsonObject, mergePatch } from '../../../model/json.ts';
import type { Limits } from '../../../model/limits.ts';
import type { NewMessage } from '../../../model/message.ts';
import { metadataFault } from '../../../model/stored-values.ts';
import type { CreateSession, UpdateSession } from '../../repository.ts';
import { encodeLine } from './line.ts';
import {
  type AppendRecord,
  type CreateRecord,
  readable,
  type SessionRecord,
  type stampOf,
  storedMessageOf,
  storedMetadata,
} from './record.ts';
import { applyRecord, type Effects, type SessionState } from './session-state.ts';

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
    title: input.title ?? undefined,
    metadata: storedMetadata(input.metadata),
    createdAt: input.createdAt?.toISOString(),
    lastActiveAt: input.lastActiveAt?.toISOString(),
  };
  const { operation: _, ...plainStamp } = stamp;
  return grouped([create, ...messageRecords({ ...plainStamp, version: 1 }, input.messages ?? [], 0, 0)]);
}

export function appendRecords(
  stamp: Stamp,
  state: SessionState,
  messages: readonly NewMessage[],
): SessionRecord[] {
  const head = { ...stamp, version: state.version + 1 };
  // An exchange is one line, which makes it atomic. More messages get a line each, so that a page reads only
  // its own messages.
  if (messages.length <= 2) {
    const { nextOrdinal: ordinal, historyLength: position } = state;
    return [{ ...head, op: 'append', ordinal, position, messages: messages.map(storedMessageOf) }];
  }
  return grouped(messageRecords(head, messages, state.nextOrdinal, state.historyLength));
}

function messageRecords(
  head: Pick<AppendRecord, 'seq' | 'at' | 'version' | 'operation'>,
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
  return [{ ...stamp, version: state.version + 1, op: 'update', title: input.title, metadata }];
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
