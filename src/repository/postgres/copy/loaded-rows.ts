import { plusUsage, ZERO_USAGE } from '../../../model/usage.ts';
import type { DumpedMessage, DumpedOperation, DumpedSession, DumpedTombstone } from '../../dump.ts';
import { lastOf } from '../../plans/deleted-session.ts';
import { copiedAnswer } from '../../plans/original-answer.ts';
import { type Paid, paidOf, restatedPaid, restatedPaidOf } from '../../records/paid.ts';
import { type StoredMessage, storedMessageOf } from '../../records/stored-message.ts';
import { sumColumns } from '../read/usage-columns.ts';
import { formColumns, type MessageRow } from '../rows/message-row.ts';
import type { Place } from '../rows/places.ts';
import type { SessionRow } from '../rows/session-row.ts';
import { operationRow } from '../write/operation-rows.ts';
import type { Surroundings } from '../write/tree-work.ts';

/** The number of the mutation of its tree that all rows of a load have. */
export const LOADED = 1;

/** What is counted of the messages of a session while they are loaded. */
export class MessageCounts {
  /** Messages of users in the history. */
  users = 0;
  all = 0;
  /** By day and model. */
  readonly #paid = new Map<string, Paid>();

  add({ isDropped, isTakenOver, createdAt }: DumpedMessage, stored: StoredMessage): void {
    this.all += 1;
    if (!isDropped && stored.role === 'USER') this.users += 1;
    const paid = isTakenOver ? null : paidOf(stored, createdAt.getTime());
    if (!paid) return;
    const key = JSON.stringify([paid.day, paid.model]);
    const { responses, usage } = this.#paid.get(key) ?? { responses: 0, usage: ZERO_USAGE };
    this.#paid.set(key, {
      ...paid,
      responses: responses + 1,
      usage: plusUsage(usage, paid.usage),
    });
  }

  /** What was paid in a session: as the dump says, or else what its messages cost. */
  paidIn({ paid }: Pick<DumpedSession, 'paid'>): readonly Paid[] {
    return paid ? restatedPaid(restatedPaidOf(paid)) : [...this.#paid.values()];
  }
}

/** The row of a session, without children. */
export function loadedSession(
  session: DumpedSession,
  place: Surroundings,
  { users, paid, clock }: { readonly users: number; readonly paid: readonly Paid[]; readonly clock: number },
): SessionRow {
  const { spawnedBy, forkedFrom } = session;
  return {
    ...place,
    id: session.id,
    next_child: 1,
    child_count: 0,
    user_id: session.userId,
    key: session.key,
    title: session.title,
    agent_name: session.agentName,
    project: session.project,
    status: session.status,
    status_message: session.statusMessage,
    status_changed_at: session.statusChangedAt.getTime(),
    spawned_by: spawnedBy && JSON.stringify(spawnedBy),
    forked_from: forkedFrom && JSON.stringify(forkedFrom),
    metadata: JSON.stringify(session.metadata),
    created_at: session.createdAt.getTime(),
    last_active_at: session.lastActiveAt.getTime(),
    updated_at: session.updatedAt.getTime(),
    archived_at: session.archivedAt?.getTime() ?? null,
    message_count: users,
    history_length: session.historyLength,
    next_ordinal: session.nextOrdinal,
    ...sumColumns(paid.reduce((sum, { usage }) => plusUsage(sum, usage), ZERO_USAGE)),
    version: session.version,
    number: LOADED,
    clock,
    created_clock: clock,
    updated_clock: clock,
  };
}

/** The stored form of a message, and its row. */
export function loadedMessage({ home, sid }: Place, message: DumpedMessage, clock: number) {
  const { ordinal, position, createdAt, replacedAt, redactedAt, isDropped, isTakenOver } = message;
  const stored = storedMessageOf(message);
  const row: MessageRow = {
    home,
    sid,
    ordinal,
    position,
    created_at: createdAt.getTime(),
    ...formColumns(stored),
    is_copy: stored.isCopy ?? false,
    replaced_at: replacedAt?.getTime() ?? null,
    redacted_at: redactedAt?.getTime() ?? null,
    clock,
    replaced_clock: null,
    dropped_clock: isDropped ? clock : null,
    dropped_number: isDropped ? LOADED : null,
    taken_over: isTakenOver,
  };
  return { stored, row };
}

/** The row of an operation of a session that is there, or was. */
export function loadedOperation(operation: DumpedOperation, place: Place) {
  const { id, caller, fingerprint, sessionId, ordinal, position } = operation;
  const answer = JSON.stringify(copiedAnswer(operation));
  const at = operation.at.getTime();
  return operationRow(
    { id, caller, fingerprint, sessionId, seq: LOADED, at, ordinal, position, answer },
    place,
  );
}

/** What is stored of the last state of a deleted session, as JSON. */
export function loadedLast({ last }: Pick<DumpedTombstone, 'last'>): string | null {
  return last && JSON.stringify(lastOf(last));
}
