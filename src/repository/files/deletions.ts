import { dirname } from 'node:path';
import { ConflictError, SessionHasChildrenError, SessionNotFoundError } from '../../model/errors.ts';
import type { Operation } from '../../model/operation.ts';
import type { Logger } from '../observer.ts';
import type { Deleted, DeleteSession } from '../repository.ts';
import type { DurableFiles } from './disk/durable.ts';
import type { IndexReader } from './index/reader.ts';
import { absoluteSessionPath, type Layout } from './layout.ts';
import { eachAtPace } from './pace.ts';
import { stampOf, type Tombstone } from './record.ts';
import type { SessionWrites } from './session-writes.ts';
import { FEW, type ShapeLog } from './shape-log.ts';
import { tombstoneOf } from './tombstone.ts';

export interface DeletionsParts {
  readonly layout: Layout;
  readonly index: IndexReader;
  readonly files: DurableFiles;
  readonly writes: SessionWrites;
  readonly shapeLog: ShapeLog;
  readonly logger: Logger;
  readonly historyChanged: (sequence: number) => void;
}

/**
 * Takes sessions away: one line in the store's log is the commit, the files go after it. To be called while nothing else
 * changes the shape of the trees: what is planned must stay as it is.
 */
export class Deletions {
  readonly #parts: DeletionsParts;

  constructor(parts: DeletionsParts) {
    this.#parts = parts;
  }

  /** What a deletion would do. Rejects with the ClientError that would refuse it. */
  async plan(input: DeleteSession): Promise<Deleted> {
    const { index } = this.#parts;
    this.#refuse(input);
    if (input.mode === 'REPARENT') return { deletedIds: [input.id], reparentedIds: index.childIds(input.id) };
    const deletedIds: string[] = [];
    await eachAtPace(index.subtree(input.id), ({ id }) => deletedIds.push(id));
    return { deletedIds, reparentedIds: [] };
  }

  async delete(input: DeleteSession, operation: Operation | undefined): Promise<Deleted> {
    const plan = await this.plan(input);
    const release = await this.#parts.writes.hold([...plan.deletedIds, ...plan.reparentedIds]);
    try {
      // What was under way to it when it was planned may have changed its version.
      this.#refuse(input);
      await this.#commit(plan, operation);
      await this.#unlink(plan.deletedIds);
      return plan;
    } finally {
      release();
    }
  }

  #refuse({ id, mode, expectedVersion: expected }: DeleteSession): void {
    const row = this.#parts.index.row(id);
    if (!row) throw new SessionNotFoundError(id);
    if (expected != null && expected !== row.version) throw ConflictError.version(id, expected, row.version);
    if (mode === 'RESTRICT' && row.child_count > 0) throw new SessionHasChildrenError(id, row.child_count);
  }

  async #commit({ deletedIds, reparentedIds }: Deleted, operation: Operation | undefined): Promise<void> {
    const { index, shapeLog } = this.#parts;
    const sessions: Tombstone[] = [];
    const sequences: number[] = [];
    await eachAtPace(deletedIds, (id) => {
      const row = index.row(id)!;
      sequences.push(row.seq);
      sessions.push(tombstoneOf(row, index.operationsOf(id)));
    });
    const count = reparentedIds.length;
    await shapeLog.commit(
      (seq, at) => {
        // They come one after the other, each with a number of its own, the last with that of the mutation.
        const children = reparentedIds.map((id, n) => ({
          id,
          version: index.row(id)!.version + 1,
          arrival: seq - count + 1 + n,
        }));
        const reparented = count > 0 ? children : undefined;
        return { ...stampOf(seq, at, operation), op: 'delete', sessions, reparented };
      },
      { sessions: deletedIds.length + count, numbers: Math.max(1, count) },
    );
    for (const sequence of sequences) this.#parts.historyChanged(sequence);
  }

  /** The deletion is committed: what cannot be removed now is removed at the next start. */
  async #unlink(ids: readonly string[]): Promise<void> {
    const { layout, files, logger } = this.#parts;
    const directories = new Set<string>();
    const removed: PromiseSettledResult<void>[] = [];
    for (let from = 0; from < ids.length; from += FEW) {
      const removing = ids.slice(from, from + FEW).map((id) => {
        const path = absoluteSessionPath(layout.root, id);
        directories.add(dirname(path));
        return files.remove(path);
      });
      removed.push(...(await Promise.allSettled(removing)));
    }
    const synced = await Promise.allSettled(
      [...directories].map((directory) => files.syncDirectory(directory)),
    );
    for (const outcome of [...removed, ...synced]) {
      if (outcome.status === 'fulfilled') continue;
      logger.error({ err: outcome.reason }, 'a deleted session: its file is removed at the next start');
    }
  }
}
