import { join } from 'node:path';
import type { Logger } from '../../observer.ts';
import { isSettled, isUnchangedInFolder, lookAt } from '../disk/known-file.ts';
import { listShard } from '../disk/shard-folders.ts';
import { absoluteSessionPath, type Layout, SHARDS, sessionIdOfFileName, shardOf } from '../format/layout.ts';
import type { IndexDatabase } from '../index/database.ts';
import type { IndexedFile } from '../index/sessions-table.ts';

/**
 * Files and folders checked between two rests, and the length of a rest. The sweep checks a thousand files a
 * second, and uses a hundredth of one core.
 */
const CHECKS_BETWEEN_RESTS = 100;
const REST_MS = 100;
/** Milliseconds from the end of a round to the next round. */
const ROUND_MS = 60_000;

export interface SweepParts {
  readonly db: IndexDatabase;
  readonly layout: Layout;
  readonly logger: Logger;
  /** Called for one session at a time: its file was changed or added, is being written to, or had a fault. */
  readonly changed: (id: string) => Promise<void>;
  /** Called at the end of each round. */
  readonly ended: () => Promise<void>;
}

/**
 * Checks all sessions in the background while the store is open. The sweep finds files that differ from
 * the index, and files that are not indexed. Cached sessions are skipped: requests check those.
 */
export class Sweep {
  readonly #parts: SweepParts;
  #timer: NodeJS.Timeout;
  #wake: () => void = () => {};
  #running: Promise<void> = Promise.resolve();
  #stopped = false;
  /** Checks since the last rest. */
  #looks = 0;
  /** The times of the folders when they were last listed. */
  readonly #listed = new Map<string, number>();

  constructor(parts: SweepParts) {
    this.#parts = parts;
    this.#timer = this.#nextRound();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#wake();
    await this.#running;
  }

  #nextRound(): NodeJS.Timeout {
    return setTimeout(() => {
      this.#running = this.#round();
    }, ROUND_MS).unref();
  }

  async #round(): Promise<void> {
    const { db, logger, ended } = this.#parts;
    try {
      await this.#lookAtSessions();
      for (const id of db.quarantine.faultySessions()) {
        await this.#changed(id);
        await this.#looked();
      }
      for (const shard of SHARDS) await this.#lookIntoFolder(shard);
      if (!this.#stopped) await ended();
    } catch (err) {
      logger.error({ err }, 'looking for changed files failed; it begins anew in a while');
    }
    if (!this.#stopped) this.#timer = this.#nextRound();
  }

  async #lookAtSessions(): Promise<void> {
    const { db, layout } = this.#parts;
    let files: IndexedFile[];
    let after = 0;
    do {
      files = db.sessions.filesAfter(after, CHECKS_BETWEEN_RESTS);
      for (const known of files) {
        if (!isUnchangedInFolder(absoluteSessionPath(layout.root, known.id), known))
          await this.#changed(known.id);
        await this.#looked();
      }
      after = files.at(-1)?.sequence ?? after;
    } while (files.length === CHECKS_BETWEEN_RESTS && !this.#stopped);
  }

  /** Lists the folder only if its time has changed: otherwise no file was added. */
  async #lookIntoFolder(shard: string): Promise<void> {
    const { db, layout } = this.#parts;
    if (this.#stopped) return;
    const time = lookAt(join(layout.sessions, shard))?.mtimeMs;
    if (time === this.#listed.get(shard)) return this.#looked();
    let isThrough = time !== undefined && isSettled(time, Date.now());
    const { entries } = listShard(layout, shard);
    for (const { name } of entries ?? []) {
      const id = sessionIdOfFileName(name);
      if (id !== null && shardOf(id) === shard && !db.sessions.has(id))
        isThrough = (await this.#changed(id)) && isThrough;
      await this.#looked();
    }
    if (entries && isThrough && !this.#stopped) this.#listed.set(shard, time!);
  }

  /** False if the file could not be checked. */
  async #changed(id: string): Promise<boolean> {
    if (this.#stopped) return false;
    try {
      await this.#parts.changed(id);
      return true;
    } catch (err) {
      this.#parts.logger.error(
        { err, session: id },
        'looking for a changed file failed; it goes on with the next',
      );
      return false;
    }
  }

  /** Rests if a rest is due. */
  async #looked(): Promise<void> {
    this.#looks += 1;
    if (this.#looks % CHECKS_BETWEEN_RESTS !== 0 || this.#stopped) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#timer = setTimeout(resolve, REST_MS).unref();
    });
  }
}
