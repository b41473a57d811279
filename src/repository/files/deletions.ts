import { dirname, join } from 'node:path';
import { ConflictError, SessionHasChildrenError, SessionNotFoundError } from '../../model/errors.ts';
import type { Operation } from '../../model/operation.ts';
import type { DeleteSession } from '../repository.ts';
import type { Committer } from './commit/committer.ts';
import type { DurableFiles } from './disk/durable.ts';
import type { IndexDatabase } from './index/database.ts';
import type { IndexReader } from './index/reader.ts';
import type { SessionRow } from './index/session-row.ts';
import type { IndexWriter } from './index/writer.ts';
import { type Layout, sessionPath } from './layout.ts';
import { encodeLine } from './line.ts';
import type { Logger } from './options.ts';
import { parseStoreRecord, stampOf } from './record.ts';
import type { SessionWrites } from './session-writes.ts';
import { deletionOf } from './tombstone.ts';

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

/** Takes sessions away: one line in the store's log is the commit, the files go after it. */
export class Deletions {
  readonly #parts: DeletionsParts;
  #storeLogSize: number;

  constructor(parts: DeletionsParts) {
    this.#parts = parts;
    this.#storeLogSize = parts.storeLogSize;
  }

  /** What a deletion would take, in pre-order. Throws the ClientError that would refuse it. */
  plan(input: DeleteSession): SessionRow[] {
    const { index } = this.#parts;
    const row = index.row(input.id);
    if (!row) throw new SessionNotFoundError(input.id);
    const { expectedVersion: expected } = input;
    if (expected != null && expected !== row.version)
      throw ConflictError.version(input.id, expected, row.version);
    if (input.mode === 'RESTRICT' && row.child_count > 0) {
      throw new SessionHasChildrenError(input.id, row.child_count);
    }
    return index.subtree(input.id);
  }

  /** The ids that went, in pre-order. To be called while nothing is created: the subtree must stay as it is. */
  async delete(input: DeleteSession, operation: Operation | undefined): Promise<string[]> {
    const { index, writes } = this.#parts;
    const release = await writes.hold(index.subtree(input.id).map(({ id }) => id));
    try {
      const doomed = this.plan(input);
      await this.#commit(doomed, operation);
      const ids = doomed.map(({ id }) => id);
      await this.#unlink(ids);
      return ids;
    } finally {
      release();
    }
  }

  async #commit(doomed: readonly SessionRow[], operation: Operation | undefined): Promise<void> {
    const { layout, db, index, writer, files, committer } = this.#parts;
    this.#storeLogSize += await committer.commit({
      prepare: (seq) => {
        const wire = deletionOf(stampOf(seq, new Date(), operation), doomed, (id) => index.operationsOf(id));
        const parsed = parseStoreRecord(wire);
        if ('fault' in parsed || parsed.record.op !== 'delete') {
          throw new Error('A deletion that could not be read back.');
        }
        return { bytes: encodeLine(wire), record: parsed.record };
      },
      write: ({ bytes }) => files.append({ path: layout.storeLog, size: this.#storeLogSize }, bytes),
      apply: ({ bytes, record }) => {
        writer.applyDeletion(record);
        db.setMeta('store_log_size', this.#storeLogSize + bytes.length);
        return bytes.length;
      },
      undo: () => files.undo({ path: layout.storeLog, size: this.#storeLogSize }),
    });
  }

  /** The deletion is committed: what cannot be removed now is removed at the next start. */
  async #unlink(ids: readonly string[]): Promise<void> {
    const { layout, files, logger } = this.#parts;
    const directories = new Set<string>();
    const removing = ids.map((id) => {
      const path = join(layout.root, sessionPath(id));
      directories.add(dirname(path));
      return files.remove(path);
    });
    const removed = await Promise.allSettled(removing);
    const synced = await Promise.allSettled(
      [...directories].map((directory) => files.syncDirectory(directory)),
    );
    for (const outcome of [...removed, ...synced]) {
      if (outcome.status === 'fulfilled') continue;
      logger.error({ err: outcome.reason }, 'a deleted session: its file is removed at the next start');
    }
  }
}
