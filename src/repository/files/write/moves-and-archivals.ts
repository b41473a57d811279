import { InvalidInputError } from '../../../model/errors.ts';
import type { Operation } from '../../../model/operation.ts';
import type { Archived, ArchiveSession, Moved, MoveSession } from '../../mutations.ts';
import { stampOf } from '../../records/record.ts';
import type { IndexReader } from '../index/reader.ts';
import { eachAtPace } from '../runtime/pace.ts';
import { existing } from './preconditions.ts';
import type { SessionKeys } from './session-keys.ts';
import type { SessionWrites } from './session-writes.ts';
import { SESSIONS_AT_ONCE_MAX, type TreeLog } from './tree-log.ts';

export interface MovesAndArchivalsParts {
  readonly index: IndexReader;
  readonly writes: SessionWrites;
  readonly keys: SessionKeys;
  readonly treeLog: TreeLog;
}

/**
 * Moves and archives sessions. One line in the store's log is the commit; the session files do not change. The caller must hold
 * the tree lock exclusively.
 */
export class MovesAndArchivals {
  readonly #parts: MovesAndArchivalsParts;

  constructor(parts: MovesAndArchivalsParts) {
    this.#parts = parts;
  }

  async move(input: MoveSession, operation: Operation | undefined): Promise<Moved> {
    const { index, writes, keys, treeLog } = this.#parts;
    const { sessionId: id, parentId, expectedVersion } = input;
    const release = await writes.hold([id]);
    try {
      const { version, userId, rootId, parentId: formerParentId } = existing(index, id, expectedVersion);
      if (parentId !== null) existing(index, parentId);
      if (parentId !== null && index.isWithin(parentId, id)) throw underItself(id, parentId);
      await keys.refuseClash(id, parentId === null ? userId : keys.ownerOf(parentId));
      await treeLog.commit(
        (seq, at) => ({
          ...stampOf(seq, at, operation),
          op: 'move',
          id,
          version: version + 1,
          parentId: parentId ?? undefined,
          formerParentId: formerParentId ?? undefined,
        }),
        {
          sessions: 1 + this.#countBeneath(id),
          rootId: parentId !== null && index.row(parentId)!.rootId === rootId ? rootId : null,
        },
      );
      return { session: index.session(id)!, formerParentId };
    } finally {
      release();
    }
  }

  /** The number of sessions beneath `id`, as far as it matters to how the index is changed. */
  #countBeneath(id: string): number {
    let count = 0;
    for (const _ of this.#parts.index.beneath(id, null)) {
      count += 1;
      if (count === SESSIONS_AT_ONCE_MAX) break;
    }
    return count;
  }

  async archive(input: ArchiveSession, operation: Operation | undefined): Promise<Archived> {
    const { index, writes, treeLog } = this.#parts;
    const { sessionId: id, subtree, expectedVersion } = input;
    const kind = input.archived
      ? ({ op: 'archive', archivedAt: input.archivedAt?.toISOString() } as const)
      : ({ op: 'unarchive' } as const);
    existing(index, id, expectedVersion);
    const ids = [id];
    if (subtree) await eachAtPace(index.beneath(id, null), (row) => ids.push(row.id));
    const release = await writes.hold(ids);
    try {
      const { rootId } = existing(index, id, expectedVersion);
      const sessions: { id: string; version: number }[] = [];
      await eachAtPace(ids, (each) => {
        const row = index.row(each);
        // The file of a session below can have been found gone while this mutation waited for the queues.
        if (!row || (row.archivedAt !== null) === input.archived) return;
        sessions.push({ id: each, version: row.version + 1 });
      });
      await treeLog.commit((seq, at) => ({ ...stampOf(seq, at, operation), ...kind, id, sessions }), {
        sessions: sessions.length,
        rootId,
      });
      return { session: index.session(id)!, changedIds: sessions.map((session) => session.id) };
    } finally {
      release();
    }
  }
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
