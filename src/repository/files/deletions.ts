import { dirname, join } from 'node:path';
import { ConflictError, SessionHasChildrenError, SessionNotFoundError } from '../../model/errors.ts';
import type { Operation } from '../../model/operation.ts';
import type { DeleteSession } from '../repository.ts';
import type { Committer } from './commit/committer.ts';
import type { DurableFiles } from './disk/durable.ts';
import type { IndexDatabase } from './index/database.ts';
import type { IndexReader } from './index/reader.ts';
import { IndexWriter } from './index/writer.ts';
import { type Layout, sessionPath } from './layout.ts';
import { encodeLine } from './line.ts';
import type { Logger } from './options.ts';
import { eachAtPace } from './pace.ts';
import { type DeleteRecord, parseTombstone, stampOf, type Tombstone } from './record.ts';
import type { SessionWrites } from './session-writes.ts';
import { tombstoneOf } from './tombstone.ts';

export interface DeletionsParts {
  readonly layout: Layout;
  readonly db: IndexDatabase;
  readonly index: IndexReader;
  readonly writer: IndexWriter;
  readonly files: DurableFiles;
  readonly committer: Committer;
  readonly writes: SessionWrites;
  readonly logger: Logger;
  /** Bytes of `store.jsonl`. */
  readonly storeLogSize: number;
}

/** So many sessions go in one go: some milliseconds. */
const FEW = 200;

/** Takes sessions away: one line in the store's log is the commit, the files go after it. */
export class Deletions {
  readonly #parts: DeletionsParts;
  #storeLogSize: number;

  constructor(parts: DeletionsParts) {
    this.#parts = parts;
    this.#storeLogSize = parts.storeLogSize;
  }

  /**
   * The ids that a deletion would take, in pre-order. To be called while nothing is created, moved or deleted: the subtree
   * must stay as it is. Rejects with the ClientError that would refuse it.
   */
  async plan(input: DeleteSession): Promise<string[]> {
    const { index } = this.#parts;
    this.#refuse(input);
    const ids: string[] = [];
    await eachAtPace(index.subtree(input.id), ({ id }) => ids.push(id));
    return ids;
  }

  /** The ids that went, in pre-order. To be called as `plan`. */
  async delete(input: DeleteSession, operation: Operation | undefined): Promise<string[]> {
    const ids = await this.plan(input);
    const release = await this.#parts.writes.hold(ids);
    try {
      // What was under way to it when it was planned may have changed its version.
      this.#refuse(input);
      await this.#commit(ids, operation);
      await this.#unlink(ids);
      return ids;
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

  async #commit(ids: readonly string[], operation: Operation | undefined): Promise<void> {
    const { layout, db, index, writer, files, committer } = this.#parts;
    const sessions: object[] = [];
    const tombstones: Tombstone[] = [];
    await eachAtPace(ids, (id) => {
      const tombstone = tombstoneOf(index.row(id)!, index.operationsOf(id));
      sessions.push(tombstone);
      tombstones.push(parseTombstone(tombstone));
    });
    this.#storeLogSize += await committer.commit({
      prepare: (seq) => {
        const at = new Date();
        const line = encodeLine({ ...stampOf(seq, at, operation), op: 'delete', sessions });
        const record: DeleteRecord = { seq, at: at.getTime(), operation, op: 'delete', sessions: tombstones };
        return { line, record };
      },
      write: ({ line }) => files.append({ path: layout.storeLog, size: this.#storeLogSize }, line),
      change: ({ line, record }) => {
        const size = this.#storeLogSize + line.length;
        if (ids.length <= FEW) {
          return () => {
            writer.applyDeletion(record);
            db.setMeta('store_log_size', size);
            return line.length;
          };
        }
        return {
          *inSteps(own) {
            yield* new IndexWriter(own).deletionSteps(record);
            own.setMeta('store_log_size', size);
            return line.length;
          },
        };
      },
      undo: () => files.undo({ path: layout.storeLog, size: this.#storeLogSize }),
    });
  }

  /** The deletion is committed: what cannot be removed now is removed at the next start. */
  async #unlink(ids: readonly string[]): Promise<void> {
    const { layout, files, logger } = this.#parts;
    const directories = new Set<string>();
    const removed: PromiseSettledResult<void>[] = [];
    for (let from = 0; from < ids.length; from += FEW) {
      const removing = ids.slice(from, from + FEW).map((id) => {
        const path = join(layout.root, sessionPath(id));
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
