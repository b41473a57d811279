import { mkdir, rename, unlink } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from '../../observer.ts';
import { syncDirectory } from '../disk/directory-sync.ts';
import type { Layout } from '../layout.ts';
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
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A file of the journal is this large before the next is begun: a start after a crash reads what there is. */
const FULL = 4 * 1024 * 1024;
const MOST_BEHIND = 4;

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
  #roomWanted: PromiseWithResolvers<void> | null = null;
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
   * `bytes` were written at `offset` of the file `path`: resolves once that is sure to last. None: what was written from there on
   * was taken back. Rejects where it could not be made sure of; then it is as if it had not been asked for.
   */
  add(path: string, offset: number, bytes: Buffer): Promise<void> {
    const name = relative(this.#parts.layout.root, path).replaceAll(sep, '/');
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry: { path: name, offset, bytes }, resolve, reject });
      if (this.#working) return;
      this.#working = true;
      this.#work();
    });
  }

  /** Gives back the room that it takes on the disk. */
  makeRoom(): Promise<void> {
    this.#roomWanted ??= Promise.withResolvers<void>();
    const { promise } = this.#roomWanted;
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
        await this.#write(batch.map(({ entry }) => entry));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        await this.#abandon();
        for (const { reject } of batch) reject(error);
      }
    }
    this.#working = false;
    if (this.#roomWanted) this.#retireCurrent();
  }

  async #write(entries: readonly JournalEntry[]): Promise<void> {
    // Writing must not outrun the disk for long: what it is behind is room taken, and work at the next start.
    if (!this.#current && this.#behind > MOST_BEHIND) await this.#retiring;
    this.#current ??= await this.#begin();
    await this.#current.write(entries);
    if (this.#roomWanted || this.#current.size >= FULL) this.#retireCurrent();
  }

  async #begin(): Promise<Segment> {
    const { layout, store } = this.#parts;
    if (await mkdir(layout.journal, { recursive: true })) await syncDirectory(layout.root);
    this.#number += 1;
    const segment = await Segment.create(segmentPath(layout, this.#number), store);
    try {
      await syncDirectory(layout.journal);
      return segment;
    } catch (error) {
      await segment.close();
      throw error;
    }
  }

  /** After a failure: nothing more is written to this part, and none of what failed may count later. */
  async #abandon(): Promise<void> {
    // What failed is told to those who asked for it. That it could not be cut off either matters only if the power goes.
    await this.#current?.takeBack().catch(() => {});
    this.#retireCurrent();
    await this.#retiring;
  }

  #retireCurrent(): void {
    const segment = this.#current;
    this.#current = null;
    if (segment) this.#retire(segment.path, segment.files, segment);
    this.#roomWanted?.resolve(this.#retiring);
    this.#roomWanted = null;
  }

  /** Dispenses with a part of the journal, after those before it. */
  #retire(path: string, files: NamedFiles, open?: Segment): void {
    this.#behind += 1;
    this.#retiring = this.#retiring.then(async () => {
      try {
        await open?.close();
        if (await this.#sync(files)) await unlink(path);
        else await this.#keep(path);
      } catch (err) {
        this.#kept = true;
        this.#parts.logger.error({ err }, 'a part of the journal could not be removed');
      }
      this.#behind -= 1;
    });
  }

  /** For the next start, which writes anew what it says. */
  async #keep(path: string): Promise<void> {
    this.#kept = true;
    await rename(path, unsyncedPath(path));
  }

  /** Are all these files on the disk now? */
  async #sync({ paths, folders }: NamedFiles): Promise<boolean> {
    const { layout, logger, onUnsynced } = this.#parts;
    const failures = await syncFiles({ root: layout.root, names: [...paths, ...folders] });
    for (const { name, error } of failures) {
      logger.error({ err: error, path: name }, 'could not sync: the journal keeps what was written there');
      onUnsynced(layout.root + sep + name.replaceAll('/', sep));
    }
    return failures.length === 0;
  }
}
