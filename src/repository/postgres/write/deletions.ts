import { SessionHasChildrenError, SessionNotFoundError, StorageError } from '../../../model/errors.ts';
import type { Operation } from '../../../model/operation.ts';
import type { Deleted, DeleteSession } from '../../mutations.ts';
import { originalOf } from '../../plans/original-answer.ts';
import { refuseMissing, refuseOtherVersion } from '../../plans/preconditions.ts';
import type { ReadOptions } from '../../read-options.ts';
import type { AppliedOperation } from '../../records/session-state.ts';
import type { Queries } from '../connection/queries.ts';
import { sessionRows } from '../read/session-rows.ts';
import { endOf } from '../rows/path.ts';
import { inPreOrder, isBeneath } from '../rows/path-sql.ts';
import { SELECT_SESSION, type SessionRow } from '../rows/session-row.ts';
import { locate } from './locate.ts';
import { answeredOperation } from './operation-rows.ts';
import type { WriteParts } from './parts.ts';
import {
  asRoot,
  lessActive,
  type Replanting,
  refuseClashOfRoots,
  replant,
  treeAt,
  underParent,
} from './replanting.ts';
import { tombstoneOf } from './tombstones.ts';
import type { LockedTree } from './tree-rows.ts';
import { TreeWork } from './tree-work.ts';
import type { TreeTransaction } from './trees.ts';

/** Adds to the number of a session's children, and to that of those that it ever had. */
export const ADD_CHILDREN = `UPDATE sessions SET child_count = child_count + $3::int8, next_child = next_child + $4::int8
  WHERE home = ANY($1::int8[]) AND sid = $2::int8`;

const SUBTREE = `s.home = ANY($1::int8[])
  AND ${isBeneath('s', { root: '$2::int8', path: '$3::bytea', end: '$4::bytea' })}`;

const SELECT_CHILDREN = `SELECT ${SELECT_SESSION} FROM sessions s
  WHERE s.home = ANY($1::int8[]) AND s.parent = $2::int8 ORDER BY s.arrival`;

const SELECT_MEMBER = `SELECT ${SELECT_SESSION} FROM sessions s WHERE s.home = ANY($1::int8[]) AND s.sid = $2::int8`;

const SELECT_BENEATH = `SELECT s.id FROM sessions s WHERE ${SUBTREE} ORDER BY ${inPreOrder('s')}`;

const SELECT_HOMES = 'SELECT homes FROM trees WHERE home = $1::int8 AND root = $2::int8';

function time(column: string): string {
  return `to_char(to_timestamp(${column} / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

/**
 * A `LastOfSession` as JSON, as `lastOf` has it. To put texts together takes half as long as `json_build_object`. `concat` leaves out what is
 * null: a column that may be null needs `||` behind its name, so that both go.
 */
const LAST = `concat('{"sequence":', sid, ',"rootId":', to_json(root_id), ',"depth":', depth, ',"userId":' || to_json(user_id)::text,
  ',"createdAt":"', ${time('created_at')}, '","lastActiveAt":"', ${time('last_active_at')}, '","messageCount":', message_count,
  ',"historyLength":', history_length, ',"version":', version, '}')`;

/** The columns of a deleted row that the statement needs. All would be twice as wide, and each part of the statement reads the rows again. */
const GONE = `s.home, s.sid, s.id, s.parent, s.parent_id, s.root, s.root_home, s.root_id, s.owner, s.path, s.arrival, s.depth, s.key, s.user_id,
  s.created_at, s.last_active_at, s.message_count, s.history_length, s.next_ordinal, s.version, s.created_clock`;

/** All that a deleted session takes with it at once: its messages go later. Only one whose `next_ordinal` is above 0 has texts. */
const BURY = `WITH gone AS (DELETE FROM sessions s WHERE ${SUBTREE} RETURNING ${GONE}),
    ordered AS (SELECT *, row_number() OVER (ORDER BY ${inPreOrder('gone')}) - 1 AS place FROM gone),
    buried AS (INSERT INTO tombstones (home, sid, id, parent, parent_id, root, root_home, owner, path, arrival, number, place, clock,
        created_clock, last)
      SELECT home, sid, id, parent, parent_id, root, root_home, owner, path, arrival, $5::int8, place, $6::int8, created_clock,
        CASE WHEN $7::bool THEN NULL ELSE ${LAST} END FROM ordered),
    unkeyed AS (DELETE FROM session_keys k USING gone WHERE gone.key IS NOT NULL AND k.owner = gone.owner AND k.key = gone.key),
    unpaid AS (DELETE FROM usage u USING gone WHERE u.home = ANY($1::int8[]) AND u.home = gone.home AND u.sid = gone.sid),
    unsearched AS (DELETE FROM texts t USING gone WHERE gone.next_ordinal > 0 AND t.home = ANY($1::int8[]) AND t.home = gone.home AND t.sid = gone.sid),
    emptied AS (INSERT INTO removals (home, sid) SELECT home, sid FROM gone WHERE next_ordinal > 0)
  SELECT id, last_active_at FROM ordered ORDER BY place`;

/** What the answer to a retry is made of. */
interface DeletionAnswer extends Deleted {
  readonly isPurge?: boolean;
}

/** Deletes sessions. `deleteAgain` answers a retry. */
export class Deletions {
  readonly #parts: WriteParts;

  constructor(parts: WriteParts) {
    this.#parts = parts;
  }

  async delete(input: DeleteSession, operation: Operation): Promise<Deleted> {
    const { trees, lanes, removals } = this.#parts;
    const { sessionId: id } = input;
    const located = locate(this.#parts, id);
    const { place, key } = located instanceof Promise ? await located : located;
    const answer = await lanes.alone([key], () =>
      trees.change([place], [operation], async (transaction) => {
        const work = new TreeWork(transaction);
        const row = refused(input, work.row(place));
        const tree = transaction.treeOf(row);
        const number = tree.number + 1;
        const reparentedIds = input.mode === 'REPARENT' ? await reparent(transaction, row, tree) : [];
        const deletedIds = await bury(transaction, row, tree, { number, isPurge: input.purge ?? false });
        const deleted: DeletionAnswer = {
          parentId: row.parent_id,
          deletedIds,
          reparentedIds,
          ...(input.purge && { isPurge: true }),
        };
        work.changes.operation(answeredOperation(operation, row, transaction, number, deleted));
        work.changes.send(transaction.queries);
        return deleted;
      }),
    );
    if (!input.purge) removals.soon();
    return await this.#answered(answer);
  }

  async deleteAgain(applied: AppliedOperation): Promise<Deleted> {
    const original = originalOf(applied);
    if (!original) return await this.#answered(JSON.parse(applied.answer!) as DeletionAnswer);
    const { parentId } = await tombstoneOf(this.#parts, applied.sessionId);
    const { deletedIds = [], changedIds: reparentedIds = [] } = original;
    return { parentId, deletedIds, reparentedIds };
  }

  async #answered({ isPurge, ...deleted }: DeletionAnswer): Promise<Deleted> {
    const { places, removals } = this.#parts;
    if (!isPurge) return deleted;
    try {
      await removals.finish([...(await places.of(deleted.deletedIds)).values()]);
    } catch (cause) {
      throw unfinished(cause);
    }
    return deleted;
  }

  async planDelete(input: DeleteSession, options?: ReadOptions): Promise<Deleted> {
    const { database, places } = this.#parts;
    const { sessionId: id, mode } = input;
    const place = await places.one(id, options);
    if (!place) throw new SessionNotFoundError(id);
    return await database.snapshot(async (queries) => {
      const row = refused(input, (await sessionRows(queries, [place])).get(place.sid));
      const [tree] = await queries.rows<{ homes: number[] }>(SELECT_HOMES, [row.root_home, row.root]);
      const { homes } = tree!;
      const parentId = row.parent_id;
      if (mode === 'REPARENT') {
        const children = await childrenOf(queries, row, homes);
        options?.onWalk?.(children.length);
        if (row.depth === 0) await refuseClashOfRoots(queries, children, homes);
        return { parentId, deletedIds: [id], reparentedIds: children.map((child) => child.id) };
      }
      const values = [homes, row.root, row.path, endOf(row.path)];
      const beneath = await queries.rows<{ id: string }>(SELECT_BENEATH, values);
      options?.onWalk?.(beneath.length);
      return { parentId, deletedIds: beneath.map((each) => each.id), reparentedIds: [] };
    }, options);
  }
}

function unfinished(cause: unknown): StorageError {
  return new StorageError(
    'The sessions are deleted, and their messages are not removed completely yet. Try again with the same operationId; the server goes on with it in any case.',
    true,
    { cause, isOutcomeUnknown: true },
  );
}

/** The row of a session that can be deleted. Throws the ClientError for which the deletion is refused. */
function refused(
  { sessionId, mode, expectedVersion }: DeleteSession,
  row: SessionRow | null | undefined,
): SessionRow {
  refuseMissing(sessionId, row);
  refuseOtherVersion(row, expectedVersion);
  if (mode === 'RESTRICT' && row.child_count > 0)
    throw new SessionHasChildrenError(sessionId, row.child_count);
  return row;
}

function childrenOf(queries: Queries, { sid }: SessionRow, homes: number[]): Promise<SessionRow[]> {
  return queries.rows(SELECT_CHILDREN, [homes, sid]);
}

/** Gives the children of a session to its parent, or makes roots of them. Resolves with their ids. */
async function reparent(transaction: TreeTransaction, row: SessionRow, tree: LockedTree): Promise<string[]> {
  const { queries } = transaction;
  const [children, [parent]] = await Promise.all([
    childrenOf(queries, row, tree.homes),
    queries.rows<SessionRow>(SELECT_MEMBER, [tree.homes, row.parent]),
  ]);
  const number = tree.number + 1;
  const replantings = children.map((top, n): Replanting => {
    if (parent) return { top, row: underParent(top, parent, tree, n), from: tree, to: tree };
    const root = asRoot(top);
    return { top, row: root, from: tree, to: treeAt(root, number) };
  });
  await replant(transaction, replantings, number);
  if (parent) queries.send(ADD_CHILDREN, [[parent.home], parent.sid, children.length, children.length]);
  else for (const { to } of replantings) transaction.addTree(to);
  return children.map(({ id }) => id);
}

/** Deletes a session with all that is beneath it. Resolves with their ids in pre-order. */
async function bury(
  { queries, clock }: TreeTransaction,
  row: SessionRow,
  tree: LockedTree,
  { number, isPurge }: { readonly number: number; readonly isPurge: boolean },
): Promise<string[]> {
  const values = [tree.homes, tree.root, row.path, endOf(row.path), number, clock, isPurge];
  const gone = await queries.rows<{ id: string; last_active_at: number }>(BURY, values);
  tree.number = number;
  if (row.parent === null) tree.isGone = true;
  else {
    queries.send(ADD_CHILDREN, [tree.homes, row.parent, -1, 0]);
    await lessActive(queries, tree, latestOf(gone));
  }
  return gone.map(({ id }) => id);
}

function latestOf(rows: readonly { readonly last_active_at: number }[]): number {
  return rows.reduce((latest, { last_active_at: active }) => Math.max(latest, active), 0);
}
