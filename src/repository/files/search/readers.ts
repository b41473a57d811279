import type { DatabaseSync } from 'node:sqlite';
import { openDatabase } from '../index/open-database.ts';
import { Statements } from '../index/statements.ts';
import { CancelledError } from './work.ts';

/** Idle connections that are kept open. */
const IDLE_CONNECTIONS_MAX = 2;
/** The most connections at one time: each takes some memory. */
const CONNECTIONS_MAX = 32;

/** True if a message of this session (by sequence number), this role and this `copyMark` is wanted. */
export type Filter = (session: number, role: number, mark: number) => boolean;

/** A read-only connection. */
export class Reader {
  readonly database: DatabaseSync;
  readonly statements: Statements;
  readonly #filters = new Map<number, Filter>();
  #lastFilter = 0;

  constructor(path: string) {
    this.database = openDatabase(path, { readOnly: true });
    this.statements = new Statements(this.database);
    this.database.function('passes', (filter, session, role, mark) =>
      Number(this.#filters.get(Number(filter))!(Number(session), Number(role), Number(mark))),
    );
  }

  /**
   * Runs `work`, whose queries can call the filter as `passes(number, session, role, mark)` with the number that
   * `work` is given.
   */
  async filtering<T>(filter: Filter, work: (number: number) => Promise<T>): Promise<T> {
    this.#lastFilter += 1;
    const number = this.#lastFilter;
    this.#filters.set(number, filter);
    try {
      return await work(number);
    } finally {
      this.#filters.delete(number);
    }
  }

  close(): void {
    this.database.close();
  }
}

interface Snapshot {
  readonly reader: Reader;
  /** Number of the state that the snapshot was begun for; null if it has none. */
  readonly state: number | null;
  readonly generation: number;
  users: number;
  isFailed: boolean;
}

/**
 * Read-only connections to a database. A request that rests between turns keeps one snapshot. A later request
 * joins the snapshot if it asks for the same state; otherwise it gets a newer snapshot on another connection.
 */
export class Readers {
  readonly #path: string;
  readonly #idle: Reader[] = [];
  readonly #waiting: (() => void)[] = [];
  #newest: Snapshot | null = null;
  #open = 0;
  #generation = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Incremented when the database is discarded: earlier reads say nothing about its successor. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * Runs `work` on one snapshot of the database: of the state with this number or a later one, or, for null,
   * of the present.
   */
  async use<T>(state: number | null, work: (reader: Reader) => Promise<T>): Promise<T> {
    let snapshot = this.#join(state);
    while (!snapshot) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      snapshot = this.#join(state);
    }
    snapshot.users += 1;
    try {
      return await work(snapshot.reader);
    } catch (error) {
      // The connection of a request that was cancelled is as good as before.
      if (!(error instanceof CancelledError)) snapshot.isFailed = true;
      throw error;
    } finally {
      snapshot.users -= 1;
      if (snapshot.users === 0) this.#end(snapshot);
    }
  }

  /** Closes idle connections now, and the others once they are no longer used. */
  close(): void {
    this.#generation += 1;
    this.#newest = null;
    for (const reader of this.#idle.splice(0)) reader.close();
  }

  #join(state: number | null): Snapshot | null {
    if (state !== null && this.#newest?.state === state && !this.#newest.isFailed) return this.#newest;
    if (this.#open >= CONNECTIONS_MAX) return null;
    const reader = this.#idle.pop() ?? new Reader(this.#path);
    reader.statements.exec('BEGIN');
    this.#open += 1;
    const snapshot = { reader, state, generation: this.#generation, users: 0, isFailed: false };
    if (state !== null) this.#newest = snapshot;
    return snapshot;
  }

  #end(snapshot: Snapshot): void {
    const { reader, generation, isFailed } = snapshot;
    if (this.#newest === snapshot) this.#newest = null;
    this.#open -= 1;
    const isKept = !isFailed && generation === this.#generation && this.#idle.length < IDLE_CONNECTIONS_MAX;
    if (isKept) {
      reader.statements.exec('COMMIT');
      this.#idle.push(reader);
    } else {
      reader.close();
    }
    this.#waiting.shift()?.();
  }
}
