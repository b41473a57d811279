import type { Dump, DumpedMessage, DumpedPart, DumpedSession } from '../../../../src/repository/dump.ts';

const AT = new Date('2026-01-02T03:04:05.006Z');

export interface SyntheticStore {
  /** The sessions, in the order of a dump: each with the position of its parent in the list. */
  readonly parents: readonly (number | null)[];
  /** Of the session at a position. */
  readonly messages: (n: number) => number;
  /** Of each message. */
  readonly content?: (n: number, ordinal: number) => string;
}

/** The id of the session at a position. */
export const idAt = (n: number) => `s${n}`;

/** A dump of a store that never was: for sizes that take long to make by mutations. */
export function syntheticDump(store: SyntheticStore): Dump {
  return { storeId: 'synthetic', parts: partsOf(store) };
}

async function* partsOf({ parents, messages, content }: SyntheticStore): AsyncGenerator<DumpedPart> {
  for (const [n, parent] of parents.entries()) {
    const count = messages(n);
    const session: DumpedSession = {
      id: idAt(n),
      sequence: n + 1,
      arrival: n + 1,
      parentId: parent === null ? null : idAt(parent),
      userId: 'ann',
      key: null,
      title: `Session ${n}`,
      agentName: null,
      project: null,
      status: 'IDLE',
      statusMessage: null,
      statusChangedAt: AT,
      spawnedBy: null,
      metadata: {},
      createdAt: AT,
      lastActiveAt: new Date(AT.getTime() + n),
      updatedAt: AT,
      archivedAt: null,
      forkedFrom: null,
      version: 1 + count,
      historyLength: count,
      droppedCount: 0,
      nextOrdinal: count,
      paid: null,
      messages: () => messagesOf(n, count, content),
    };
    yield { type: 'session', session };
  }
}

async function* messagesOf(
  n: number,
  count: number,
  content: SyntheticStore['content'],
): AsyncGenerator<DumpedMessage> {
  for (let ordinal = 0; ordinal < count; ordinal += 1)
    yield {
      ordinal,
      position: ordinal,
      role: ordinal % 2 === 0 ? 'USER' : 'ASSISTANT',
      content: content?.(n, ordinal) ?? `message ${ordinal} of session ${n}`,
      createdAt: AT,
      replacedAt: null,
      redactedAt: null,
      isDropped: false,
      isTakenOver: false,
    };
}
