import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { IndexConnection } from './connection.ts';
import { GuestsTable } from './guests-table.ts';
import { MessageKeysTable } from './message-keys-table.ts';
import { MessagesTable } from './messages-table.ts';
import { OperationsTable } from './operations-table.ts';
import { QuarantineTable } from './quarantine-table.ts';
import * as schema from './schema.ts';
import { SessionKeysTable } from './session-keys-table.ts';
import { SessionsTable } from './sessions-table.ts';
import { TermsTable } from './terms-table.ts';
import { TombstonesTable } from './tombstones-table.ts';
import { ToolResultsTable } from './tool-results-table.ts';
import { TreeChangesTable } from './tree-changes-table.ts';
import { TREE_TIMES } from './tree-times.ts';
import { UsageTable } from './usage-table.ts';

/** The tables of one connection. */
export class IndexTables {
  readonly connection: IndexConnection;
  readonly sessions: SessionsTable;
  readonly terms: TermsTable;
  readonly messages: MessagesTable;
  readonly messageKeys: MessageKeysTable;
  readonly usage: UsageTable;
  readonly toolResults: ToolResultsTable;
  readonly sessionKeys: SessionKeysTable;
  readonly guests: GuestsTable;
  readonly operations: OperationsTable;
  readonly quarantine: QuarantineTable;
  readonly treeChanges: TreeChangesTable;
  readonly tombstones: TombstonesTable;
  /** How often places of sessions were computed anew. */
  relinks = 0;

  /** Keeps about `recentBytes` of recently used sessions in memory. */
  constructor(database: DatabaseSync, recentBytes: number) {
    const connection = new IndexConnection(database, () => this.sessions.forget());
    this.connection = connection;
    this.sessions = new SessionsTable(connection, recentBytes);
    this.terms = new TermsTable(connection);
    this.messages = new MessagesTable(connection);
    this.messageKeys = new MessageKeysTable(connection);
    this.usage = new UsageTable(connection);
    this.toolResults = new ToolResultsTable(connection);
    this.sessionKeys = new SessionKeysTable(connection);
    this.guests = new GuestsTable(connection);
    this.operations = new OperationsTable(connection);
    this.quarantine = new QuarantineTable(connection);
    this.treeChanges = new TreeChangesTable(connection);
    this.tombstones = new TombstonesTable(connection);
  }

  /** Creates empty tables. SQL indexes and the mark of completeness follow once all rows are inserted. */
  begin(): void {
    this.connection.configure(schema.TABLES);
    this.connection.filling = true;
    this.treeChanges.lookIfEmpty();
  }

  /** Writes queued rows: while the index is being built, rows are queued and inserted in batches. */
  flushQueues(): void {
    this.sessions.flush();
    this.messages.flush();
    this.messageKeys.flush();
    this.usage.flush();
    this.toolResults.flush();
    this.sessionKeys.flush();
    this.terms.flush();
  }

  /** For the `IndexWriter`, which also records the sessions whose parents cannot be read. */
  relink(): void {
    this.relinks += 1;
    // A session that is added after its parent takes its place from the parent, and is counted at once. If this
    // holds for all sessions, nothing is left to compute.
    if (!this.connection.filling || this.connection.flushed().get(schema.ANY_WITHOUT_PLACE)) {
      this.connection.exec(schema.PLACE);
      this.connection.exec(schema.COUNT_CHILDREN);
    }
    this.connection.exec(TREE_TIMES);
    this.connection.exec(schema.PLACE_KEYS);
    this.connection.exec(schema.PLACE_GUESTS);
    this.connection.exec(schema.COUNT_ALL);
    this.sessions.forget();
  }

  meta(key: string): unknown {
    // The rows of `meta` are never pending.
    return this.connection.written.get<{ value: unknown }>('SELECT value FROM meta WHERE key = ?', key)
      ?.value;
  }

  setMeta(key: string, value: SQLInputValue): void {
    const sql = 'INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value';
    this.connection.run(sql, key, value);
  }

  /** Says when another program last changed sessions: another text each time. Null if none did since the index was built. */
  changedOutside(): string | null {
    return (this.meta('changed_outside') as string | undefined) ?? null;
  }

  /** Call after another connection of this process has changed the tables: nothing that was read before is relied on. */
  changedElsewhere(): void {
    this.connection.behind.noteChange();
    this.treeChanges.changedElsewhere();
    this.sessions.forget();
  }

  /** Runs `work` in one transaction. Changes of rows that may be pending are committed later. */
  transaction(work: () => void): void {
    try {
      this.connection.behind.transaction(work);
    } catch (error) {
      this.sessions.forget();
      throw error;
    }
  }
}
