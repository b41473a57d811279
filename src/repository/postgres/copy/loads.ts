import {
  type Dump,
  type DumpedOperation,
  type DumpedSession,
  type DumpedTombstone,
  type Loaded,
  type LoadOptions,
  LoadRefusedError,
} from '../../dump.ts';
import { StoreClock } from '../../runtime/store-clock.ts';
import type { Epoch } from '../changes/epoch.ts';
import type { Database } from '../connection/database.ts';
import type { TransactionQueries } from '../connection/queries.ts';
import { type Columns, insertRows, withNewRows } from '../rows/insert.ts';
import type { Places } from '../rows/places.ts';
import { ownerColumn, type SessionRow } from '../rows/session-row.ts';
import { OPERATION_COLUMNS } from '../write/operation-rows.ts';
import type { Surroundings } from '../write/tree-work.ts';
import { Forest } from './forest.ts';
import { beginLoad, endLoad, lockLoad } from './load-mark.ts';
import { LOADED, loadedLast, loadedOperation } from './loaded-rows.ts';
import { BEFORE_ALL, IN_ORDER_AFTER, type OrderPlace } from './order.ts';
import { Portion } from './portion.ts';
import { Source } from './source.ts';

const SELECT_THERE = `SELECT s.root, s.path, s.sid, s.id, s.version, s.history_length, s.next_ordinal
  FROM sessions s ${IN_ORDER_AFTER} LIMIT 1000`;

type ThereRow = Pick<
  SessionRow,
  'root' | 'path' | 'sid' | 'id' | 'version' | 'history_length' | 'next_ordinal'
>;

/** New sessions come after all that were loaded. */
const RAISE_NUMBERS =
  "SELECT setval('session_numbers', greatest($1::int8, (SELECT last_value FROM session_numbers)))";

interface TombstoneRow {
  readonly id: string;
  readonly parent_id: string | null;
  readonly owner: string;
  readonly arrival: number;
  readonly clock: number;
  readonly last: string | null;
}

const TOMBSTONE_COLUMNS: Columns<TombstoneRow> = {
  id: 'text',
  parent_id: 'text',
  owner: 'text',
  arrival: 'int8',
  clock: 'int8',
  last: 'text',
};

/** A tombstone needs no place in a tree: cursors of the other store are refused here. Each gets a home of its own. */
const INSERT_TOMBSTONES = withNewRows(
  TOMBSTONE_COLUMNS,
  (rows) => `WITH numbered AS (SELECT given.*, nextval('session_numbers') AS sid FROM ${rows} AS given
      WHERE NOT EXISTS (SELECT 1 FROM ids i WHERE i.id = given.id)),
    named AS (INSERT INTO ids (id, home, sid) SELECT id, sid, sid FROM numbered)
  INSERT INTO tombstones (home, sid, id, parent, parent_id, root, root_home, owner, path, arrival, number, place, clock, created_clock, last)
  SELECT sid, sid, id, NULL, parent_id, sid, sid, owner, ''::bytea, arrival, ${LOADED}, 0, clock, clock, last FROM numbered`,
);

const INSERT_OPERATIONS = insertRows('operations', OPERATION_COLUMNS, 'ON CONFLICT (caller, id) DO NOTHING');

export interface LoadsParts {
  readonly database: Database;
  readonly places: Places;
  readonly epoch: Epoch;
  readonly storeId: string;
  readonly isSearched: boolean;
}

type Counts = { -readonly [Name in keyof Loaded]: Loaded[Name] };

/** One load. What is committed stays: sessions in the order of the dump, so that those that are there are its beginning. */
interface Loading {
  readonly sourceId: string;
  readonly source: Source;
  readonly forest: Forest;
  readonly counts: Counts;
  /** The highest `sequence` so far. */
  highest: number;
  readonly report: () => void;
}

/** Copies other stores into this one, in transactions of bounded size. `load-mark.ts` says what is copied, until all is there. */
export class Loads {
  readonly #parts: LoadsParts;
  readonly #clock = new StoreClock();

  constructor(parts: LoadsParts) {
    this.#parts = parts;
  }

  /** `told` gives an error of the database its words; errors of the dump stay as they are. */
  async load(dump: Dump, { onProgress }: LoadOptions, told: (error: unknown) => Error): Promise<Loaded> {
    if (dump.storeId === this.#parts.storeId) throw LoadRefusedError.itself();
    const counts: Counts = { sessions: 0, messages: 0, tombstones: 0, operations: 0, sessionsBefore: 0 };
    const source = new Source(dump);
    const report = () => onProgress?.(counts);
    const loading = { sourceId: dump.storeId, source, forest: new Forest(), counts, highest: 0, report };
    try {
      await this.#load(loading);
      return counts;
    } catch (error) {
      source.throwFailure();
      throw error instanceof LoadRefusedError ? error : told(error);
    } finally {
      await source.close();
    }
  }

  async #load(loading: Loading): Promise<void> {
    const { database } = this.#parts;
    const { source, sourceId, counts, report } = loading;
    await database.transaction((queries) => beginLoad(queries, sourceId));
    // Raised here only to fail early if the role may not.
    await database.rows(RAISE_NUMBERS, [1]);
    await this.#skipThere(loading);
    for (let isMore = true; isMore; ) isMore = await this.#portion(loading);
    source.throwFailure();
    await database.rows(RAISE_NUMBERS, [Math.max(1, loading.highest)]);
    for (let part = await source.part(); part; part = await source.part()) {
      if (part.type === 'session') throw new Error('Expected all sessions of a dump before its other parts.');
      if (part.type === 'tombstones') {
        await this.#tombstones(sourceId, part.tombstones);
        counts.tombstones += part.tombstones.length;
      }
      if (part.type === 'operations') {
        await this.#operations(sourceId, part.operations);
        counts.operations += part.operations.length;
      }
      report();
    }
    source.throwFailure();
    await database.transaction(endLoad);
  }

  /** Passes over the sessions that an earlier load has brought. Rejects with a LoadRefusedError if one of them is not as in the dump. */
  async #skipThere(loading: Loading): Promise<void> {
    const { source, counts } = loading;
    for (let after: OrderPlace = BEFORE_ALL; ; ) {
      const rows = await this.#parts.database.rows<ThereRow>(SELECT_THERE, [after.root, after.path]);
      for (const row of rows) {
        const session = await source.session();
        source.throwFailure();
        if (!session || !isSame(row, session, this.#placed(loading, session)))
          throw LoadRefusedError.changed(row.id);
        counts.sessionsBefore += 1;
        loading.report();
      }
      if (rows.length === 0) return;
      after = rows.at(-1)!;
    }
  }

  /** Loads some sessions. False once there are no more. */
  #portion(loading: Loading): Promise<boolean> {
    const { isSearched } = this.#parts;
    return this.#writing(loading.sourceId, async (queries, clock) => {
      const portion = new Portion({ queries, clock, at: this.#clock.now(), isSearched });
      let isMore = true;
      while (!portion.isFull) {
        const session = await loading.source.session();
        isMore = session !== null;
        if (!session) break;
        await portion.add(session, this.#placed(loading, session), loading.source.messages(session));
        loading.report();
      }
      await portion.end();
      return isMore;
    });
  }

  #placed(loading: Loading, session: DumpedSession): Surroundings {
    const { counts, forest } = loading;
    counts.sessions += 1;
    counts.messages += session.historyLength + session.droppedCount;
    loading.highest = Math.max(loading.highest, session.sequence);
    return forest.place(session);
  }

  async #tombstones(sourceId: string, tombstones: readonly DumpedTombstone[]): Promise<void> {
    await this.#writing(sourceId, async (queries, clock) => {
      const rows = tombstones.map(({ id, parentId, arrival, ownerId, last }) => {
        return {
          id,
          parent_id: parentId,
          owner: ownerColumn(ownerId),
          arrival,
          clock,
          last: loadedLast({ last }),
        };
      });
      queries.send(INSERT_TOMBSTONES.sql, INSERT_TOMBSTONES.values(rows));
    });
  }

  async #operations(sourceId: string, operations: readonly DumpedOperation[]): Promise<void> {
    const places = await this.#parts.places.of(operations.map(({ sessionId }) => sessionId));
    await this.#writing(sourceId, async (queries) => {
      const rows = operations.flatMap((operation) => {
        const place = places.get(operation.sessionId);
        // Nothing is known of the session: the operation has no answer.
        return place ? [loadedOperation(operation, place)] : [];
      });
      queries.send(INSERT_OPERATIONS.sql, INSERT_OPERATIONS.values(rows));
    });
  }

  /** Runs `work` in a transaction of this load alone, with the clock of the rows that it writes. */
  #writing<T>(
    sourceId: string,
    work: (queries: TransactionQueries, clock: number) => Promise<T>,
  ): Promise<T> {
    const { database, epoch } = this.#parts;
    return database.transaction(async (queries) => {
      const [clock] = await Promise.all([epoch.clock(queries), lockLoad(queries, sourceId)]);
      return await work(queries, clock);
    });
  }
}

function isSame(row: ThereRow, session: DumpedSession, { path }: Surroundings): boolean {
  return (
    row.id === session.id &&
    row.sid === session.sequence &&
    row.version === session.version &&
    row.history_length === session.historyLength &&
    row.next_ordinal === session.nextOrdinal &&
    row.path.equals(path)
  );
}
