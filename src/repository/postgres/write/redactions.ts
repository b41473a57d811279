import { InvalidInputError, SessionNotFoundError } from '../../../model/errors.ts';
import { type MessageRef, messageId } from '../../../model/id.ts';
import type { Message, ToolCall } from '../../../model/message.ts';
import type { Operation } from '../../../model/operation.ts';
import type { Redacted, RedactMessages } from '../../mutations.ts';
import { refuseMissing } from '../../plans/preconditions.ts';
import type { Queries } from '../connection/queries.ts';
import { SessionReads } from '../read/session-reads.ts';
import { withRows } from '../rows/insert.ts';
import { MESSAGE_COLUMNS, messageOfRow, type ReadMessageRow } from '../rows/message-row.ts';
import type { Place } from '../rows/places.ts';
import { add, type Meant, sightOfForks, withCopies } from './copies.ts';
import { answeredOperation } from './operation-rows.ts';
import type { WriteParts } from './parts.ts';
import type { TreeKey } from './tree-rows.ts';
import { TreeWork } from './tree-work.ts';
import type { TreeTransaction } from './trees.ts';
import { readForAnswer, TreesMovedError } from './tries.ts';

type MessagePlace = Place & { readonly ordinal: number };

const PLACES = { home: 'int8', sid: 'int8', ordinal: 'int8' } as const;

/** Also of messages that left the history; of no session that is deleted. */
const SELECT_MESSAGES = withRows<MessagePlace>(
  PLACES,
  (rows, homes) => `SELECT m.*, s.id AS session_id FROM ${rows} AS given
    JOIN messages m ON m.home = given.home AND m.sid = given.sid AND m.ordinal = given.ordinal
    JOIN sessions s ON s.home = given.home AND s.sid = given.sid
    WHERE m.home = ANY(${homes}) AND s.home = ANY(${homes})`,
);

/** What is left of the texts. */
type Rest = MessagePlace & {
  readonly tool_calls: string | null;
  readonly rest: string | null;
  readonly bytes: number;
};

const SELECT_SPEAKING = withRows<MessagePlace>(
  PLACES,
  (rows, homes) => `SELECT m.home, m.sid, m.ordinal, m.tool_calls, m.rest FROM ${rows} AS given
    JOIN messages m ON m.home = given.home AND m.sid = given.sid AND m.ordinal = given.ordinal
    WHERE m.home = ANY(${homes}) AND m.redacted_at IS NULL ORDER BY m.sid, m.ordinal`,
);

const { tool_calls, rest, bytes } = MESSAGE_COLUMNS;
const OVERWRITE = withRows<Rest>(
  { ...PLACES, tool_calls, rest, bytes },
  (
    rows,
    homes,
  ) => `UPDATE messages m SET content = '', content_length = 0, reasoning = NULL, payload = NULL, metadata = NULL,
      tool_calls = given.tool_calls, rest = given.rest, bytes = given.bytes
    FROM ${rows} AS given WHERE m.home = ANY(${homes}) AND m.home = given.home AND m.sid = given.sid AND m.ordinal = given.ordinal`,
);

const RECORD = `INSERT INTO redactions (home, sid, clock, at, ordinals, reason)
  VALUES ($1::int8, $2::int8, $3::int8, $4::int8, $5::int8[], $6::text)`;

/** Thrown in a transaction if a fork was made since copies were looked for: its tree must be locked, too. */
class MoreCopiesError extends Error {
  override readonly name = 'MoreCopiesError';
}

/** Overwrites what messages say. */
export class Redactions {
  readonly #parts: WriteParts;
  readonly #sessions: SessionReads;

  constructor(parts: WriteParts) {
    this.#parts = parts;
    this.#sessions = new SessionReads(parts);
  }

  async redact(input: RedactMessages, operation: Operation): Promise<Redacted> {
    const { database, trees, lanes } = this.#parts;
    const meant = await this.#meant(input.messages);
    for (;;) {
      const all = await this.#all(database, meant, input);
      const needed = [...all.values()];
      const keys: (TreeKey | null)[] = await Promise.all(needed.map((place) => trees.treeOf(place)));
      try {
        await lanes.alone(
          keys.filter((key) => key !== null),
          () =>
            trees.change(needed, [operation], async (transaction) => {
              const work = new TreeWork(transaction);
              refuseUnknown(work, meant, input.messages);
              const found = await this.#all(transaction.queries, meant, input);
              for (const { sid } of found.values()) if (!all.has(sid)) throw new MoreCopiesError();
              await overwrite(work, found, input.reason);
              const first = meant.values().next().value!;
              const { number } = transaction.treeOf(work.row(first)!);
              work.changes.operation(answeredOperation(operation, first, transaction, number, {}));
              work.changes.send(transaction.queries);
            }),
        );
        return await readForAnswer(() => this.redacted(input));
      } catch (error) {
        if (!(error instanceof MoreCopiesError)) throw error;
      }
    }
  }

  /** The messages as they are now. A session may have been deleted since, when a redaction is asked for again. */
  async redacted({ messages }: RedactMessages): Promise<Redacted> {
    const { database, places } = this.#parts;
    const known = await places.of(messages.map(({ sessionId }) => sessionId));
    const wanted = new Map(messages.map((ref) => [messageId(ref), ref]));
    const rows = await database.rows<ReadMessageRow & { readonly session_id: string }>(
      SELECT_MESSAGES.sql,
      SELECT_MESSAGES.values(
        [...wanted.values()].flatMap(({ sessionId, ordinal }) => {
          const place = known.get(sessionId);
          return place ? [{ ...place, ordinal }] : [];
        }),
      ),
    );
    const found = new Map<string, Message>();
    for (const row of rows) {
      const message = messageOfRow(row, row.session_id);
      found.set(messageId(message), message);
    }
    return { messages: [...wanted.keys()].flatMap((id) => found.get(id) ?? []) };
  }

  /** Rejects with a SessionNotFoundError if there never was such a session. */
  async #meant(messages: readonly MessageRef[]): Promise<Meant> {
    const known = await this.#parts.places.of(messages.map(({ sessionId }) => sessionId));
    const meant: Meant = new Map();
    for (const { sessionId, ordinal } of messages) {
      const place = known.get(sessionId);
      if (!place) throw new SessionNotFoundError(sessionId);
      add(meant, { ...place, id: sessionId }, [ordinal]);
    }
    return meant;
  }

  async #all(queries: Queries, meant: Meant, { copies, sight }: RedactMessages): Promise<Meant> {
    if (!copies) return meant;
    const areInSight = sightOfForks(sight, (ids, own) =>
      this.#sessions.areInSight(ids, own, undefined, queries),
    );
    return await withCopies(queries, meant, areInSight);
  }
}

/** Throws a ClientError if one of the messages never was. */
function refuseUnknown(work: TreeWork, meant: Meant, messages: readonly MessageRef[]): void {
  const sids = new Map([...meant.values()].map((each) => [each.id, each]));
  for (const [n, { sessionId, ordinal }] of messages.entries()) {
    const row = work.row(sids.get(sessionId)!);
    refuseMissing(sessionId, row);
    if (ordinal < row.next_ordinal) continue;
    const message = `expected the id of a message that "${sessionId}" has or had, got "${messageId({ sessionId, ordinal })}"`;
    throw new InvalidInputError([{ path: ['input', 'messageIds', `${n}`], message }]);
  }
}

/** Overwrites those of the messages that were not overwritten before, and counts that as a mutation of their sessions. */
async function overwrite(work: TreeWork, meant: Meant, reason: string): Promise<void> {
  const { transaction } = work;
  const { queries } = transaction;
  const places = [...meant.values()].flatMap(({ home, sid, ordinals }) =>
    [...ordinals].map((ordinal) => ({ home, sid, ordinal })),
  );
  const speaking = await queries.rows<Omit<Rest, 'bytes'>>(
    SELECT_SPEAKING.sql,
    SELECT_SPEAKING.values(places),
  );
  if (speaking.length === 0) return;
  queries.send(OVERWRITE.sql, OVERWRITE.values(speaking.map(restOf)));
  const bySession = Map.groupBy(speaking, ({ sid }) => sid);
  for (const { sid } of meant.values()) {
    const messages = bySession.get(sid);
    if (messages)
      record(
        work,
        messages.map(({ ordinal }) => ordinal),
        messages[0]!,
        reason,
      );
  }
}

function record(work: TreeWork, ordinals: readonly number[], place: Place, reason: string): void {
  const { queries, clock, at, treeOf }: TreeTransaction = work.transaction;
  const row = work.row(place);
  // A copy whose session was deleted, or moved, since the rows were read behind the locks of other trees.
  if (!row) throw new TreesMovedError();
  const stamp = work.stamp(treeOf(row), undefined);
  work.write(row, [{ ...stamp, op: 'redact', version: row.version + 1, ordinals: [...ordinals], reason }]);
  queries.send(RECORD, [row.home, row.sid, clock, at.getTime(), [...ordinals], reason]);
}

/** What stays of the texts: what other messages and programs lean on, as in `redactedForm`. */
function restOf(message: Omit<Rest, 'bytes'>): Rest {
  const calls = message.tool_calls && (JSON.parse(message.tool_calls) as ToolCall[]);
  const toolCalls = calls && JSON.stringify(calls.map(({ toolCallId, name }) => ({ toolCallId, name })));
  const { name: _, ...others } = JSON.parse(message.rest ?? '{}') as Record<string, unknown>;
  return {
    ...message,
    tool_calls: toolCalls || null,
    rest: Object.keys(others).length === 0 ? null : JSON.stringify(others),
    bytes: toolCalls ? Buffer.byteLength(toolCalls) : 0,
  };
}
