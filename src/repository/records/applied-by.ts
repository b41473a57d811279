import { NO_NAMES } from './named-messages.ts';
import { NONE_TAKEN_OVER, NOTHING_PAID } from './paid.ts';
import type { SessionRecord } from './record.ts';
import type { Applied, AppliedOperation, Effects, MessageLocation, SessionState } from './session-state.ts';

const NO_MESSAGES: readonly MessageLocation[] = Object.freeze([]);

/**
 * What a record does, and the state after it: the effects that are left out are those of a record that changes nothing else. `dropped` is the
 * number of messages that a truncation takes from the history.
 */
export function appliedBy(
  record: SessionRecord,
  state: SessionState,
  {
    truncatedTo = null,
    messages = NO_MESSAGES,
    isReplacing = false,
    keys = NO_NAMES.keys,
    toolResults = NO_NAMES.toolResults,
    paid = NOTHING_PAID,
    isPaidAnew = false,
    takenOver = NONE_TAKEN_OVER,
    redacted = null,
  }: Partial<Omit<Effects, 'sequence' | 'seq' | 'operation'>> = {},
  dropped = 0,
): Applied {
  const { sequence } = state;
  const operation = operationOfRecord(state.id, record, dropped);
  const changed = {
    truncatedTo,
    messages,
    isReplacing,
    keys,
    toolResults,
    paid,
    isPaidAnew,
    takenOver,
    redacted,
  };
  return { state, effects: { sequence, seq: record.seq, ...changed, operation } };
}

function operationOfRecord(
  sessionId: string,
  record: SessionRecord,
  dropped: number,
): AppliedOperation | null {
  // A group of lines is one operation: its first line names it.
  if (!record.operation || (record.part ?? 1) > 1) return null;
  const { id, caller = null, fingerprint, answer } = record.operation;
  const applied = {
    id,
    caller,
    fingerprint,
    sessionId,
    seq: record.seq,
    at: Date.parse(record.at),
    answer: answer ? JSON.stringify(answer) : null,
  };
  // A damaged line before the rollback may have left the history shorter than what stays of it.
  if (record.op === 'truncate') return { ...applied, ordinal: Math.max(0, dropped), position: record.length };
  if (record.op === 'append') return { ...applied, ordinal: record.ordinal, position: record.position };
  if (answer?.original) {
    const { at, ordinal = null, position = null } = answer.original;
    return { ...applied, at: Date.parse(at), ordinal, position };
  }
  return { ...applied, ordinal: null, position: null };
}
