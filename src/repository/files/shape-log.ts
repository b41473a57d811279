import { statSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { StorageError } from '../../model/errors.ts';
import { crcOfFile } from './clean-stop.ts';
import type { Committer } from './commit/committer.ts';
import type { DurableFiles } from './disk/durable.ts';
import { storageError } from './disk/storage-error.ts';
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
  /** The log's time, in milliseconds; null while it is written, and after a write that failed. */
  #mtime: number | null;
  /** CRC-32 of the log. */
  #crc: number;

  constructor(parts: ShapeLogParts) {
    this.#parts = parts;
    this.#size = parts.storeLogSize;
    this.#mtime = statSync(parts.layout.storeLog).mtimeMs;
    this.#crc = crcOfFile(parts.layout.storeLog);
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
    const { record, bytes } = await committer.commit({
      prepare: (seq) => {
        const record = make(seq, new Date());
        return { bytes: encodeLine(record), record };
      },
      write: ({ bytes }) => this.#append(bytes),
      change: ({ bytes, record }) => {
        const size = this.#size + bytes.length;
        const done = { record, bytes };
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
    this.#size += bytes.length;
    this.#crc = crc32(bytes, this.#crc);
    return record;
  }

  async #append(bytes: Buffer): Promise<void> {
    const { layout, files } = this.#parts;
    const path = layout.storeLog;
    await this.#lookAtIt().catch((error) => {
      throw storageError(error);
    });
    this.#mtime = null;
    this.#mtime = await files.append({ path, size: this.#size }, bytes);
  }

  /** Where somebody else has changed the log, the index says what it no longer does: that takes a new start to put right. */
  async #lookAtIt(): Promise<void> {
    const { layout, files } = this.#parts;
    const path = layout.storeLog;
    // After a write that failed, the append itself sees to it that nothing but what is known is there.
    if (this.#mtime === null || files.isInDoubt(path)) return;
    if (await files.isAsKnown(path, { size: this.#size, mtime: this.#mtime })) return;
    if (!this.#isSame(path))
      throw new StorageError(
        'The log of the store was changed by another program: nothing was recorded. The server must be restarted.',
        false,
      );
    await files.letGo(path);
  }

  /** Has it only another time, and nothing else in it? */
  #isSame(path: string): boolean {
    return statSync(path, { throwIfNoEntry: false })?.size === this.#size && crcOfFile(path) === this.#crc;
  }
}
