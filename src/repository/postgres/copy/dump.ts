import {
  DUMPED_AT_ONCE,
  type DumpedMessage,
  type DumpedOperation,
  type DumpedPart,
  type DumpedTombstone,
  type OrdinalRun,
} from '../../dump.ts';
import type { Archived, Deleted, Moved } from '../../mutations.ts';
import { lastStateOf } from '../../plans/deleted-session.ts';
import { dumpedAnswer, dumpedOriginal } from '../../plans/original-answer.ts';
import type { ReadOptions } from '../../read-options.ts';
import type { OperationAnswer } from '../../records/record.ts';
import type { Database } from '../connection/database.ts';
import type { Queries } from '../connection/queries.ts';
import { copyDetailsAt } from '../read/copy-details.ts';
import { homesOf } from '../rows/places.ts';
import { ownerIdOf, type ReadSessionRow, SELECT_SESSION, sessionOf } from '../rows/session-row.ts';
import { appliedOf, type OperationRow, UNNAMED } from '../write/operation-rows.ts';
import { DumpedMessages } from './dumped-messages.ts';
import { BEFORE_ALL, IN_ORDER_AFTER, type OrderPlace } from './order.ts';

/** Sessions that are read with one statement: their metadata may be large. */
const SESSIONS_AT_ONCE = 200;

const SELECT_SESSIONS = `SELECT ${SELECT_SESSION}, (SELECT count(*) FROM messages m
    WHERE m.home = s.home AND m.sid = s.sid AND m.dropped_clock IS NOT NULL) AS dropped_count
  FROM sessions s ${IN_ORDER_AFTER} LIMIT ${SESSIONS_AT_ONCE}`;

const SELECT_TOMBSTONES = `SELECT t.id, t.parent_id, t.arrival, t.owner, t.last
  FROM ids i JOIN tombstones t ON t.home = i.home AND t.sid = i.sid
  WHERE i.id > $1::text ORDER BY i.id LIMIT ${DUMPED_AT_ONCE}`;

const ORDER_OF_OPERATIONS = 'i.id, o.id COLLATE "C", o.caller COLLATE "C"';
const SELECT_OPERATIONS = `SELECT o.* FROM ids i JOIN operations o ON o.home = i.home AND o.sid = i.sid
  WHERE i.id >= $1::text AND (${ORDER_OF_OPERATIONS}) > ($1::text, $2::text, $3::text) AND o.caller <> '${UNNAMED}'
  ORDER BY ${ORDER_OF_OPERATIONS} LIMIT ${DUMPED_AT_ONCE}`;

/** The runs of ordinals that mutations with these numbers have dropped from sessions that are there. */
const SELECT_DROPPED = `SELECT d.n::int4 AS n, min(d.ordinal) AS first, max(d.ordinal) AS last FROM (
    SELECT o.n, m.ordinal, m.ordinal - row_number() OVER (PARTITION BY o.n ORDER BY m.ordinal) AS run
    FROM unnest($1::int8[], $2::int8[], $3::int8[]) WITH ORDINALITY AS o (home, sid, number, n)
    JOIN sessions s ON s.home = o.home AND s.sid = o.sid
    JOIN messages m ON m.home = o.home AND m.sid = o.sid AND m.dropped_clock IS NOT NULL AND m.dropped_number = o.number
    WHERE s.home = ANY($4::int8[]) AND m.home = ANY($4::int8[])) AS d
  GROUP BY d.n, d.run ORDER BY d.n, min(d.ordinal)`;

interface TombstoneRow {
  readonly id: string;
  readonly parent_id: string | null;
  readonly arrival: number;
  readonly owner: string;
  readonly last: string | null;
}

/** What deletions, moves and archivals record, in the place of an `OperationAnswer`. */
type RecordedChange = Partial<
  Pick<Deleted, 'deletedIds' | 'reparentedIds'> & Pick<Archived, 'changedIds'> & Pick<Moved, 'formerParentId'>
>;

/** Reads all that the store holds, from one state of the database; `Dump` says in which order. */
export class StoreDump {
  readonly #database: Database;
  readonly #told: (error: unknown) => Error;
  readonly #options: ReadOptions | undefined;

  /** `told` gives an error of the database its words. */
  constructor(database: Database, told: (error: unknown) => Error, options: ReadOptions | undefined) {
    this.#database = database;
    this.#told = told;
    this.#options = options;
  }

  async *parts(): AsyncGenerator<DumpedPart> {
    const opened = Promise.withResolvers<Queries>();
    const ended = Promise.withResolvers<void>();
    let isOver = false;
    const transaction = this.#database.snapshot((queries) => {
      opened.resolve({
        async rows(...statement) {
          // The connection is that of others by now.
          if (isOver) throw new Error('Expected to be asked for messages before the end of the dump.');
          return await queries.rows(...statement);
        },
      });
      return ended.promise;
    }, this.#options);
    transaction.catch(opened.reject);
    try {
      const queries = await opened.promise;
      yield* this.#sessions(queries);
      yield { type: 'endOfSessions' };
      yield* this.#tombstones(queries);
      yield* this.#operations(queries);
    } catch (error) {
      throw this.#told(error);
    } finally {
      isOver = true;
      ended.resolve();
      // It only reads: what it says at its end changes nothing.
      await transaction.catch(() => {});
    }
  }

  async *#sessions(queries: Queries): AsyncGenerator<DumpedPart> {
    for (let after: OrderPlace = BEFORE_ALL; ; ) {
      const rows = await queries.rows<ReadSessionRow & { readonly dropped_count: number }>(
        SELECT_SESSIONS,
        [after.root, after.path],
        this.#options,
      );
      if (rows.length === 0) return;
      const details = await copyDetailsAt(queries, rows, this.#options);
      const places = rows.map(({ home, sid, id, history_length: length, dropped_count: dropped }) => {
        return { home, sid, id, count: length + dropped };
      });
      const messages = new DumpedMessages(queries, places, this.#options);
      for (const [index, row] of rows.entries()) {
        const session = {
          ...sessionOf(row),
          metadata: JSON.parse(row.metadata),
          ...details.get(row.sid)!,
          droppedCount: row.dropped_count,
          messages: () => this.#telling(messages.of(index)),
        };
        yield { type: 'session', session };
      }
      after = rows.at(-1)!;
    }
  }

  async *#telling(messages: AsyncIterable<DumpedMessage>): AsyncGenerator<DumpedMessage> {
    try {
      yield* messages;
    } catch (error) {
      throw this.#told(error);
    }
  }

  async *#tombstones(queries: Queries): AsyncGenerator<DumpedPart> {
    for (let after = ''; ; ) {
      const rows = await queries.rows<TombstoneRow>(SELECT_TOMBSTONES, [after], this.#options);
      if (rows.length === 0) return;
      yield { type: 'tombstones', tombstones: rows.map(tombstoneOf) };
      after = rows.at(-1)!.id;
    }
  }

  async *#operations(queries: Queries): AsyncGenerator<DumpedPart> {
    for (let after = ['', '', '']; ; ) {
      const rows = await queries.rows<OperationRow>(SELECT_OPERATIONS, after, this.#options);
      if (rows.length === 0) return;
      const dropped = await this.#dropped(queries, rows);
      const operations = rows.map((row, n) => operationOf(row, dropped.get(n) ?? []));
      yield { type: 'operations', operations };
      const last = rows.at(-1)!;
      after = [last.session_id, last.id, last.caller];
    }
  }

  /** By the position of the operation in `rows`. */
  async #dropped(queries: Queries, rows: readonly OperationRow[]): Promise<Map<number, OrdinalRun[]>> {
    const values = [
      rows.map(({ home }) => home),
      rows.map(({ sid }) => sid),
      rows.map(({ number }) => number),
      homesOf(rows),
    ];
    const runs = await queries.rows<{ n: number; first: number; last: number }>(
      SELECT_DROPPED,
      values,
      this.#options,
    );
    const byRow = new Map<number, OrdinalRun[]>();
    for (const { n, first, last } of runs) byRow.set(n - 1, [...(byRow.get(n - 1) ?? []), [first, last]]);
    return byRow;
  }
}

function operationOf(row: OperationRow, dropped: readonly OrdinalRun[]): DumpedOperation {
  const { id, caller, fingerprint, sessionId, at, ordinal, position } = appliedOf(row);
  const recorded = row.answer === null ? null : (JSON.parse(row.answer) as OperationAnswer & RecordedChange);
  const of = { id, caller, fingerprint, sessionId, at: new Date(at), ordinal, position };
  if (recorded?.original)
    return { ...of, answer: dumpedAnswer(recorded), ...dumpedOriginal(recorded.original) };
  const { deletedIds, reparentedIds, changedIds = reparentedIds, formerParentId } = recorded ?? {};
  const isChange = deletedIds !== undefined || changedIds !== undefined || formerParentId !== undefined;
  return {
    ...of,
    answer: isChange ? null : dumpedAnswer(recorded),
    dropped,
    deletedIds: deletedIds ?? [],
    changedIds: changedIds ?? [],
    formerParentId: formerParentId ?? null,
  };
}

function tombstoneOf(row: TombstoneRow): DumpedTombstone {
  const { id, parent_id: parentId, arrival, owner } = row;
  return { id, parentId, arrival, ownerId: ownerIdOf(owner), last: lastStateOf(row) };
}
