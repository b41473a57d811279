/** What makes changes: `run` takes the words of SQL that begin and end a transaction. */
export interface Connection {
  readonly inTransaction: boolean;
  run(sql: 'BEGIN' | 'COMMIT' | 'ROLLBACK'): void;
}

/** Milliseconds for which a change may wait to be committed. */
const LONGEST_WAIT = 50;
/** Milliseconds after which other processes see it: a long query may hold up the timer. */
export const SEEN_BY_OTHERS = LONGEST_WAIT + 450;
/** Milliseconds after which a commit that failed is tried again, where no other change tries it before. */
const RETRY = 1_000;

/**
 * Changes of the index, each of them whole or not at all. A commit takes longer than what it commits, and so changes that come one
 * after the other are committed together: a page that several of them have changed is written once. This connection sees each as soon
 * as it is made. What a commit that fails takes back is made again, and waits for one that succeeds: it was answered for.
 */
export class Transactions {
  readonly #connection: Connection;
  readonly #onTakenBack: () => void;
  /** Made, and not committed. */
  #made: (() => void)[] = [];
  #timer: NodeJS.Timeout | null = null;
  /** Nothing more is made before what waits is committed. */
  #overdue = false;

  /** `onTakenBack` is called where rows are no longer what they were said to be. */
  constructor(connection: Connection, onTakenBack: () => void) {
    this.#connection = connection;
    this.#onTakenBack = onTakenBack;
  }

  /** Runs `work`, all of it or nothing. Where the commit `mayWait`, it must be possible to run it once more. */
  make(work: () => void, mayWait: boolean): void {
    if (this.#overdue) this.commit();
    if (this.#made.length === 0) this.#connection.run('BEGIN');
    try {
      work();
      if (!mayWait) this.#connection.run('COMMIT');
    } catch (error) {
      this.#makeAgain();
      throw error;
    }
    if (mayWait) this.#wait(work);
    else this.#committed();
  }

  /** Commits what waits. Where it throws, it is still to be committed. */
  commit(): void {
    if (this.#made.length === 0) return;
    try {
      if (!this.#connection.inTransaction) this.#makeAgain();
      this.#connection.run('COMMIT');
    } catch (error) {
      this.#overdue = true;
      this.#makeAgain();
      throw error;
    }
    this.#committed();
  }

  /** Commits nothing more by itself. */
  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #wait(work: () => void): void {
    this.#made.push(work);
    this.#timer ??= this.#after(LONGEST_WAIT);
  }

  #after(milliseconds: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#timer = null;
      try {
        this.commit();
      } catch {
        // Whoever wants to change more is told.
        this.#timer = this.#after(RETRY);
      }
    }, milliseconds).unref();
  }

  #committed(): void {
    this.#made = [];
    this.#overdue = false;
    this.stop();
  }

  /** After a failure: back to the last commit, and from there to what was answered for. */
  #makeAgain(): void {
    if (this.#connection.inTransaction) this.#connection.run('ROLLBACK');
    this.#onTakenBack();
    if (this.#made.length === 0) return;
    try {
      this.#connection.run('BEGIN');
      for (const work of this.#made) work();
    } catch (error) {
      this.#overdue = true;
      if (this.#connection.inTransaction) this.#connection.run('ROLLBACK');
      this.#onTakenBack();
      throw error;
    }
  }
}
