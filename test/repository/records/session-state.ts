import { applyRecord } from '../../../src/repository/records/apply-record.ts';
import type { CreateRecord } from '../../../src/repository/records/record.ts';
import type { SessionState } from '../../../src/repository/records/session-state.ts';

/** A new session with this sequence number, created in 1970. */
export function session(sequence: number, parentId: string | null = null): SessionState {
  const record: CreateRecord = {
    seq: sequence,
    at: '1970-01-01T00:00:00.000Z',
    version: 1,
    op: 'create',
    store: 'store',
    id: `s${sequence}`,
    parentId: parentId ?? undefined,
  };
  return applyRecord(null, record, { offset: 0, length: 99 }).state;
}
