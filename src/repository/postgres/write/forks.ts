import { messageId } from '../../../model/id.ts';
import { MESSAGE_ROLES } from '../../../model/message.ts';
import type { Operation } from '../../../model/operation.ts';
import type { Session } from '../../../model/session.ts';
import type { ForkSession } from '../../mutations.ts';
import { refuseMissing, refuseOtherVersion } from '../../plans/preconditions.ts';
import { applyRecord } from '../../records/apply-record.ts';
import { forkedState, forkRecord, outsideHistory } from '../../records/fork-record.ts';
import type { TransactionQueries } from '../connection/queries.ts';
import { FORM_COLUMNS } from '../rows/message-row.ts';
import type { Place } from '../rows/places.ts';
import { type SessionRow, stateOf } from '../rows/session-row.ts';
import { nextNumber } from './creations.ts';
import { locate } from './locate.ts';
import { newPlace } from './new-place.ts';
import { operationRow } from './operation-rows.ts';
import type { WriteParts } from './parts.ts';
import { TreeWork } from './tree-work.ts';

const IN_HISTORY = 'FROM messages WHERE home = $1::int8 AND sid = $2::int8 AND dropped_clock IS NULL';

const SELECT_LAST = `SELECT ordinal, position ${IN_HISTORY} ORDER BY ordinal DESC LIMIT 1`;
const SELECT_MESSAGE = `SELECT ordinal, position ${IN_HISTORY} AND ordinal = $3::int8`;

/** What is copied as it is. */
const COPIED = [...Object.keys(FORM_COLUMNS), 'created_at', 'redacted_at'].join(', ');

const COPY = `WITH copied AS (
    INSERT INTO messages (home, sid, ordinal, position, is_copy, clock, taken_over, origin, ${COPIED})
    SELECT $4::int8, $5::int8, position, position, true, $6::int8, false, ordinal, ${COPIED} ${IN_HISTORY} AND ordinal <= $3::int8
    RETURNING role, bytes)
  SELECT count(*) AS length, count(*) FILTER (WHERE role = ${MESSAGE_ROLES.indexOf('USER')}) AS users,
    coalesce(sum(bytes), 0)::int8 AS bytes FROM copied`;

interface Copied {
  readonly length: number;
  readonly users: number;
  readonly bytes: number;
}

/** Copies histories into new sessions. */
export class Forks {
  readonly #parts: WriteParts;

  constructor(parts: WriteParts) {
    this.#parts = parts;
  }

  /** `onWrite` gets the bytes of the texts that were copied. */
  async fork(
    id: string,
    input: ForkSession,
    operation: Operation,
    onWrite?: (bytes: number) => void,
  ): Promise<Session> {
    const { places, trees, lanes, creations, storeId } = this.#parts;
    const { sessionId, asRoot, expectedVersion } = input;
    const located = locate(this.#parts, sessionId);
    const { place, key } = located instanceof Promise ? await located : located;
    const forked = await lanes.alone([key], () =>
      trees.change([place], [operation], async (transaction) => {
        const { queries, clock } = transaction;
        const work = new TreeWork(transaction);
        const origin = work.row(place);
        refuseMissing(sessionId, origin);
        const where = newPlace(transaction, asRoot ? null : origin, id, origin.user_id);
        await creations.refuseTaken(queries, id, input.key, where.owner);
        refuseOtherVersion(origin, expectedVersion);
        input.admit?.();
        const through = await lastOf(queries, origin, input);
        const { place: at, tree } = where.at(await nextNumber(queries));
        const copied = await copy(queries, origin, at, clock, through);
        transaction.texts?.copy(origin, at, copied.length);
        const stamp = work.stamp(tree, operation);
        const lastMessageId = through === null ? null : messageId({ sessionId, ordinal: through });
        const history = { length: copied.length, lastMessageId, parts: 1 };
        const created = applyRecord(null, forkRecord(stamp, storeId, id, input, stateOf(origin), history));
        const state = { ...created.state, sequence: at.sid };
        const row = work.add(at, forkedState(state, { length: copied.length, messageCount: copied.users }));
        work.changes.operation(operationRow(created.effects.operation!, at));
        work.changes.send(queries);
        return { row, session: work.session(row), bytes: copied.bytes };
      }),
    );
    const { row, session, bytes } = forked;
    places.remember(id, row);
    trees.saw(row.sid, { home: row.root_home, root: row.root });
    onWrite?.(bytes);
    return session;
  }
}

/** The ordinal of the last message to copy; null if there is none. */
async function lastOf(
  queries: TransactionQueries,
  { home, sid }: SessionRow,
  { sessionId, throughMessage }: ForkSession,
): Promise<number | null> {
  if (!throughMessage) {
    const [last] = await queries.rows<{ ordinal: number }>(SELECT_LAST, [home, sid]);
    return last?.ordinal ?? null;
  }
  const { ordinal } = throughMessage;
  if (throughMessage.sessionId === sessionId) {
    const [there] = await queries.rows(SELECT_MESSAGE, [home, sid, ordinal]);
    if (there) return ordinal;
  }
  throw outsideHistory(sessionId, throughMessage);
}

async function copy(
  queries: TransactionQueries,
  from: Place,
  to: Place,
  clock: number,
  through: number | null,
): Promise<Copied> {
  if (through === null) return { length: 0, users: 0, bytes: 0 };
  const values = [from.home, from.sid, through, to.home, to.sid, clock];
  const [copied] = await queries.rows<Copied>(COPY, values);
  return copied!;
}
