import type { ModelUsage, SessionRollup } from '../../../model/rollup.ts';
import type { ChildFilter, Session, SessionFilter, SessionOrder } from '../../../model/session.ts';
import type { Sight } from '../../../model/sight.ts';
import type { ChangesPage, ChangesRequest } from '../../changes.ts';
import { countLimitOf, type ReadOptions } from '../../read-options.ts';
import {
  type ChildrenRequest,
  type ChildrenScope,
  EMPTY_PAGE,
  type ForksRequest,
  type ForksScope,
  type HistoryRequest,
  type HistoryScope,
  type ListKey,
  type Page,
  type PageRequest,
  type SpawnedRequest,
  type StoreStatus,
  type UsageReportRequest,
} from '../../reads.ts';
import type { MessageLocation } from '../../records/session-state.ts';
import { inOrder } from '../../runtime/in-order.ts';
import type { TimeSlices } from '../runtime/pace.ts';
import { ancestorsOf } from './ancestors.ts';
import { changesPage } from './changes/changes-page.ts';
import { childMatch } from './child-match.ts';
import type { IndexDatabase } from './database.ts';
import { descendantsPage } from './descendants-page.ts';
import { countBelow, filteredChildren } from './filtered-children.ts';
import { countHistory, historyPage } from './histories.ts';
import { seesSession } from './in-sight.ts';
import { modelUsagesOf } from './model-usage.ts';
import { PacedReads } from './paced-reads.ts';
import type { IndexReader } from './reader.ts';
import { rollupsOf } from './rollup.ts';
import { SessionLists } from './session-lists.ts';
import { heldMetadata, type SessionRow } from './session-row.ts';
import { spawnedBy } from './spawned.ts';
import type { Steps } from './steps.ts';
import { storeStatus } from './store-status.ts';
import type { IndexTables } from './tables.ts';
import { walkTree } from './tree-walk.ts';
import { beginReport, type ReportBegun } from './usage-report.ts';

/** Bytes of sessions that are made of their rows in one step. A row counts as some bytes beside its metadata. */
const MADE_BYTES = 128 * 1024;
const ROW_BYTES = 256;

/** Which sessions beneath a session a read is about. */
interface DescendantsScope {
  readonly maxDepth: number | null;
  readonly filter?: ChildFilter | null | undefined;
}

/**
 * The reads that can take long: of many sessions, or past many rows. Each answers a whole batch from one state of the index, at
 * a pace that leaves time for other requests, and stops once it is over.
 */
export class IndexWalks {
  readonly #reader: IndexReader;
  readonly #reads: PacedReads;

  constructor(db: IndexDatabase, reader: IndexReader, turns: TimeSlices) {
    this.#reader = reader;
    this.#reads = new PacedReads(db.tables, turns, db.isShared);
  }

  /** Ends all reads, which reject with a StorageError. */
  close(): void {
    this.#reads.close();
  }

  /** Which of these sessions are in sight. */
  inSight(ids: readonly string[], sight: Sight, options?: ReadOptions): Promise<boolean[]> {
    return this.#each(ids, (tables, id) => seesSession(tables, id, sight), options);
  }

  children(requests: readonly ChildrenRequest[], options?: ReadOptions): Promise<Page<Session>[]> {
    return this.#each(requests, (tables, request) => this.#children(tables, request), options);
  }

  countChildren(scopes: readonly ChildrenScope[], options?: ReadOptions): Promise<number[]> {
    const count = (tables: IndexTables, { parentId, filter }: ChildrenScope) =>
      countBelow(tables, parentId, 1, childMatch(filter), countLimitOf(options));
    return this.#each(scopes, count, options);
  }

  descendants(
    ids: readonly string[],
    page: PageRequest<string>,
    { maxDepth, filter }: DescendantsScope,
    options?: ReadOptions,
  ): Promise<Page<Session>[]> {
    const depth = maxDepth ?? Number.POSITIVE_INFINITY;
    const match = childMatch(filter);
    return this.#each(
      ids,
      (tables, id) => this.#made(descendantsPage(tables, id, page, depth, match)),
      options,
    );
  }

  countDescendants(
    ids: readonly string[],
    { maxDepth, filter }: DescendantsScope,
    options?: ReadOptions,
  ): Promise<number[]> {
    const depth = maxDepth ?? Number.POSITIVE_INFINITY;
    const match = childMatch(filter);
    return this.#each(
      ids,
      (tables, id) => countBelow(tables, id, depth, match, countLimitOf(options)),
      options,
    );
  }

  forks(requests: readonly ForksRequest[], options?: ReadOptions): Promise<Page<Session>[]> {
    return this.#each(
      requests,
      (tables, request) => this.#made(new SessionLists(tables).forks(request)),
      options,
    );
  }

  countForks(scopes: readonly ForksScope[], options?: ReadOptions): Promise<number[]> {
    const count = (tables: IndexTables, { sessionId, sight }: ForksScope) =>
      new SessionLists(tables).countForks(sessionId, sight, countLimitOf(options));
    return this.#each(scopes, count, options);
  }

  /** The session that each tool call spawned; null if it spawned none. */
  spawned(calls: readonly SpawnedRequest[], options?: ReadOptions): Promise<(Session | null)[]> {
    return this.#each(calls, (tables, call) => this.#spawned(tables, call), options);
  }

  /**
   * The ids of the sessions beneath a session, in pre-order. `check` gets the row of the session first, and may throw. Each id
   * counts as a walked row.
   */
  idsBeneath(
    id: string,
    maxDepth: number | null,
    check: (top: SessionRow | undefined) => void,
    options?: ReadOptions,
  ): Promise<string[]> {
    return this.#reads.run(function* (tables) {
      const top = tables.sessions.row(id);
      check(top);
      const ids: string[] = [];
      const depth = maxDepth ?? Number.POSITIVE_INFINITY;
      for (const { row } of top ? walkTree(tables, top, 'forward', depth, undefined) : []) {
        ids.push(row.id);
        yield 1;
      }
      return ids;
    }, options);
  }

  /** The sessions with keys among a session and all beneath it. */
  keyed(id: string, options?: ReadOptions): Promise<KeyedSession[]> {
    return this.#reads.run(function* (tables) {
      const keyed: KeyedSession[] = [];
      const top = tables.sessions.row(id);
      if (!top || tables.sessionKeys.isEmpty()) return keyed;
      const take = ({ id: each, key }: SessionRow) => key !== null && keyed.push({ id: each, key });
      take(top);
      for (const { row } of walkTree(tables, top, 'forward', Number.POSITIVE_INFINITY, undefined)) {
        take(row);
        yield 1;
      }
      return keyed;
    }, options);
  }

  ancestors(ids: readonly string[], options?: ReadOptions): Promise<Session[][]> {
    return this.#reads.run(
      (tables) => ancestorsOf(tables, ids, (row) => this.#reader.sessionOf(row)),
      options,
    );
  }

  async rollups(ids: readonly string[], options?: ReadOptions): Promise<(SessionRollup | null)[]> {
    const rollups = await this.#reads.run((tables) => rollupsOf(tables, ids), options);
    return ids.map((id) => rollups.get(id) ?? null);
  }

  async modelUsages(
    ids: readonly string[],
    options?: ReadOptions,
  ): Promise<(readonly ModelUsage[] | null)[]> {
    const usages = await this.#reads.run((tables) => modelUsagesOf(tables, ids), options);
    return ids.map((id) => usages.get(id) ?? null);
  }

  /** Begins a report: the caller adds what is still to be read from files, whose bytes are charged already. */
  beginReport(request: UsageReportRequest, options?: ReadOptions): Promise<ReportBegun> {
    let told = 0;
    return this.#reads.run((tables) => {
      // A read that begins again does not charge again.
      let bytes = 0;
      return beginReport(tables, request, (more) => {
        bytes += more;
        if (bytes <= told) return;
        options?.onRead?.(bytes - told);
        told = bytes;
      });
    }, options);
  }

  list(
    filter: SessionFilter,
    order: SessionOrder,
    page: PageRequest<ListKey>,
    options?: ReadOptions,
  ): Promise<Page<Session>> {
    return this.#reads.run(
      (tables) => this.#made(new SessionLists(tables).page(filter, order, page)),
      options,
    );
  }

  status(sight: Sight | null, options?: ReadOptions): Promise<StoreStatus> {
    return this.#reads.run((tables) => storeStatus(tables, sight), options);
  }

  count(filter: SessionFilter, options?: ReadOptions): Promise<number> {
    return this.#reads.run(
      (tables) => new SessionLists(tables).count(filter, countLimitOf(options)),
      options,
    );
  }

  /** Where the messages of each page lie in the file; empty pages for unknown sessions. */
  histories(requests: readonly HistoryRequest[], options?: ReadOptions): Promise<HistoryPlaces[]> {
    return this.#each(
      requests,
      function* (tables, request) {
        const row = tables.sessions.row(request.sessionId);
        return { row, page: yield* historyPage(tables, request) };
      },
      options,
    );
  }

  countHistories(requests: readonly HistoryScope[], options?: ReadOptions): Promise<number[]> {
    const count = (tables: IndexTables, scope: HistoryScope) =>
      countHistory(tables, scope, countLimitOf(options));
    return this.#each(requests, count, options);
  }

  changesSince(request: ChangesRequest, options?: ReadOptions): Promise<ChangesPage> {
    return this.#reads.run((tables) => changesPage(tables, request), options);
  }

  /** The sessions that the tree change with this sequence number lists, in its order. */
  changedBy(seq: number): Promise<string[]> {
    return this.#reads.run((tables) => tables.treeChanges.changedBy(seq));
  }

  /** The ids that the deletion with this sequence number removed, in its order. */
  deletedBy(seq: number): Promise<string[]> {
    return this.#reads.run((tables) => tables.tombstones.deletedBy(seq));
  }

  /** The answers to a batch, all from one state of the index. */
  #each<Key, Value>(
    keys: readonly Key[],
    read: (tables: IndexTables, key: Key) => Steps<Value>,
    options?: ReadOptions,
  ): Promise<Value[]> {
    return this.#reads.run(function* (tables) {
      const values: Value[] = [];
      for (const key of keys) {
        values.push(yield* read(tables, key));
        yield 0;
      }
      return values;
    }, options);
  }

  *#children(tables: IndexTables, { parentId, page, filter }: ChildrenRequest): Steps<Page<Session>> {
    const parent = tables.sessions.row(parentId);
    if (!parent || parent.childCount === 0) return EMPTY_PAGE;
    const match = childMatch(filter);
    if (match) return yield* this.#pageOf(yield* filteredChildren(tables, parent, page, match));
    const isWhole = page.after === undefined && page.before === undefined && parent.childCount <= page.limit;
    if (isWhole)
      return yield* this.#pageOf({ items: yield* tables.sessions.children(parent), hasMore: false });
    const more = { ...page, limit: page.limit + 1 };
    return yield* this.#pageOf(inOrder(yield* tables.sessions.childrenPage(parent.sequence, more), page));
  }

  *#spawned(tables: IndexTables, call: SpawnedRequest): Steps<Session | null> {
    const row = yield* spawnedBy(tables, call);
    return row && this.#reader.sessionOf(row);
  }

  *#made(rows: Steps<Page<SessionRow>>): Steps<Page<Session>> {
    return yield* this.#pageOf(yield* rows);
  }

  *#pageOf({ items, hasMore }: Page<SessionRow>): Steps<Page<Session>> {
    const sessions: Session[] = [];
    let bytes = 0;
    for (const row of items) {
      sessions.push(this.#reader.sessionOf(row));
      bytes += ROW_BYTES + heldMetadata(row);
      if (bytes < MADE_BYTES) continue;
      bytes = 0;
      yield 0;
    }
    return { items: sessions, hasMore };
  }
}

export interface KeyedSession {
  readonly id: string;
  readonly key: string;
}

/** What the index knows of a page of a history. */
export interface HistoryPlaces {
  /** Undefined if there is no such session. */
  readonly row: SessionRow | undefined;
  readonly page: Page<MessageLocation>;
}
