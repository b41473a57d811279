import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { StorageError } from '../../../model/errors.ts';
import type { Logger } from '../../observer.ts';
import type { ReadOptions } from '../../read-options.ts';
import type { StoreClock } from '../../runtime/store-clock.ts';
import type { Committer } from '../commit/committer.ts';
import type { HandlePool } from '../disk/handle-pool.ts';
import {
  FileStamp,
  isMaybeMoved,
  isNothingAt,
  isUnchangedInFolder,
  lookAt,
  lookInFolder,
} from '../disk/known-file.ts';
import { expectPlainFolder } from '../disk/plain-file.ts';
import { listShard } from '../disk/shard-folders.ts';
import { isFaultOfOneFile } from '../disk/unreadable-file.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { absoluteSessionPath, type Layout, SHARDS, sessionPath } from '../format/layout.ts';
import type { IndexDatabase } from '../index/database.ts';
import type { IndexReader } from '../index/reader.ts';
import { isSqliteError } from '../index/statements.ts';
import type { IndexWriter } from '../index/writer.ts';
import { unlessOver } from '../runtime/when-over.ts';
import { mendTailAtPace } from '../scan/mend-tail.ts';
import { type LargeFileScanned, scanFileAtPace } from '../scan/scan-file.ts';
import { HOMELESS } from './adoption.ts';
import { type Indexed, indexFile, type MendedFile } from './index-file.ts';
import { fileAsIndexed, isUntouched } from './outside-changes.ts';

export interface ExternalChangesParts {
  readonly layout: Layout;
  readonly store: string;
  readonly db: IndexDatabase;
  readonly index: IndexReader;
  readonly writer: IndexWriter;
  readonly handles: HandlePool;
  readonly files: DurableFiles;
  readonly committer: Pick<Committer, 'lastSeq' | 'follow'>;
  readonly clock: StoreClock;
  readonly logger: Logger;
  /** True once the store is closing: a long scan then ends. */
  readonly isClosing: () => boolean;
  /** Faulty files as the start has read them, by session id. */
  readonly faulty: ReadonlyMap<string, FileStamp>;
  /** Called after a file was read again. */
  readonly fileReplaced: (sequence: number) => void;
}

/** A file that has not changed for this long is taken to have no other writer. */
const STILL_MS = 300;
/** Checks for that before a write is refused. */
const LOOKS_MAX = 4;

/** Bytes of a file that is read at once: some milliseconds of work. */
const SMALL_BYTES = 1024 * 1024;

/** A large file as it was scanned, and what the scan depended on besides. */
export interface LargeFile extends LargeFileScanned {
  readonly acknowledged: number | null;
  readonly elsewhere: ReadonlySet<number>;
}

/** A scan that is under way, for all who need it. */
interface Scan {
  readonly result: Promise<LargeFile | null>;
  waiting: number;
}

/** Detects changes by other programs to session files while the store is open: an editor, a restored copy. */
export class ExternalChanges {
  readonly #parts: ExternalChangesParts;
  /** Stamps of the files that could not be read in full, as of the last read. */
  readonly #faulty = new Map<string, FileStamp>();
  /** Scans that are under way, by session id. */
  readonly #scans = new Map<string, Scan>();

  constructor(parts: ExternalChangesParts) {
    this.#parts = parts;
    // Some homeless sessions have been adopted since their files were read.
    for (const [id, stamp] of parts.faulty) if (parts.index.isFaulty(id)) this.#faulty.set(id, stamp);
  }

  /**
   * True if the session's file differs from the index, or is gone. For a session that is not indexed: true if
   * there is a file, unless that file is already known to be unreadable. `id` must be a valid session id.
   */
  differs(id: string): boolean {
    const { index } = this.#parts;
    const path = this.#path(id);
    const read = this.#faulty.get(id);
    if (read) return !read.isStill(path);
    if (index.isFaulty(id)) return true;
    if (index.has(id)) return !isUnchangedInFolder(path, index.row(id)!);
    // A leftover file of a deleted session does not count.
    return (lookInFolder(path)?.isFile() ?? false) && !index.tombstone(id);
  }

  /**
   * True if the file is open, and still in its place: it was compared when it was opened, and needs no further check unless a
   * part of it could not be read.
   */
  isOpen(id: string): boolean {
    const { handles, index } = this.#parts;
    const path = this.#path(id);
    if (!handles.has(path) || index.isFaulty(id)) return false;
    const descriptor = handles.descriptor(path);
    const row = index.row(id);
    return descriptor === null || row === undefined || !isMaybeMoved(descriptor, row);
  }

  /**
   * Reads the file into the index again. Call while nothing is written to the session. Rejects if the system
   * does not let the file be read, after that is reported. A torn tail is not cut: another program may still
   * be writing the file, and would continue beyond the cut.
   */
  reread(id: string, ahead: LargeFile | null = null): Promise<void> {
    return this.#reread(id, false, ahead);
  }

  /**
   * Scans the session's file ahead of a reread if that would take long; null if it would not, or if the file cannot be read. The
   * reread scans again if the file has changed meanwhile. Call without a lock: others need not wait for the scan. The scan ends once
   * all reads that wait for it are over.
   */
  async scanAhead(id: string, options?: ReadOptions): Promise<LargeFile | null> {
    let scan = this.#scans.get(id);
    if (!scan) {
      if ((lookAt(this.#path(id))?.size ?? 0) <= SMALL_BYTES) return null;
      scan = this.#beginScan(id);
    }
    scan.waiting += 1;
    try {
      return await unlessOver(scan.result, options);
    } finally {
      scan.waiting -= 1;
      if (scan.waiting === 0 && this.#scans.get(id) === scan) this.#scans.delete(id);
    }
  }

  #beginScan(id: string): Scan {
    const rested = () => {
      this.#refuseClosing();
      if (scan.waiting === 0)
        throw new StorageError('Nothing waits for the scan of this file any more.', true);
    };
    const result = this.#scanLarge(id, rested).catch((error) => {
      // The reread meets the same error, and reports it.
      if (!isFaultOfOneFile(error) && !isSqliteError(error)) throw error;
      return null;
    });
    // Reads that are over do not hear of its end.
    result.catch(() => {});
    const scan: Scan = { result, waiting: 0 };
    this.#scans.set(id, scan);
    return scan;
  }

  #refuseClosing(): void {
    if (this.#parts.isClosing())
      throw new StorageError('The store is closing: the file was not read. Try again later.', true);
  }

  async #scanLarge(id: string, rested: () => void): Promise<LargeFile> {
    const { layout, db } = this.#parts;
    expectPlainFolder(this.#path(id));
    const acknowledged = db.sessions.storedRow(id)?.size ?? null;
    const elsewhere = db.treeChanges.versionsOf(id);
    const read = await scanFileAtPace(layout.root, id, acknowledged, elsewhere, rested);
    return { ...read, acknowledged, elsewhere };
  }

  /** The scan of a large file, from `ahead` if nothing has changed since; null for a small file. Mends the file's tail if told to. */
  async #readLarge(id: string, mend: boolean, ahead: LargeFile | null): Promise<MendedFile | null> {
    const { layout, logger } = this.#parts;
    if ((lookAt(this.#path(id))?.size ?? 0) <= SMALL_BYTES) return null;
    const isCurrent = ahead !== null && this.#isCurrent(id, ahead);
    const { scanned, effects } = isCurrent ? ahead : await this.#scanLarge(id, () => this.#refuseClosing());
    const mended =
      mend && scanned.state !== null && (await mendTailAtPace(layout, sessionPath(id), scanned, logger));
    return { scanned, effects, mended };
  }

  /**
   * As `reread`, before a write: a torn tail is cut once the file has not changed for a while. Rejects with a
   * StorageError if the file keeps changing.
   */
  async rereadToWrite(id: string): Promise<void> {
    const path = this.#path(id);
    await this.#reread(id, false, null);
    for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
      const row = this.#parts.index.row(id);
      if (!row || isUnchangedInFolder(path, row)) return;
      const stamp = new FileStamp(path);
      await delay(stamp.millisecondsUntilStill(STILL_MS));
      await this.#reread(id, stamp.isSame(path), null);
    }
    throw new StorageError(
      'Expected the file of this session to be left alone, but another program is writing to it: nothing was recorded. Try again ' +
        'once that has ended.',
      true,
    );
  }

  /** True if a scan of the file would have the same result. */
  #isCurrent(id: string, { scanned, acknowledged, elsewhere }: LargeFile): boolean {
    const { db } = this.#parts;
    return (
      (scanned.stamp?.isSame(this.#path(id)) ?? false) &&
      acknowledged === (db.sessions.storedRow(id)?.size ?? null) &&
      elsewhere.symmetricDifference(db.treeChanges.versionsOf(id)).size === 0
    );
  }

  async #reread(id: string, mend: boolean, ahead: LargeFile | null): Promise<void> {
    const { db, index, writer, handles, files, committer, clock } = this.#parts;
    await handles.forget(this.#path(id));
    const before = index.row(id);
    const large = await this.#readLarge(id, mend, ahead).catch((error) => {
      // The same error is met, and reported, below.
      if (!isFaultOfOneFile(error)) throw error;
      return null;
    });
    await db.writable();
    let indexed!: Indexed;
    db.transaction(() => {
      const task = { ...this.#parts, mend, lastGiven: committer.lastSeq };
      const was = fileAsIndexed(db, id);
      indexed = indexFile(task, id, large);
      if (indexed.homeless) {
        writer.addFault({
          kind: 'file',
          path: sessionPath(id),
          line: null,
          sessionId: id,
          reason: HOMELESS,
        });
      }
      if (indexed.reshaped) this.#link(id, before === undefined);
      // A damaged session is read again and again.
      if (!isUntouched(was, fileAsIndexed(db, id))) db.noteChangeFromOutside();
    });
    index.refreshDamage(id);
    const { faulty, unreadable, lastTime = 0 } = indexed;
    if (faulty) this.#faulty.set(id, faulty);
    else this.#faulty.delete(id);
    if (unreadable) throw unreadable;
    const row = index.row(id);
    if (row) {
      // Another copy of the store may have written to the file: new writes must have later numbers and times than
      // all lines of the file.
      committer.follow(row.lastSeq);
      clock.follow(lastTime);
    }
    for (const seq of new Set([before?.sequence, row?.sequence]))
      if (seq !== undefined) this.#parts.fileReplaced(seq);
    await files.accept({ path: this.#path(id), size: row?.size ?? 0 });
  }

  /** Links a session to its parent. If the session is new (`came`) and its parent is indexed, no relink is needed. */
  #link(id: string, came: boolean): void {
    const { writer, db } = this.#parts;
    if (came && !db.sessions.isOrphan(id)) writer.linkOrphansOf(id);
    else writer.relink();
  }

  /** Clears faults of paths that are gone since, and of folders that can be listed again. */
  async forgetStrays(): Promise<void> {
    const { db, layout } = this.#parts;
    const past = db.quarantine.strayPaths().filter((path) => {
      const shard = path.slice('sessions/'.length);
      const isListed =
        SHARDS.includes(shard) &&
        (lookAt(join(layout.root, path))?.isDirectory() ?? false) &&
        listShard(layout, shard).entries !== null;
      return isListed || isNothingAt(join(layout.root, path));
    });
    if (past.length === 0) return;
    await db.writable();
    db.transaction(() => {
      for (const path of past) db.quarantine.clearStray(path);
    });
  }

  #path(id: string): string {
    return absoluteSessionPath(this.#parts.layout.root, id);
  }
}
