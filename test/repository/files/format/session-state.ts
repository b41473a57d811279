import type { SessionState } from '../../../../src/repository/files/format/session-state.ts';

/** A new session with this sequence number. */
export function session(sequence: number, parentId: string | null = null): SessionState {
  return {
    id: `s${sequence}`,
    sequence,
    arrival: sequence,
    parentId,
    userId: null,
    key: null,
    title: null,
    agentName: null,
    project: null,
    status: 'IDLE',
    statusMessage: null,
    statusChangedAt: 0,
    spawnedBy: null,
    metadata: '{}',
    createdAt: 0,
    lastActiveAt: 0,
    updatedAt: 0,
    messageCount: 0,
    historyLength: 0,
    nextOrdinal: 0,
    inputTokens: 0,
    outputTokens: 0,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    costUsd: null,
    pricedCount: 0,
    forkedFrom: null,
    archivedAt: null,
    version: 1,
    lastSeq: sequence,
    size: 100,
  };
}
