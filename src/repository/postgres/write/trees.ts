import { setTimeout as wait } from 'node:timers/promises';
import { ClientError } from '../../../model/errors.ts';
import type { Operation } from '../../../model/operation.ts';
import { recentlyUsed } from '../../runtime/recently-used.ts';
import type { StoreClock } from '../../runtime/store-clock.ts';
import { type Epoch, EpochOverError } from '../changes/epoch.ts';
import { CommitInDoubtError } from '../connection/commit-in-doubt.ts';
import type { Database } from '../connection/database.ts';
import { storageErrorOf } from '../connection/postgres-error.ts';
import type { TransactionQueries } from '../connection/queries.ts';
import { sessionRows } from '../read/session-rows.ts';
import type { Statement } from '../rows/combined.ts';
import { homesOf, type Place } from '../rows/places.ts';
import type { SessionRow } from '../rows/session-row.ts';
import { TextChanges } from '../search/text-changes.ts';
import { findOperation } from './operation-rows.ts';
import { type LockedTree, lockTrees, type TreeKey, writeTree } from './tree-rows.ts';
import {
  AlreadyAppliedError,
  AppliedTogetherError,
  inDoubt,
  isCertain,
  isDuplicate,
  isTaken,
  isTransient,
  PATIENCE_MS,
  pauseOf,
  TreesMovedError,
} from './tries.ts';

const SELECT_TREES_OF = `SELECT s.home, s.sid, s.root_home, s.root FROM sessions s
  WHERE s.home = ANY($3::int8[]) AND (s.home, s.sid) IN (SELECT * FROM unnest($1::int8[], $2::int8[]))`;

/** Sessions whose tree is remembered. */
const SEEN_MAX = 200_000;

/** What a mutation works with, while it holds the locks of its trees. */
export interface TreeTransaction {
  readonly queries: TransactionQueries;
  /** The rows of the sessions for whose sake the trees are locked, by `sid`: read behind the locks. */
  readonly rows: ReadonlyMap<number, SessionRow>;
  /** The time of the mutation: not before that of an earlier one in these trees. */
  readonly at: Date;
  /** For the `clock` columns of all rows that the transaction writes. */
  readonly clock: number;
  /** What changes in the texts that are searched; null if nothing is searched. It is sent once `work` is done. */
  readonly texts: TextChanges | null;
  /** The locked tree of a session's row. Throws a TreesMovedError if the session is in a tree that is not locked. */
  treeOf(row: { readonly root: number }): LockedTree;
  /** Adds a tree with a new root; it is written at the end. */
  addTree(tree: LockedTree): void;
}

export interface TreesParts {
  readonly database: Database;
  readonly clock: StoreClock;
  readonly epoch: Epoch;
  /** False: no text is indexed. */
  readonly isSearched: boolean;
  /** Called once a mutation is committed. */
  readonly committed: (milliseconds: number) => void;
}

/**
 * Runs mutations in transactions, each of which holds the rows of its trees: there is one mutation in a tree at a time, in all instances, and
 * what a mutation has read stays so until it is committed. The order of locks is that of trees by their roots, then new ids and keys, then
 * operations.
 */
export class Trees {
  readonly #parts: TreesParts;
  /** The tree of each session, by `sid`, as it was last seen. Out of date if another instance has moved the session since. */
  readonly #seen = recentlyUsed<number, TreeKey>(SEEN_MAX);

  constructor(parts: TreesParts) {
    this.#parts = parts;
  }

  /** The tree that a session was last seen in; null if it has none. `isFresh`: as it is now. */
  async treeOf(place: Place, isFresh = false): Promise<TreeKey | null> {
    const seen = isFresh ? undefined : this.#seen.get(place.sid);
    return seen ?? (await this.#find([place])).get(place.sid) ?? null;
  }

  /** The tree that a session was last seen in, if it is remembered. */
  seen({ sid }: Place): TreeKey | undefined {
    return this.#seen.get(sid);
  }

  /** Remembers the tree that a session was seen in. */
  saw(sid: number, { home, root }: TreeKey): void {
    this.#seen.set(sid, { home, root });
  }

  /**
   * Runs `work` while the trees of `places` are locked, and commits. Without `places`, no tree is locked. Begins again, for `PATIENCE_MS`,
   * if the connection is lost or a session has moved to another tree before the lock.
   *
   * `operations` are those that `work` records; `wasInDoubt`: an earlier try may have committed them. Where they are recorded already, a
   * call with one operation rejects with an AlreadyAppliedError. A call with several rejects with an AppliedTogetherError if a connection
   * was lost at their COMMIT, and otherwise with the error of the database.
   *
   * Also rejects with what `work` rejects with, and with a StorageError. Nothing was recorded then, unless the error says
   * `isOutcomeUnknown`.
   */
  async change<T>(
    places: readonly Place[],
    operations: readonly Operation[],
    work: (transaction: TreeTransaction) => Promise<T>,
    wasInDoubt = false,
  ): Promise<T> {
    const begun = performance.now();
    let isInDoubt = wasInDoubt;
    let isEpochOver = false;
    for (let tries = 0; ; tries += 1) {
      try {
        if (isEpochOver) await this.#parts.epoch.renew(this.#parts.database);
        const keys = await this.#keysOf(places, tries > 0);
        const result = await this.#once(keys, places, isInDoubt ? operations : [], work);
        this.#parts.committed(performance.now() - begun);
        return result;
      } catch (failure) {
        isInDoubt ||= failure instanceof CommitInDoubtError;
        const error = await this.#explained(failure, operations, isInDoubt);
        isEpochOver = error instanceof EpochOverError;
        // Two of one transaction may want the same id or key: whoever shares it runs them one by one.
        const isAmongThem = operations.length > 1 && tries > 0 && isTaken(error);
        if (isAmongThem || (!isEpochOver && !isTransient(error)))
          throw isInDoubt && !isCertain(error) ? inDoubt(error) : storageErrorOf(error);
        if (performance.now() - begun > PATIENCE_MS) throw isInDoubt ? inDoubt(error) : storageErrorOf(error);
        await wait(pauseOf(error, tries));
      }
    }
  }

  /** Whether texts are indexed. */
  get isSearched(): boolean {
    return this.#parts.isSearched;
  }

  /**
   * Runs mutations that are one statement, a transaction by itself. `statement` is given the SELECT of the clock, which has no row if the epoch
   * is over, and the time. Rejects with what the database says, or with a CommitInDoubtError, and tries nothing again.
   */
  async changeAtOnce<Row extends { readonly at: number }>(
    statement: (selectClock: string, at: number) => Statement,
  ): Promise<Row[]> {
    const { database, clock, epoch, committed } = this.#parts;
    const begun = performance.now();
    const rows = await database.change<Row>(...statement(epoch.selectClock, clock.now().getTime()));
    for (const { at } of rows) clock.follow(at);
    if (rows.length > 0) committed(performance.now() - begun);
    return rows;
  }

  /** Why a try failed: an AlreadyAppliedError in place of an error that the mutation itself has caused by an earlier try. */
  async #explained(error: unknown, operations: readonly Operation[], isInDoubt: boolean): Promise<unknown> {
    if (operations.length !== 1) return error;
    // A refusal may come of what the mutation itself has done: the id is taken, the session is gone.
    if (!isDuplicate(error, 'operations_pkey') && !(isInDoubt && error instanceof ClientError)) return error;
    try {
      const applied = await findOperation(this.#parts.database, operations[0]!);
      return applied ? new AlreadyAppliedError(applied) : error;
    } catch (lost) {
      return lost;
    }
  }

  async #keysOf(places: readonly Place[], isFresh: boolean): Promise<TreeKey[]> {
    const keys = new Map<number, TreeKey>();
    const unseen: Place[] = [];
    for (const place of places) {
      const seen = isFresh ? undefined : this.#seen.get(place.sid);
      if (seen) keys.set(seen.root, seen);
      else unseen.push(place);
    }
    if (unseen.length > 0) for (const key of (await this.#find(unseen)).values()) keys.set(key.root, key);
    return [...keys.values()].sort((one, other) => one.root - other.root);
  }

  async #find(places: readonly Place[]): Promise<Map<number, TreeKey>> {
    const found = new Map<number, TreeKey>();
    const rows = await this.#parts.database.rows<{ sid: number; root_home: number; root: number }>(
      SELECT_TREES_OF,
      [places.map(({ home }) => home), places.map(({ sid }) => sid), homesOf(places)],
    );
    for (const { sid, root_home: home, root } of rows) {
      found.set(sid, { home, root });
      this.saw(sid, { home, root });
    }
    return found;
  }

  #once<T>(
    keys: readonly TreeKey[],
    places: readonly Place[],
    inDoubt: readonly Operation[],
    work: (transaction: TreeTransaction) => Promise<T>,
  ): Promise<T> {
    const { database, clock, epoch, isSearched } = this.#parts;
    return database.transaction(async (queries) => {
      const locked = lockTrees(queries, keys);
      const numbered = epoch.clock(queries);
      // Sent with the locks, and run behind them: each statement sees what was committed before it began.
      const sessions = sessionRows(queries, places);
      // Behind the locks, an earlier try has come to its end.
      const recorded = Promise.all(inDoubt.map((operation) => findOperation(queries, operation)));
      const [rows, own, read, found] = await Promise.all([locked, numbered, sessions, recorded]);
      const applied = found.filter((each) => each !== undefined);
      if (applied.length > 0)
        throw inDoubt.length === 1 ? new AlreadyAppliedError(applied[0]!) : new AppliedTogetherError(applied);
      if (rows.length < keys.length) throw new TreesMovedError();
      const trees = new Map(rows.map((tree) => [tree.root, tree]));
      const before = new Map(rows.map((tree) => [tree, tree.number]));
      for (const { at } of rows) clock.follow(at);
      const at = clock.now();
      const added: LockedTree[] = [];
      const texts = isSearched ? new TextChanges() : null;
      const result = await work({
        queries,
        rows: read,
        at,
        clock: own,
        texts,
        treeOf: ({ root }) => {
          const tree = trees.get(root);
          if (!tree) throw new TreesMovedError();
          return tree;
        },
        addTree: (tree) => {
          trees.set(tree.root, tree);
          added.push(tree);
        },
      });
      await texts?.send(queries);
      for (const tree of rows)
        if (tree.number > before.get(tree)!) writeTree(queries, tree, { at, clock: own, isNew: false });
      for (const tree of added) writeTree(queries, tree, { at, clock: own, isNew: true });
      return result;
    });
  }
}
