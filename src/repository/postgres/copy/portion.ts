import { StorageError } from '../../../model/errors.ts';
import type { DumpedMessage, DumpedSession } from '../../dump.ts';
import type { TransactionQueries } from '../connection/queries.ts';
import { insertRows, withNewRows, withRows } from '../rows/insert.ts';
import type { MessageRow } from '../rows/message-row.ts';
import type { SessionRow } from '../rows/session-row.ts';
import { TextChanges } from '../search/text-changes.ts';
import {
  INSERT_IDS,
  INSERT_KEYS,
  INSERT_MESSAGES,
  INSERT_SESSIONS,
  type KeyRow,
} from '../write/row-changes.ts';
import type { Surroundings } from '../write/tree-work.ts';
import { USAGE_COLUMNS, type UsageRow, usageRow } from '../write/usage-rows.ts';
import { LOADED, loadedMessage, loadedSession, MessageCounts } from './loaded-rows.ts';

/** What one transaction loads: sessions, messages, and bytes of texts. A larger session is loaded alone. */
const SESSIONS_MAX = 1_000;
const MESSAGES_MAX = 20_000;
const BYTES_MAX = 16 * 1024 * 1024;

/** Messages, and bytes of texts, that are sent at once. */
const MESSAGES_AT_ONCE_MAX = 1_000;
const BYTES_AT_ONCE_MAX = 4 * 1024 * 1024;

const INSERT_USAGE = insertRows('usage', USAGE_COLUMNS);

interface GrownRow {
  readonly home: number;
  readonly sid: number;
  count: number;
}

/** Children that came to sessions of earlier portions. They have numbers from 1. */
const ADD_CHILDREN = withRows<GrownRow>(
  { home: 'int8', sid: 'int8', count: 'int8' },
  (
    rows,
    homes,
  ) => `UPDATE sessions s SET child_count = s.child_count + given.count, next_child = s.next_child + given.count
    FROM ${rows} AS given WHERE s.home = given.home AND s.sid = given.sid AND s.home = ANY(${homes})`,
);

interface TreeRow {
  readonly home: number;
  readonly root: number;
  readonly id: string;
  readonly owner: string;
  readonly clock: number;
  readonly at: number;
  last_active_at: number;
}

/** Trees, some of which earlier portions have begun. */
const ADD_TREES = withNewRows<TreeRow>(
  {
    home: 'int8',
    root: 'int8',
    id: 'text',
    owner: 'text',
    clock: 'int8',
    at: 'int8',
    last_active_at: 'int8',
  },
  (rows) => `INSERT INTO trees (home, root, id, owner, number, clock, at, homes, last_active_at)
    SELECT home, root, id, owner, ${LOADED}, clock, at, ARRAY[home], last_active_at FROM ${rows} AS given
    ON CONFLICT (home, root) DO UPDATE SET clock = EXCLUDED.clock,
      last_active_at = greatest(trees.last_active_at, EXCLUDED.last_active_at)`,
);

export interface PortionOptions {
  readonly queries: TransactionQueries;
  readonly clock: number;
  readonly at: Date;
  readonly isSearched: boolean;
}

/** The sessions that one transaction loads. Messages are sent as they come, all other rows at the end. */
export class Portion {
  readonly #options: PortionOptions;
  readonly #sessions = new Map<number, SessionRow>();
  readonly #keys: KeyRow[] = [];
  readonly #usage: UsageRow[] = [];
  readonly #grown = new Map<number, GrownRow>();
  readonly #trees = new Map<number, TreeRow>();
  #messages: MessageRow[] = [];
  #bytes = 0;
  #texts: TextChanges | null;
  #messagesInAll = 0;
  #bytesInAll = 0;
  /** What was sent last: the database may work on it while further messages are read. */
  #sent: Promise<unknown> = Promise.resolve();

  constructor(options: PortionOptions) {
    this.#options = options;
    this.#texts = options.isSearched ? new TextChanges() : null;
  }

  get isFull(): boolean {
    return (
      this.#sessions.size >= SESSIONS_MAX ||
      this.#messagesInAll >= MESSAGES_MAX ||
      this.#bytesInAll >= BYTES_MAX
    );
  }

  /** Rejects with a StorageError if there are not as many messages as the session says. */
  async add(
    session: DumpedSession,
    place: Surroundings,
    messages: AsyncIterable<DumpedMessage>,
  ): Promise<void> {
    const { clock } = this.#options;
    const counts = new MessageCounts();
    for await (const message of messages) {
      const { row, stored } = loadedMessage(place, message, clock);
      counts.add(message, stored);
      this.#messages.push(row);
      this.#bytes += row.bytes;
      if (!message.isDropped) this.#texts?.write(row, stored, false);
      if (this.#messages.length >= MESSAGES_AT_ONCE_MAX || this.#bytes >= BYTES_AT_ONCE_MAX)
        await this.#sendMessages();
    }
    const expected = session.historyLength + session.droppedCount;
    if (counts.all !== expected)
      throw new StorageError(
        `Expected ${expected} messages of the session "${session.id}", got ${counts.all}.`,
        false,
      );
    const paid = counts.paidIn(session);
    const row = loadedSession(session, place, { users: counts.users, paid, clock });
    this.#sessions.set(row.sid, row);
    const { id, home, sid, key, owner } = row;
    if (key !== null) this.#keys.push({ owner, key, id, home, sid });
    for (const each of paid) this.#usage.push(usageRow(row, each));
    this.#growParent(row);
    this.#growTree(row);
  }

  /** Sends what is left; the transaction waits for its answers. */
  async end(): Promise<void> {
    const { queries } = this.#options;
    await this.#sendMessages();
    await this.#sent;
    const sessions = [...this.#sessions.values()];
    if (sessions.length === 0) return;
    queries.send(INSERT_IDS.sql, INSERT_IDS.values(sessions));
    queries.send(INSERT_SESSIONS.sql, INSERT_SESSIONS.values(sessions));
    const trees = [...this.#trees.values()];
    queries.send(ADD_TREES.sql, ADD_TREES.values(trees));
    const grown = [...this.#grown.values()];
    if (grown.length > 0) queries.send(ADD_CHILDREN.sql, ADD_CHILDREN.values(grown));
    if (this.#keys.length > 0) queries.send(INSERT_KEYS.sql, INSERT_KEYS.values(this.#keys));
    if (this.#usage.length > 0) queries.send(INSERT_USAGE.sql, INSERT_USAGE.values(this.#usage));
  }

  #growParent({ home, parent }: SessionRow): void {
    if (parent === null) return;
    const row = this.#sessions.get(parent);
    if (row) {
      const { child_count: count, next_child: next } = row;
      this.#sessions.set(parent, { ...row, child_count: count + 1, next_child: next + 1 });
      return;
    }
    const grown = this.#grown.get(parent);
    if (grown) grown.count += 1;
    else this.#grown.set(parent, { home, sid: parent, count: 1 });
  }

  #growTree({ root, root_home: home, root_id: id, owner, last_active_at: active }: SessionRow): void {
    const tree = this.#trees.get(root);
    if (tree) {
      tree.last_active_at = Math.max(tree.last_active_at, active);
      return;
    }
    const { clock, at } = this.#options;
    this.#trees.set(root, { home, root, id, owner, clock, at: at.getTime(), last_active_at: active });
  }

  /** Sends the messages so far, once the database has taken those before. */
  async #sendMessages(): Promise<void> {
    await this.#sent;
    if (this.#messages.length === 0) return;
    const { queries, isSearched } = this.#options;
    const texts = this.#texts;
    const answers = [queries.rows(INSERT_MESSAGES.sql, INSERT_MESSAGES.values(this.#messages))];
    await texts?.send({ send: (sql, values) => answers.push(queries.rows(sql, values)) });
    this.#sent = Promise.all(answers);
    // Told by the next wait for it.
    this.#sent.catch(() => {});
    this.#messagesInAll += this.#messages.length;
    this.#bytesInAll += this.#bytes;
    this.#messages = [];
    this.#bytes = 0;
    this.#texts = isSearched ? new TextChanges() : null;
  }
}
