import type { SessionState } from '../../../../src/repository/files/format/session-state.ts';

/** A new session with this sequence number. */
export function session(sequence: number, parentId: string | null = null): SessionState {
  return {
    id: `s${sequence}`,
    sequence,
    arrival: sequence,
    parentId,
    userId: null,
    title: null,
    metadata: '{}',
    createdAt: 0,
    lastActiveAt: 0,
    messageCount: 0,
    historyLength: 0,
    nextOrdinal: 0,
    inputTokens: 0,
    outputTokens: 0,
    costUsd: null,
    forkedFrom: null,
    archivedAt: null,
    version: 1,
    lastSeq: sequence,
    size: 100,
  };
}
