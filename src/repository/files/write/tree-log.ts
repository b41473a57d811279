import { lstatSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { StorageError } from '../../../model/errors.ts';
import { stampOf } from '../../records/record.ts';
import type { StoreClock } from '../../runtime/store-clock.ts';
import type { Committer } from '../commit/committer.ts';
import { storageError } from '../disk/storage-error.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import type { Layout } from '../format/layout.ts';
import { encodeLine, encodeLongLine } from '../format/line.ts';
import type { FormatRecord, TreeRecord } from '../format/store-record.ts';
import type { IndexDatabase } from '../index/database.ts';
import { TreeChangeWriter } from '../index/tree-change-writer.ts';
import { crcOfFileAtPace } from '../scan/crc-of-file.ts';
import { FORMAT } from '../scan/store-id.ts';
import type { StoreLogFile } from '../scan/store-log.ts';

/** Sessions that are changed without yielding: some milliseconds of work. */
export const SESSIONS_AT_ONCE_MAX = 200;

export interface TreeLogParts {
  readonly layout: Layout;
  readonly db: IndexDatabase;
  readonly files: DurableFiles;
  readonly committer: Committer;
  readonly clock: StoreClock;
  /** The log as the start has read it. */
  readonly storeLog: StoreLogFile;
}

/** What a change of the trees is like. */
export interface TreeChangeExtent {
  /** How many sessions it changes. */
  readonly sessions: number;
  /** The root of the only tree that it changes; null if sessions can come into a tree or leave one. */
  readonly rootId: string | null;
  /** How many sequence numbers it takes. Default: 1. */
  readonly numbers?: number;
}

/** Commits changes of the trees, each as one line in the store's log. The caller must hold the tree lock exclusively. */
export class TreeLog {
  readonly #parts: TreeLogParts;
  #size: number;
  /** The log's mtime in milliseconds; null during a write and after a failed one. */
  #mtime: number | null;
  /** CRC-32 of the log. */
  #crc: number;
  /** The latest format that the log announces. */
  #format: number;

  constructor(parts: TreeLogParts) {
    this.#parts = parts;
    const { size, mtime, crc, format } = parts.storeLog;
    this.#size = size;
    this.#mtime = mtime;
    this.#crc = crc;
    this.#format = format;
  }

  /** False for the log of an older store: lines of this format may not be written before `announceFormat`. */
  get isFormatAnnounced(): boolean {
    return this.#format >= FORMAT;
  }

  /** Says in the log of an older store that its lines can be of this format from here on. */
  async announceFormat(): Promise<void> {
    if (!this.isFormatAnnounced) await this.noteNumber();
  }

  /** Writes a line that changes nothing, after which no number up to its own is given out again. */
  async noteNumber(): Promise<void> {
    await this.#commit((seq, at) => ({ ...stampOf(seq, at, undefined), op: 'format', format: FORMAT }), {
      isLarge: false,
      rootId: null,
    });
    this.#format = FORMAT;
  }

  /**
   * Commits a change. `make` gets the change's sequence number and time. With `numbers` above 1 that many sequence numbers are
   * allocated, for the arrivals of reparented children; `make` gets the last of them.
   */
  async commit(
    make: (seq: number, at: Date) => TreeRecord,
    { sessions, rootId, numbers }: TreeChangeExtent,
  ): Promise<TreeRecord> {
    return await this.#commit(make, { isLarge: sessions > SESSIONS_AT_ONCE_MAX, rootId, numbers });
  }

  async #commit<Record extends TreeRecord | FormatRecord>(
    make: (seq: number, at: Date) => Record,
    { isLarge, rootId, numbers }: Omit<TreeChangeExtent, 'sessions'> & { readonly isLarge: boolean },
  ): Promise<Record> {
    const { layout, db, files, committer, clock } = this.#parts;
    const { record, bytes } = await committer.commit({
      ...(numbers !== undefined && { numbers }),
      ...(rootId !== null && { rootOf: () => rootId }),
      prepare: (seq) => make(seq, clock.now()),
      write: async (record) => {
        const bytes = isLarge ? await encodeLongLine(record) : encodeLine(record);
        await this.#append(bytes);
        return bytes;
      },
      change: (record, bytes) => {
        const size = this.#size + bytes.length;
        const done = { record, bytes };
        if (!isLarge) {
          return () => {
            if (record.op !== 'format') new TreeChangeWriter(db, clock).apply(record);
            db.storeLogSize = size;
            return done;
          };
        }
        return {
          *inSteps(own) {
            if (record.op !== 'format') yield* new TreeChangeWriter(own, clock).steps(record);
            own.storeLogSize = size;
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

  /** Throws a StorageError if another program changed the log: the index then differs from it until the next start. */
  async #lookAtIt(): Promise<void> {
    const { layout, files } = this.#parts;
    const path = layout.storeLog;
    // After a failed write, `DurableFiles.append` itself verifies the content of the file.
    if (this.#mtime === null || files.isInDoubt(path)) return;
    if (await files.isAsKnown(path, { size: this.#size, mtime: this.#mtime })) return;
    if (!(await this.#isSame(path)))
      throw new StorageError(
        'The log of the store was changed by another program: nothing was recorded. The server must be restarted.',
        false,
      );
    await files.letGo(path);
  }

  /** True if the log's content is unchanged, so that only its mtime differs. */
  async #isSame(path: string): Promise<boolean> {
    const size = lstatSync(path, { throwIfNoEntry: false })?.size;
    return size === this.#size && (await crcOfFileAtPace(path)) === this.#crc;
  }
}
