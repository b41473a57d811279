import { ConflictError, InvalidInputError, SessionNotFoundError } from '../../model/errors.ts';
import type { Operation } from '../../model/operation.ts';
import type { Session } from '../../model/session.ts';
import type { Archived, ArchiveSession, MoveSession } from '../repository.ts';
import type { IndexReader } from './index/reader.ts';
import type { SessionRow } from './index/session-row.ts';
import { eachAtPace } from './pace.ts';
import { stampOf } from './record.ts';
import type { SessionWrites } from './session-writes.ts';
import type { ShapeLog } from './shape-log.ts';

export interface PlacementsParts {
  readonly index: IndexReader;
  readonly writes: SessionWrites;
  readonly shapeLog: ShapeLog;
}

/**
 * Moves and archives sessions: a line in the store's log says so, their files stay as they are. To be called while nothing
 * else changes the shape of the trees.
 */
export class Placements {
  readonly #parts: PlacementsParts;

  constructor(parts: PlacementsParts) {
    this.#parts = parts;
  }

  async move(input: MoveSession, operation: Operation | undefined): Promise<Session> {
    const { index, writes, shapeLog } = this.#parts;
    const { id, parentId } = input;
    const release = await writes.hold([id]);
    try {
      const version = this.#expected(input).version + 1;
      if (parentId !== null && !index.row(parentId)) throw new SessionNotFoundError(parentId);
      if (parentId !== null && this.#isWithin(parentId, id)) throw underItself(id, parentId);
      await shapeLog.commit(
        (seq, at) => ({
          ...stampOf(seq, at, operation),
          op: 'move',
          id,
          version,
          parentId: parentId ?? undefined,
        }),
        { sessions: 1 },
      );
      return index.session(id)!;
    } finally {
      release();
    }
  }

  async archive(input: ArchiveSession, operation: Operation | undefined): Promise<Archived> {
    const { index, writes, shapeLog } = this.#parts;
    const { id, subtree } = input;
    const op = input.archived ? 'archive' : 'unarchive';
    this.#expected(input);
    const ids: string[] = [];
    if (subtree) await eachAtPace(index.subtree(id), (row) => ids.push(row.id));
    else ids.push(id);
    const release = await writes.hold(ids);
    try {
      this.#expected(input);
      const sessions: { id: string; version: number }[] = [];
      await eachAtPace(ids, (each) => {
        const { archived_at, version } = index.row(each)!;
        if ((archived_at !== null) !== input.archived) sessions.push({ id: each, version: version + 1 });
      });
      await shapeLog.commit((seq, at) => ({ ...stampOf(seq, at, operation), op, id, sessions }), {
        sessions: sessions.length,
      });
      return { session: index.session(id)!, changedIds: sessions.map((session) => session.id) };
    } finally {
      release();
    }
  }

  #expected({ id, expectedVersion: expected }: MoveSession | ArchiveSession): SessionRow {
    const row = this.#parts.index.row(id);
    if (!row) throw new SessionNotFoundError(id);
    if (expected != null && expected !== row.version) throw ConflictError.version(id, expected, row.version);
    return row;
  }

  #isWithin(id: string, top: string): boolean {
    return id === top || this.#parts.index.ancestors(id).some((ancestor) => ancestor.id === top);
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
