import type { MessageRole } from '../../model/message.ts';
import type { Operation } from '../../model/operation.ts';
import type { SessionRecord } from './record.ts';

/** What a session's own file says of it, after its latest line. Times are milliseconds since 1970. */
export interface SessionState {
  readonly id: string;
  readonly sequence: number;
  readonly arrival: number;
  readonly parentId: string | null;
  readonly userId: string | null;
  readonly title: string | null;
  /** As JSON: most reads hand it on or leave it, few look inside. */
  readonly metadata: string;
  readonly createdAt: number;
  readonly lastActiveAt: number;
  readonly messageCount: number;
  readonly historyLength: number;
  readonly nextOrdinal: number;
  readonly version: number;
  /** Sequence number of its latest mutation. */
  readonly lastSeq: number;
  /** Bytes of the file that are acknowledged: where the next line goes. */
  readonly size: number;
}

/** Where one message's line lies. */
export interface MessageLocation {
  readonly ordinal: number;
  readonly position: number;
  readonly role: MessageRole;
  readonly offset: number;
  /** Of the whole line, its newline left out. */
  readonly length: number;
  /** This message's share of the line. */
  readonly bytes: number;
}

/** An operation, and what it takes to answer a retry. */
export interface AppliedOperation extends Operation {
  readonly sessionId: string;
  readonly seq: number;
  readonly at: number;
  readonly ordinal: number | null;
  readonly position: number | null;
}

export interface Applied {
  readonly state: SessionState;
  readonly messages: readonly MessageLocation[];
  readonly operation: AppliedOperation | null;
}

export interface LinePlace {
  readonly offset: number;
  readonly length: number;
}

/**
 * The session after one more line. The same step serves a live write and a rebuild of the index, so that both give the
 * same answers. Counters are taken from the line, not counted up: after a damaged line they are right again.
 */
export function applyRecord(before: SessionState | null, record: SessionRecord, place: LinePlace): Applied {
  const size = place.offset + place.length + 1;
  if (record.op === 'create') {
    const createdAt = record.createdAt ?? record.at;
    const state: SessionState = {
      id: record.id,
      sequence: record.seq,
      arrival: record.seq,
      parentId: record.parentId ?? null,
      userId: record.userId ?? null,
      title: record.title ?? null,
      metadata: JSON.stringify(record.metadata ?? {}),
      createdAt,
      lastActiveAt: record.lastActiveAt ?? createdAt,
      messageCount: 0,
      historyLength: 0,
      nextOrdinal: 0,
      version: record.version,
      lastSeq: record.seq,
      size,
    };
    return { state, messages: [], operation: operationOfRecord(state.id, record) };
  }
  if (!before) throw new Error(`A session file begins with a "create" record, not with "${record.op}".`);
  if (record.op === 'adopt') {
    const { seq, version } = record;
    return {
      state: { ...before, sequence: seq, arrival: seq, version, lastSeq: seq, size },
      messages: [],
      operation: null,
    };
  }
  if (record.op === 'update') {
    const state: SessionState = {
      ...before,
      title: record.title === undefined ? before.title : record.title,
      metadata: record.metadata === undefined ? before.metadata : JSON.stringify(record.metadata),
      version: record.version,
      lastSeq: record.seq,
      size,
    };
    return { state, messages: [], operation: operationOfRecord(state.id, record) };
  }
  const messages = record.messages.map((message, n) => ({
    ordinal: record.ordinal + n,
    position: record.position + n,
    role: message.role,
    offset: place.offset,
    length: place.length,
    bytes: Math.ceil(place.length / record.messages.length),
  }));
  const state: SessionState = {
    ...before,
    // The lines of a creation's own messages leave its time as it is.
    lastActiveAt: record.version === 1 ? before.lastActiveAt : record.at,
    messageCount: before.messageCount + messages.filter((message) => message.role === 'USER').length,
    historyLength: record.position + messages.length,
    nextOrdinal: record.ordinal + messages.length,
    version: record.version,
    lastSeq: record.seq,
    size,
  };
  return { state, messages, operation: operationOfRecord(state.id, record) };
}

function operationOfRecord(sessionId: string, record: SessionRecord): AppliedOperation | null {
  // A group of lines is one operation: its first line names it.
  if (!record.operation || (record.part ?? 1) > 1) return null;
  const ordinal = record.op === 'append' ? record.ordinal : null;
  const position = record.op === 'append' ? record.position : null;
  return { ...record.operation, sessionId, seq: record.seq, at: record.at, ordinal, position };
}
