import { statSync } from 'node:fs';
import { StorageError } from '../../model/errors.ts';
import type { Committer } from './commit/committer.ts';
import type { DurableFiles } from './disk/durable.ts';
import type { IndexDatabase } from './index/database.ts';
import { ShapeWriter } from './index/shape-writer.ts';
import type { Layout } from './layout.ts';
import { encodeLine } from './line.ts';
import type { ShapeRecord } from './record.ts';

/** So many sessions are changed in one go: some milliseconds. */
export const FEW = 200;

export interface ShapeLogParts {
  readonly layout: Layout;
  readonly db: IndexDatabase;
  readonly files: DurableFiles;
  readonly committer: Committer;
  /** Bytes of `store.jsonl`. */
  readonly storeLogSize: number;
}

/** Commits changes of the shape of the trees: one line in the store's log is one. To be used by one at a time. */
export class ShapeLog {
  readonly #parts: ShapeLogParts;
  #size: number;
  /** The log's time, in milliseconds; null after a write that failed, which leaves another. */
  #mtime: number | null;

  constructor(parts: ShapeLogParts) {
    this.#parts = parts;
    this.#size = parts.storeLogSize;
    this.#mtime = statSync(parts.layout.storeLog).mtimeMs;
  }

  /**
   * A change of `sessions` sessions. `make` is given its sequence number and its time; `numbers` says how many numbers it
   * takes, of which it is given the last, where it needs some for places among siblings.
   */
  async commit(
    make: (seq: number, at: Date) => ShapeRecord,
    { sessions, numbers = 1 }: { readonly sessions: number; readonly numbers?: number },
  ): Promise<ShapeRecord> {
    const { layout, db, files, committer } = this.#parts;
    for (let n = 1; n < numbers; n += 1) committer.giveUp(committer.begin());
    const { record, length } = await committer.commit({
      prepare: (seq) => {
        const record = make(seq, new Date());
        return { bytes: encodeLine(record), record };
      },
      write: ({ bytes }) => this.#append(bytes),
      change: ({ bytes, record }) => {
        const size = this.#size + bytes.length;
        const done = { record, length: bytes.length };
        if (sessions <= FEW) {
          return () => {
            new ShapeWriter(db).apply(record);
            db.setMeta('store_log_size', size);
            return done;
          };
        }
        return {
          *inSteps(own) {
            yield* new ShapeWriter(own).steps(record);
            own.setMeta('store_log_size', size);
            return done;
          },
        };
      },
      undo: () => {
        this.#mtime = null;
        return files.undo({ path: layout.storeLog, size: this.#size });
      },
    });
    this.#size += length;
    return record;
  }
  /** Where somebody else has changed the log, the index says what it no longer does: that takes a new start to put right. */
  async #append(bytes: Buffer): Promise<void> {
    const { layout, files } = this.#parts;
    const path = layout.storeLog;
    if (this.#mtime !== null && !(await files.isAsKnown(path, { size: this.#size, mtime: this.#mtime })))
      throw new StorageError(
        'The log of the store was changed by another program: nothing was recorded. The server must be restarted.',
        false,
      );
    this.#mtime = null;
    this.#mtime = await files.append({ path, size: this.#size }, bytes);
  }
}
