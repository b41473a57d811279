import { StorageError } from '../../../model/errors.ts';
import { isSessionId } from '../../../model/id.ts';
import type { Logger } from '../../observer.ts';
import { type ReadOptions, throwIfOver } from '../../read-options.ts';
import type { KeyedMutex } from '../../runtime/keyed-mutex.ts';
import type { WorkUnderWay } from '../../runtime/work-under-way.ts';
import type { Committer } from '../commit/committer.ts';
import type { ReadWriteLock } from '../commit/read-write-lock.ts';
import { isOutOfDescriptors, unreadNow } from '../disk/storage-error.ts';
import { isFaultOfOneFile } from '../disk/unreadable-file.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { absoluteSessionPath, type Layout, sessionPath } from '../format/layout.ts';
import type { IndexReader } from '../index/reader.ts';
import { isSqliteError } from '../index/statements.ts';
import { Pace, STRETCH_MS } from '../runtime/pace.ts';
import type { ExternalChanges, LargeFile } from './external-changes.ts';

export interface ChangedFilesParts {
  readonly layout: Layout;
  readonly index: IndexReader;
  readonly files: DurableFiles;
  readonly committer: Pick<Committer, 'mustRestart'>;
  readonly external: ExternalChanges;
  readonly treeLock: ReadWriteLock;
  /** Ids of sessions that are being created: their files are not another program's. */
  readonly creations: KeyedMutex;
  readonly underWay: WorkUnderWay;
  /** As `SessionWrites.hold`. */
  readonly hold: (ids: readonly string[]) => Promise<() => void>;
  readonly logger: Logger;
}

/** Checks session files that other programs may have changed, and rereads the changed ones into the index. */
export class ChangedFiles {
  readonly #parts: ChangedFilesParts;

  constructor(parts: ChangedFilesParts) {
    this.#parts = parts;
  }

  /** Call before files are opened: rereads those that changed. */
  refresh(ids: readonly string[], options?: ReadOptions): Promise<void> {
    return this.#rereadEach(ids, (id) => !this.#parts.external.isOpen(id), options);
  }

  /** As `refresh`, also for files that are open: one that was shortened in its place is noticed. */
  lookAgain(ids: readonly string[], options?: ReadOptions): Promise<void> {
    return this.#rereadEach(ids, (id) => this.#parts.index.has(id), options);
  }

  async #rereadEach(
    ids: readonly string[],
    isDoubtful: (id: string) => boolean,
    options: ReadOptions | undefined,
  ): Promise<void> {
    const pace = new Pace(STRETCH_MS);
    for (const id of new Set(ids)) {
      if (isDoubtful(id)) await this.reread(id, { options });
      if (pace.isDue) await pace.rest();
      throwIfOver(options);
    }
  }

  /** As `refresh`, for one session. Call with the tree lock held. */
  async refreshInLock(id: string): Promise<void> {
    if (!this.#parts.external.isOpen(id)) await this.#rereadInLock(id, false);
  }

  /**
   * Rereads the files of those sessions that are not indexed, or are faulty, if their files were added or
   * changed. Resolves with true if any file was read.
   */
  async look(ids: readonly (string | null | undefined)[], options?: ReadOptions): Promise<boolean> {
    const { index } = this.#parts;
    const pace = new Pace(STRETCH_MS);
    let isAnyRead = false;
    for (const id of new Set(ids)) {
      // A write, which has no options, does not rest: writes that were called in a row must begin in that order.
      if (options && pace.isDue) await pace.rest();
      throwIfOver(options);
      if (id == null || !isSessionId(id) || (index.has(id) && !index.isFaulty(id))) continue;
      if (!this.#differs(id)) continue;
      await this.reread(id, { options });
      isAnyRead = true;
    }
    return isAnyRead;
  }

  /**
   * Rereads a session's file if another program changed it, and in any case if it is `known` to be damaged. `options` are those of
   * the read that needs it.
   */
  async reread(
    id: string,
    { known = false, options }: { known?: boolean; options?: ReadOptions | undefined } = {},
  ): Promise<void> {
    if (!this.#isDue(id, known)) return;
    const ahead = await this.#parts.external.scanAhead(id, options).catch((error) => {
      throw isOutOfDescriptors(error) ? unreadNow(error) : error;
    });
    // The reread may add or remove a session. A deletion or a move that was planned before holds the lock
    // exclusively, and ends first.
    await this.#parts.treeLock.shared(() => this.#rereadInLock(id, known, ahead));
  }

  /** Call with the tree lock held. */
  async #rereadInLock(id: string, known: boolean, ahead: LargeFile | null = null): Promise<void> {
    if (!this.#isDue(id, known)) return;
    const { layout, index, files, committer, external, underWay, hold, logger } = this.#parts;
    underWay.begin();
    const release = await hold([id]);
    try {
      // The difference may have been a write of this process, which has ended now.
      if (!known && !this.#differs(id)) return;
      const row = index.row(id);
      // The index may then be out of date: its sizes must not decide where files are truncated.
      if (committer.mustRestart) return;
      if (row) await files.settle({ path: absoluteSessionPath(layout.root, id), size: row.size });
      logger.warn(
        { path: sessionPath(id) },
        'another program changed the file, or it is damaged: reading it again',
      );
      await external.reread(id, ahead);
    } catch (err) {
      if (isOutOfDescriptors(err)) throw unreadNow(err);
      // The session stays readable without the reread: each line has its own checksum.
      if (!isSqliteError(err) && !isFaultOfOneFile(err) && !(err instanceof StorageError)) throw err;
      logger.error({ err, path: sessionPath(id) }, 'the index could not take in what changed');
    } finally {
      release();
      underWay.end();
    }
  }

  #isDue(id: string, known: boolean): boolean {
    return !this.#parts.underWay.isClosed && (known || this.#differs(id));
  }

  #differs(id: string): boolean {
    return !this.#parts.creations.has(id) && this.#parts.external.differs(id);
  }
}
