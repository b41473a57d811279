import type { Logger } from '../observer.ts';
import type { IndexDatabase } from './index/database.ts';
import { isUnchanged, type KnownFile } from './known-file.ts';
import { absoluteSessionPath, type Layout } from './layout.ts';

/** Sessions looked at in one go, and the rest after it: a thousand a second, a hundredth of one core. */
const BATCH = 100;
const REST_MILLISECONDS = 100;
/** Between two rounds. */
const ROUND_MILLISECONDS = 60_000;

type Row = KnownFile & { readonly id: string };

/**
 * Goes round all sessions in the background, for as long as the store is open, and finds those whose files are other than the index
 * knows them. It leaves the sessions that are kept in memory alone: they are those that somebody asked for.
 */
export class Sweep {
  readonly #db: IndexDatabase;
  readonly #layout: Layout;
  readonly #changed: (id: string) => Promise<void>;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;
  #seq = 0;

  /** `changed` is called for one session after another: the file was changed, or written to this moment. */
  constructor(db: IndexDatabase, layout: Layout, changed: (id: string) => Promise<void>, logger: Logger) {
    this.#db = db;
    this.#layout = layout;
    this.#changed = changed;
    this.#logger = logger;
    this.#timer = this.#after(ROUND_MILLISECONDS);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #after(milliseconds: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#running = this.#batch();
    }, milliseconds).unref();
  }

  async #lookAt({ id, ...known }: Row): Promise<void> {
    try {
      if (!isUnchanged(absoluteSessionPath(this.#layout.root, id), known)) await this.#changed(id);
    } catch (err) {
      this.#logger.error({ err, session: id }, 'looking for a changed file failed; it goes on with the next');
    }
  }

  async #batch(): Promise<void> {
    let next = 0;
    try {
      const rows = this.#db.all<Row & { seq: number }>(
        'SELECT seq, id, size, mtime FROM sessions WHERE seq > ? ORDER BY seq LIMIT ?',
        this.#seq,
        BATCH,
      );
      if (rows.length === BATCH) next = rows.at(-1)!.seq;
      for (const row of rows) await this.#lookAt(row);
    } catch (err) {
      this.#logger.error({ err }, 'looking for changed files failed; it begins anew in a while');
    }
    this.#seq = next;
    if (!this.#stopped) this.#timer = this.#after(this.#seq === 0 ? ROUND_MILLISECONDS : REST_MILLISECONDS);
  }
}
