import { InvalidInputError, SessionNotFoundError } from '../../../model/errors.ts';
import type { Operation } from '../../../model/operation.ts';
import type { Session } from '../../../model/session.ts';
import type { Archived, ArchiveSession, Moved, MoveSession } from '../../mutations.ts';
import { originalOf } from '../../plans/original-answer.ts';
import { refuseMissing, refuseOtherVersion } from '../../plans/preconditions.ts';
import type { AppliedOperation } from '../../records/session-state.ts';
import { endOf } from '../rows/path.ts';
import { inPreOrder, isBeneath } from '../rows/path-sql.ts';
import type { SessionRow } from '../rows/session-row.ts';
import { ADD_CHILDREN } from './deletions.ts';
import { locate } from './locate.ts';
import { answeredOperation } from './operation-rows.ts';
import type { WriteParts } from './parts.ts';
import { asRoot, replant, treeAt, underParent } from './replanting.ts';
import type { TreeKey } from './tree-rows.ts';
import { TreeWork } from './tree-work.ts';

const CHANGE = `UPDATE sessions s SET archived_at = $5::int8, version = s.version + 1, number = $6::int8, clock = $7::int8,
    updated_clock = $7::int8, updated_at = greatest(s.updated_at, $8::int8)`;

const ARCHIVE = `WITH changed AS (${CHANGE}
    WHERE s.home = ANY($1::int8[]) AND ${isBeneath('s', { root: '$2::int8', path: '$3::bytea', end: '$4::bytea' })}
      AND (s.archived_at IS NULL) = ($5::int8 IS NOT NULL) RETURNING s.id, s.path)
  SELECT c.id FROM changed c ORDER BY ${inPreOrder('c')}`;

/** Moves and archives subtrees. Methods with `Again` answer a retry. */
export class MovesAndArchivals {
  readonly #parts: WriteParts;

  constructor(parts: WriteParts) {
    this.#parts = parts;
  }

  async move(input: MoveSession, operation: Operation): Promise<Moved> {
    const { places, trees, lanes } = this.#parts;
    const { sessionId: id, parentId, expectedVersion } = input;
    // No await where they are known: mutations are applied in the order of their calls.
    const place = places.known(id) ?? (await places.one(id));
    if (!place) throw new SessionNotFoundError(id);
    const parentPlace = parentId === null ? null : (places.known(parentId) ?? (await places.one(parentId)));
    const needed = parentPlace ? [place, parentPlace] : [place];
    const keys: (TreeKey | null)[] = [];
    for (const each of needed) keys.push(trees.seen(each) ?? (await trees.treeOf(each)));
    const moved = await lanes.alone(
      keys.filter((key) => key !== null),
      () =>
        trees.change(needed, [operation], async (transaction) => {
          const { queries, treeOf } = transaction;
          const work = new TreeWork(transaction);
          const top = work.row(place);
          refuseMissing(id, top);
          refuseOtherVersion(top, expectedVersion);
          const parent = parentPlace && work.row(parentPlace);
          if (parentId !== null) refuseMissing(parentId, parent);
          if (parent && isWithin(parent, top)) throw underItself(id, parent.id);
          const from = treeOf(top);
          const to = parent ? treeOf(parent) : top.depth === 0 ? from : treeAt(asRoot(top), 0);
          const number = Math.max(from.number, to.number) + 1;
          const row = parent ? underParent(top, parent, to) : asRoot(top);
          const [changed] = await replant(transaction, [{ top, row, from, to }], number);
          if (!parent && to !== from) transaction.addTree(to);
          if (parent && top.depth === 0) from.isGone = true;
          if (top.parent !== null) queries.send(ADD_CHILDREN, [from.homes, top.parent, -1, 0]);
          if (parent) queries.send(ADD_CHILDREN, [[parent.home], parent.sid, 1, 1]);
          const formerParentId = top.parent_id;
          work.changes.operation(
            answeredOperation(operation, changed!, transaction, number, { formerParentId }),
          );
          work.changes.send(queries);
          return { key: to, answer: { session: work.session(changed!), formerParentId } };
        }),
    );
    trees.saw(place.sid, moved.key);
    return moved.answer;
  }

  async moveAgain(applied: AppliedOperation, session: Session): Promise<Moved> {
    const { formerParentId = null } = originalOf(applied) ?? (JSON.parse(applied.answer!) as Partial<Moved>);
    return { session, formerParentId };
  }

  async archive(input: ArchiveSession, operation: Operation): Promise<Archived> {
    const { trees, lanes } = this.#parts;
    const { sessionId: id, archived, subtree, expectedVersion } = input;
    const located = locate(this.#parts, id);
    const { place, key } = located instanceof Promise ? await located : located;
    return await lanes.alone([key], () =>
      trees.change([place], [operation], async (transaction) => {
        const { queries, clock, at } = transaction;
        const work = new TreeWork(transaction);
        const row = work.row(place);
        refuseMissing(id, row);
        refuseOtherVersion(row, expectedVersion);
        const tree = transaction.treeOf(row);
        tree.number += 1;
        const { number } = tree;
        const archivedAt = archived ? (input.archivedAt ?? at).getTime() : null;
        const end = subtree ? endOf(row.path) : Buffer.concat([row.path, Buffer.of(0)]);
        const values = [tree.homes, tree.root, row.path, end, archivedAt, number, clock, at.getTime()];
        const changed = await queries.rows<{ id: string }>(ARCHIVE, values);
        const changedIds = changed.map((each) => each.id);
        work.changes.operation(answeredOperation(operation, row, transaction, number, { changedIds }));
        work.changes.send(queries);
        const isChanged = changedIds[0] === id;
        const updatedAt = Math.max(row.updated_at, at.getTime());
        const after = { ...row, archived_at: archivedAt, version: row.version + 1, updated_at: updatedAt };
        return { session: work.session(isChanged ? after : row), changedIds };
      }),
    );
  }

  async archiveAgain(applied: AppliedOperation, session: Session): Promise<Archived> {
    const { changedIds = [] } = originalOf(applied) ?? (JSON.parse(applied.answer!) as Partial<Archived>);
    return { session, changedIds };
  }
}

/** True if `row` is `top` or beneath it. */
function isWithin(row: SessionRow, top: SessionRow): boolean {
  return row.root === top.root && row.path.subarray(0, top.path.length).equals(top.path);
}

function underItself(id: string, parentId: string): InvalidInputError {
  const what = id === parentId ? 'itself' : `"${parentId}", which is beneath it`;
  return new InvalidInputError([
    {
      path: ['input', 'parentId'],
      message: `expected a session that is not beneath "${id}", got ${what}`,
    },
  ]);
}
