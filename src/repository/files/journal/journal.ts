import { mkdir, rename, unlink } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from '../../observer.ts';
import { syncDirectory } from '../disk/directory-sync.ts';
import { type Layout, nameInStore, pathInStore } from '../layout.ts';
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
  /** What an earlier process left, and `replayJournal` has read. */
  readonly left: readonly LeftSegment[];
  /** Told the path of a file that could not be synced. */
  readonly onUnsynced: (path: string) => void;
}

interface Waiting {
  readonly entry: JournalEntry;
  readonly made: Promise<void> | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Bytes of a file of the journal at which the next is begun: a start after a crash reads what there is. */
const FULL = 4 * 1024 * 1024;
/** Full files whose turn to go has not come, at most. */
const MOST_BEHIND = 4;

const NOTHING = Buffer.alloc(0);

/**
 * Makes appends to any number of files durable with one write and one sync: what is in the journal is put back into the files,
 * should the power take it from them. Once the files themselves are synced, which is when a part of the journal is full, that
 * part goes.
 */
export class Journal {
  readonly #parts: JournalParts;
  #number: number;
  #current: Segment | null = null;
  #waiting: Waiting[] = [];
  #working = false;
  #released: PromiseWithResolvers<void> | null = null;
  #retiring: Promise<void> = Promise.resolve();
  /** Parts whose files are not all synced yet. */
  #behind = 0;
  /** Parts stay that could not be dispensed with. */
  #kept = false;

  constructor(parts: JournalParts) {
    this.#parts = parts;
    this.#number = segmentFiles(parts.layout).at(-1)?.number ?? 0;
    for (const { path, files } of parts.left) this.#retire(path, files);
  }

  /**
   * `bytes` were written at `offset` of the file `path`: resolves once that is sure to last. Rejects where it could not be made sure of; then it is as if it had not been asked for.
   * A file that is only to be made is `made` when that settles.
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

  /** No start may put back what was written to the file from `offset` on. */
  async forget(path: string, offset: number): Promise<void> {
    // Where that cannot be said, all that was held is let go of.
    await this.add(path, offset, NOTHING).catch(() => {});
  }

  /** Gives back the room that it takes on the disk: syncs what it names, and lets go of it. */
  release(): Promise<void> {
    this.#released ??= Promise.withResolvers<void>();
    const { promise } = this.#released;
    if (!this.#working) this.#retireCurrent();
    return promise;
  }

  /** To be called when nothing waits. Says whether the journal is empty: all that it held is in files that are synced. */
  async close(): Promise<boolean> {
    this.#retireCurrent();
    await this.#retiring;
    return !this.#kept;
  }

  async #work(): Promise<void> {
    // Whatever is asked for in one turn goes together, and what is asked for while it is written goes next.
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
    // Writing must not outrun the disk for long: what it is behind is room taken, and work at the next start.
    if (!this.#current && this.#behind > MOST_BEHIND) await this.#retiring;
    this.#current ??= await this.#begin();
    await this.#current.write(batch.map(({ entry }) => entry));
    for (const { made } of batch) if (made) this.#current.making.push(made);
    if (this.#released || this.#current.size >= FULL) this.#retireCurrent();
  }

  async #begin(): Promise<Segment> {
    const { layout, store } = this.#parts;
    if (await mkdir(layout.journal, { recursive: true })) await syncDirectory(layout.root);
    this.#number += 1;
    const path = segmentPath(layout, this.#number);
    const segment = await Segment.create(path, store);
    try {
      await syncDirectory(layout.journal);
      return segment;
    } catch (error) {
      await segment.close();
      // It holds nothing: one that stays is removed at the next start.
      await unlink(path).catch(() => {});
      throw error;
    }
  }

  /** After a failure: nothing more is written to this part, and none of what failed may count later. */
  async #abandon(): Promise<void> {
    // What failed is told to those who asked for it.
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

  /** Dispenses with a part of the journal, after those before it. */
  #retire(path: string, files: NamedFiles, open?: Segment): void {
    this.#behind += 1;
    this.#retiring = this.#retiring.then(async () => {
      try {
        await Promise.all(open?.making ?? []);
        await open?.close();
        const canGo = (await this.#sync(files)) && !(this.#kept && files.takesBack);
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
    });
  }

  /** For good: were a part to come back, so would writes that a later one had taken back. */
  async #remove(path: string): Promise<void> {
    await unlink(path);
    await syncDirectory(this.#parts.layout.journal);
  }

  /** For the next start, which writes anew what it says. */
  async #keep(path: string): Promise<void> {
    this.#kept = true;
    await rename(path, unsyncedPath(path));
  }

  /** Are all these files on the disk now? */
  async #sync({ names }: NamedFiles): Promise<boolean> {
    const { layout, logger, onUnsynced } = this.#parts;
    const failures = await syncFiles({ root: layout.root, names });
    for (const { name, error } of failures) {
      logger.error({ err: error, path: name }, 'could not sync: the journal keeps what was written there');
      onUnsynced(pathInStore(layout, name));
    }
    return failures.length === 0;
  }
}
