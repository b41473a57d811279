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

  constructor(parts: ShapeLogParts) {
    this.#parts = parts;
    this.#size = parts.storeLogSize;
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
      write: ({ bytes }) => files.append({ path: layout.storeLog, size: this.#size }, bytes),
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
      undo: () => files.undo({ path: layout.storeLog, size: this.#size }),
    });
    this.#size += length;
    return record;
  }
}
