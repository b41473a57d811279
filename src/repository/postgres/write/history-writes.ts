import { SessionNotFoundError } from '../../../model/errors.ts';
import type { Operation } from '../../../model/operation.ts';
import type { Session } from '../../../model/session.ts';
import type { AnswerLimits, WriteHistory, WrittenHistory } from '../../mutations.ts';
import { type HistoryInput, type HistoryPlan, planHistory } from '../../plans/history-plan.ts';
import {
  type HistoryWrite,
  isAppendAlone,
  type RecordedHistory,
  recordHistory,
  writtenBefore,
  writtenHistory,
} from '../../plans/history-write.ts';
import { refuseMissing } from '../../plans/preconditions.ts';
import { grouped } from '../../records/group.ts';
import type { Stamp } from '../../records/mutation-records.ts';
import type { SessionRecord } from '../../records/record.ts';
import type { AppliedOperation } from '../../records/session-state.ts';
import type { TransactionQueries } from '../connection/queries.ts';
import { sessionRows } from '../read/session-rows.ts';
import { ownerColumn, type SessionRow, sessionOf, stateOf } from '../rows/session-row.ts';
import { UNNAMED } from './operation-rows.ts';
import type { WriteParts } from './parts.ts';
import { PlainAppends } from './plain-appends.ts';
import { PostgresHistoryView } from './postgres-history-view.ts';
import { areTooLong } from './tree-lanes.ts';

/** Erases dropped messages but for what sums are made of, as `records/redacted-form.ts` does for the file store. */
const PURGE_FROM = `UPDATE messages SET content = '', content_length = 0, reasoning = NULL, tool_calls = NULL, payload = NULL,
    metadata = NULL, rest = NULL, key = NULL, tool_call_id = NULL, bytes = 0
  WHERE home = $1::int8 AND sid = $2::int8 AND ordinal = ANY($3::int8[])`;

/** A write; with `isPurge`, nothing of what it drops is left. */
export type PostgresHistoryWrite = HistoryWrite & { readonly isPurge?: boolean };

/** Writes to the histories of sessions that are there: appends, replacements and rollbacks, several of them in one step. */
export class HistoryWrites {
  readonly #parts: WriteParts;
  readonly #appends: PlainAppends;

  constructor(parts: WriteParts) {
    this.#parts = parts;
    this.#appends = new PlainAppends(parts.trees);
  }

  /** Rejects with a SessionNotFoundError also if the session has lost the key that it was named by. */
  write(input: PostgresHistoryWrite, limits: AnswerLimits, operation: Operation): Promise<WrittenHistory> {
    const { sessionId, expectedVersion } = input;
    const { mutations, limits: metadataLimits } = this.#parts;
    // Appends without keys share transactions.
    const isPlain = isAppendAlone(input);
    let plan: HistoryPlan | null = null;
    let purge: Purge | null = null;
    let recorded: RecordedHistory;
    return mutations.run(sessionId, {
      // Else the plan compares the version: a write has several reasons to be refused, in a fixed order.
      expectedVersion: isPlain ? expectedVersion : null,
      operation,
      isAlone: !isPlain || areTooLong(input.messages),
      prepare: isPlain
        ? undefined
        : async (row, queries) => {
            refuseOtherName(row, input);
            const view = new PostgresHistoryView(queries, sessionId, row, stateOf(row));
            plan = await planHistory(view, input, limits);
            purge = input.isPurge ? await purgeOf(view, plan, row, queries) : null;
          },
      records: (stamp, state) => {
        recorded = recordHistory(stamp, state, input, plan, metadataLimits);
        return purge ? purged(purge, stamp, recorded.records) : worthRecording(recorded.records, operation);
      },
      answer: (session, at) => writtenHistory(session, at, plan, recorded),
      atOnce: isPlain
        ? async (place, tree) => {
            const result = await this.#appends.append(input, place, tree, operation);
            return result && { result };
          }
        : undefined,
    });
  }

  /** What a write would drop now. Rejects as the write would. */
  async foresee(
    input: HistoryInput,
    limits: AnswerLimits,
  ): Promise<Omit<WrittenHistory, 'messages' | 'isNew'>> {
    const { sessionId } = input;
    const { database, places } = this.#parts;
    const options = limits.removed ?? undefined;
    const place = await places.one(sessionId, options);
    const row = place && (await sessionRows(database, [place], options)).get(place.sid);
    refuseMissing(sessionId, row);
    const view = new PostgresHistoryView(database, sessionId, row, stateOf(row));
    const { keep, removed } = await planHistory(view, input, limits);
    return { session: sessionOf(row), removedCount: row.history_length - keep, removed };
  }

  /** The answer to a retry; `session` is the session as it is now. The retry has the input of the first request. */
  async again(
    applied: AppliedOperation,
    session: Session,
    input: Pick<WriteHistory, 'messages'>,
    limits: AnswerLimits,
  ): Promise<WrittenHistory> {
    const { database, places } = this.#parts;
    const { sessionId } = applied;
    const place = await places.one(sessionId);
    refuseMissing(sessionId, place);
    const view = new PostgresHistoryView(database, sessionId, place, undefined);
    return await writtenBefore(view, applied, session, input, limits);
  }
}

/** Dropped messages whose texts are to be erased. */
interface Purge {
  readonly row: SessionRow;
  readonly ordinals: readonly number[];
  readonly queries: TransactionQueries;
}

/** Null if nothing is dropped. */
async function purgeOf(
  view: PostgresHistoryView,
  { keep }: HistoryPlan,
  row: SessionRow,
  queries: TransactionQueries,
): Promise<Purge | null> {
  const dropped = await view.from(keep, row.history_length);
  return dropped.length === 0 ? null : { row, ordinals: dropped.map(({ ordinal }) => ordinal), queries };
}

/** The records of a truncation with that of the purge. */
function purged(
  { row, ordinals, queries }: Purge,
  stamp: Stamp,
  records: readonly SessionRecord[],
): SessionRecord[] {
  queries.send(PURGE_FROM, [row.home, row.sid, ordinals]);
  const redact = { ...stamp, version: row.version + 1, op: 'redact' as const, ordinals, reason: 'purged' };
  return grouped([...records, redact]);
}

/** A write that changes nothing is recorded only for a client who may ask again. */
function worthRecording(records: SessionRecord[], { caller }: Operation): SessionRecord[] {
  return caller === UNNAMED && records.every(({ op }) => op === 'none') ? [] : records;
}

function refuseOtherName({ key, owner }: SessionRow, { named }: HistoryWrite): void {
  if (named && (key !== named.key || owner !== ownerColumn(named.ownerId ?? null)))
    throw SessionNotFoundError.key(named.key!);
}
