import { rename, unlink } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from '../../../observer.ts';
import { syncDirectory } from '../../disk/directory-sync.ts';
import { makeFolder } from '../../disk/make-folder.ts';
import { type Layout, nameInStore, pathInStore } from '../../format/layout.ts';
import type { JournalEntry } from './entry.ts';
import type { NamedFiles } from './named-files.ts';
import type { LeftSegment } from './replay.ts';
import { Segment } from './segment.ts';
import { segmentFiles, segmentPath, unsyncedPath } from './segment-files.ts';
import { syncFiles } from './sync-files.ts';

export interface JournalParts {
  readonly layout: Layout;
  readonly store: string;
  readonly logger: Logger;
  /** Called with the path of a file that could not be synced. */
  readonly onUnsynced: (path: string) => void;
}

interface Waiting {
  readonly entry: JournalEntry;
  readonly made: Promise<void> | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Bytes at which a segment is full and the next one begins. A start after a crash reads all remaining segments. */
const SEGMENT_BYTES = 4 * 1024 * 1024;
/** Full segments that await removal, beyond which their files are synced side by side. */
const FULL_SEGMENTS_AT_LEISURE = 1;
/** The most full segments that await removal. Beyond this, writes wait. */
const FULL_SEGMENTS_MAX = 4;
/**
 * Syncs at a time beside requests: half of the threads that a server has for its files. Four syncs take a sixth of the time of four in
 * turn.
 */
const SYNCS_BESIDE_REQUESTS = 4;
/** Syncs at a time when the store closes: more than there are threads. */
const SYNCS_AT_CLOSE = 32;

const NOTHING = Buffer.alloc(0);

/**
 * A write-ahead log for appends to any number of files: one write and one sync make a batch durable. After a
 * power cut, the next start replays the journal into the files. Once a segment is full, the files that it
 * names are synced and the segment is removed.
 */
export class Journal {
  readonly #parts: JournalParts;
  #number: number;
  #current: Segment | null = null;
  #waiting: Waiting[] = [];
  #working = false;
  #released: PromiseWithResolvers<void> | null = null;
  #retiring: Promise<void> = Promise.resolve();
  /** Segments whose files are not all synced yet. */
  #behind = 0;
  /** True if a segment stays, because its files could not be synced or it could not be removed. */
  #kept = false;
  #isClosing = false;
  /** Aborted while too many segments await removal, and when the store closes. */
  #hurry = new AbortController();
  /** Resolved when the next segment is removed or kept. */
  #retired: PromiseWithResolvers<void> | null = null;

  constructor(parts: JournalParts) {
    this.#parts = parts;
    this.#number = segmentFiles(parts.layout).at(-1)?.number ?? 0;
  }

  /** Retires the segments that an earlier process left, as `replayJournal` has read them. */
  retireLeft(left: readonly LeftSegment[]): void {
    for (const { path, files } of left) this.#retire(path, files);
  }

  /**
   * Records that `bytes` were written at `offset` of the file `path`. Resolves once the entry is durable; if
   * it rejects, nothing was recorded. For a file that is still to be created, `made` settles when the
   * creation is over.
   */
  add(path: string, offset: number, bytes: Buffer, made?: Promise<void>): Promise<void> {
    const name = nameInStore(this.#parts.layout, path);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry: { path: name, offset, bytes }, made, resolve, reject });
      if (this.#working) return;
      this.#working = true;
      this.#work();
    });
  }

  /** Supersedes all entries of the file from `offset` on: no replay restores them. */
  async forget(path: string, offset: number): Promise<void> {
    // If this entry cannot be written, `#abandon` retires every segment instead.
    await this.add(path, offset, NOTHING).catch(() => {});
  }

  /** Frees the journal's room on the disk: syncs the files that it names, and removes its segments. */
  release(): Promise<void> {
    this.#released ??= Promise.withResolvers<void>();
    const { promise } = this.#released;
    if (!this.#working) this.#retireCurrent();
    return promise;
  }

  /** As `release`. Resolves with true if nothing is left of what the journal held when it was called. */
  async empty(): Promise<boolean> {
    await this.release();
    return !this.#kept;
  }

  /**
   * Call when no entry is waiting. Resolves with true if the journal is empty: all that it held is in synced
   * files.
   */
  async close(): Promise<boolean> {
    this.#isClosing = true;
    this.#hurry.abort();
    this.#retireCurrent();
    await this.#retiring;
    return !this.#kept;
  }

  async #work(): Promise<void> {
    // Entries added in one turn are one batch; entries added while a batch is written form the next batch.
    for (await nextTurn(); this.#waiting.length > 0; await nextTurn()) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#write(batch);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        await this.#abandon();
        for (const { reject } of batch) reject(error);
      }
    }
    this.#working = false;
    if (this.#released) this.#retireCurrent();
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    // Writing must not outrun the syncs for long: each segment in the backlog takes room, and work at the
    // next start.
    while (!this.#current && this.#behind > FULL_SEGMENTS_MAX) {
      this.#retired ??= Promise.withResolvers();
      await this.#retired.promise;
    }
    this.#current ??= await this.#begin();
    await this.#current.write(batch.map(({ entry }) => entry));
    for (const { made } of batch) if (made) this.#current.making.push(made);
    if (this.#released || this.#current.size >= SEGMENT_BYTES) this.#retireCurrent();
  }

  async #begin(): Promise<Segment> {
    const { layout, store } = this.#parts;
    if (makeFolder(layout.journal)) await syncDirectory(layout.root);
    this.#number += 1;
    const path = segmentPath(layout, this.#number);
    const segment = await Segment.create(path, store);
    try {
      await syncDirectory(layout.journal);
      return segment;
    } catch (error) {
      await segment.close();
      // The segment holds nothing: if it stays, the next start removes it.
      await unlink(path).catch(() => {});
      throw error;
    }
  }

  /** After a failed write: ends this segment, and ensures that no failed entry is replayed later. */
  async #abandon(): Promise<void> {
    // The callers of the failed entries learn of the failure.
    await this.#current?.takeBack().catch(() => {});
    this.#retireCurrent();
    await this.#retiring;
  }

  #retireCurrent(): void {
    const segment = this.#current;
    this.#current = null;
    if (segment) this.#retire(segment.path, segment.files, segment);
    this.#released?.resolve(this.#retiring);
    this.#released = null;
  }

  /** Syncs a segment's files and removes the segment, after all earlier segments. */
  #retire(path: string, files: NamedFiles, open?: Segment): void {
    this.#behind += 1;
    if (this.#behind > FULL_SEGMENTS_AT_LEISURE) this.#hurry.abort();
    this.#retiring = this.#retiring.then(async () => {
      try {
        await Promise.all(open?.making ?? []);
        await open?.close();
        const canGo = (await this.#syncSessionFiles(files)) && !(this.#kept && files.takesBack);
        if (canGo) await this.#remove(path);
        else await this.#keep(path);
      } catch (err) {
        this.#kept = true;
        this.#parts.logger.error(
          { err },
          'a part of the journal could not be removed: the next start reads it',
        );
      }
      this.#behind -= 1;
      if (this.#behind <= FULL_SEGMENTS_AT_LEISURE && !this.#isClosing) this.#hurry = new AbortController();
      this.#retired?.resolve();
      this.#retired = null;
    });
  }

  /** Durably: if a segment came back, so would writes that a later segment superseded. */
  async #remove(path: string): Promise<void> {
    await unlink(path);
    await syncDirectory(this.#parts.layout.journal);
  }

  /** Keeps a segment for the next start, which writes its entries again. */
  async #keep(path: string): Promise<void> {
    this.#kept = true;
    await rename(path, unsyncedPath(path));
  }

  /** Resolves with true once all these files are synced. */
  async #syncSessionFiles({ names }: NamedFiles): Promise<boolean> {
    const { layout, logger, onUnsynced } = this.#parts;
    const { signal } = this.#hurry;
    const width = () => (this.#isClosing ? SYNCS_AT_CLOSE : SYNCS_BESIDE_REQUESTS);
    const failures = await syncFiles({ root: layout.root, names }, { hurry: { signal, width } });
    for (const { name, error } of failures) {
      logger.error({ err: error, path: name }, 'could not sync: the journal keeps what was written there');
      onUnsynced(pathInStore(layout, name));
    }
    return failures.length === 0;
  }
}
