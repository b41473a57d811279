import { setImmediate as nextTurn } from 'node:timers/promises';
import type { NewMessage } from '../../../model/message.ts';
import type { Operation } from '../../../model/operation.ts';
import { ZERO_USAGE } from '../../../model/usage.ts';
import type { WrittenHistory } from '../../mutations.ts';
import { type HistoryWrite, messageAt } from '../../plans/history-write.ts';
import { latestOf } from '../../records/group.ts';
import { paidOf, usageAfter } from '../../records/paid.ts';
import { storedMessageOf } from '../../records/stored-message.ts';
import { sumColumns } from '../read/usage-columns.ts';
import { formColumns } from '../rows/message-row.ts';
import type { Place } from '../rows/places.ts';
import { sessionOf } from '../rows/session-row.ts';
import { TextChanges } from '../search/text-changes.ts';
import {
  type Append,
  type AppendedMessage,
  type AppendedRow,
  type AppendedText,
  type AppendTables,
  appendStatement,
  appendValues,
} from './append-statement.ts';
import { callerColumn } from './operation-rows.ts';
import type { TreeKey } from './tree-rows.ts';
import type { Trees } from './trees.ts';
import { UsageRows } from './usage-rows.ts';

/** Statements under way at a time. */
const STATEMENTS_MAX = 4;
/** Milliseconds after which another statement begins beside one that is under way: until then, sharing the next one costs less. */
const LATE_MS = 5;
/** Appends that share a statement. */
const TOGETHER_MAX = 64;
/** Bytes of texts after which a statement takes no further append. */
const BYTES_MAX = 1_048_576;

interface Job {
  readonly append: (at: number) => Append;
  readonly bytes: number;
  readonly done: (row: AppendedRow | null) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Appends of messages without keys. One that finds none under way is a statement of its own. Others wait for the next statement, and share
 * it with all that have come since: it begins when one under way ends, or `LATE_MS` after the latest began.
 */
export class PlainAppends {
  readonly #trees: Trees;
  readonly #statements = new Map<string, string>();
  readonly #waiting: Job[] = [];
  #running = 0;
  /** When the latest statement began. */
  #begun = 0;
  #late: NodeJS.Timeout | undefined;

  constructor(trees: Trees) {
    this.#trees = trees;
  }

  /**
   * No other append of the tree may be under way in this instance. Resolves with null if it appends nothing: see `appendStatement` for the
   * reasons. The caller then runs the append as `TreeMutation.run`, which appends or refuses. Rejects with an error of the database, which
   * another append of the statement may have caused; with a CommitInDoubtError, the append may have taken effect.
   */
  async append(
    { messages, expectedVersion }: Pick<HistoryWrite, 'messages' | 'expectedVersion'>,
    place: Place,
    tree: TreeKey,
    operation: Operation,
  ): Promise<WrittenHistory | null> {
    const given = messages ?? [];
    const forms = given.map((message, ordinal) => formOf(message, ordinal));
    const texts = this.#trees.isSearched ? await textsOf(place, forms) : [];
    const rows = forms.map(({ row }) => row);
    const append = (at: number): Append => {
      const paid = forms.flatMap(({ stored, row }) => paidOf(stored, row.created_at ?? at) ?? []);
      const usage = new UsageRows();
      for (const each of paid) usage.add(place, each);
      const head = {
        ...place,
        tree_home: tree.home,
        root: tree.root,
        expected_version: expectedVersion ?? null,
        active_at: latestOf(given)?.getTime() ?? null,
        users: given.filter(({ role }) => role === 'USER').length,
        length: given.length,
        ...sumColumns(usageAfter(ZERO_USAGE, paid)),
        caller: callerColumn({ caller: operation.caller ?? null }),
        operation_id: operation.id,
        fingerprint: operation.fingerprint,
      };
      return { head, messages: rows, usage: usage.all, texts };
    };
    const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
    const row = await new Promise<AppendedRow | null>((done, failed) => {
      this.#waiting.push({ append, bytes, done, failed });
      void this.#work();
    });
    return row && writtenOf(row, given);
  }

  async #work(): Promise<void> {
    if (this.#running === STATEMENTS_MAX) return;
    const left = this.#begun + LATE_MS - performance.now();
    if (this.#running > 0 && left > 0) {
      this.#late ??= setTimeout(() => {
        this.#late = undefined;
        if (this.#waiting.length > 0) void this.#work();
      }, left);
      return;
    }
    this.#running += 1;
    this.#begun = performance.now();
    while (this.#waiting.length > 0) {
      // Callers that have just been answered send their next appends in this turn.
      await nextTurn();
      this.#begun = performance.now();
      const jobs = this.#next();
      if (jobs.length > 0) await this.#run(jobs);
    }
    this.#running -= 1;
  }

  #next(): Job[] {
    let count = 0;
    for (let bytes = 0; count < Math.min(this.#waiting.length, TOGETHER_MAX) && bytes < BYTES_MAX; count += 1)
      bytes += this.#waiting[count]!.bytes;
    return this.#waiting.splice(0, count);
  }

  /** Settles each job, and never rejects. */
  async #run(jobs: readonly Job[]): Promise<void> {
    try {
      const rows = await this.#trees.changeAtOnce<AppendedRow>((selectClock, at) => {
        const appends = jobs.map(({ append }) => append(at));
        const tables = {
          hasUsage: appends.some(({ usage }) => usage.length > 0),
          hasTexts: appends.some(({ texts }) => texts.length > 0),
        };
        return [this.#statement(selectClock, tables), appendValues(at, appends, tables)];
      });
      const made = new Map(rows.map((row) => [row.append, row]));
      for (const [n, { done }] of jobs.entries()) done(made.get(n) ?? null);
    } catch (error) {
      for (const { failed } of jobs) failed(error);
    }
  }

  #statement(selectClock: string, tables: AppendTables): string {
    const key = JSON.stringify(tables);
    let statement = this.#statements.get(key);
    if (statement === undefined) {
      statement = appendStatement(selectClock, tables);
      this.#statements.set(key, statement);
    }
    return statement;
  }
}

function formOf(message: NewMessage, ordinal: number) {
  const stored = storedMessageOf(message);
  const row: AppendedMessage = {
    ...formColumns(stored),
    created_at: message.createdAt?.getTime() ?? null,
    is_copy: stored.isCopy ?? false,
  };
  return { ordinal, stored, row };
}

async function textsOf(place: Place, forms: readonly ReturnType<typeof formOf>[]): Promise<AppendedText[]> {
  const changes = new TextChanges();
  for (const { ordinal, stored, row } of forms) changes.write({ ...place, ...row, ordinal }, stored, false);
  return await changes.rows();
}

function writtenOf(row: AppendedRow, messages: readonly NewMessage[]): WrittenHistory {
  const at = new Date(row.at);
  const ordinal = row.next_ordinal - messages.length;
  const position = row.history_length - messages.length;
  return {
    session: sessionOf(row),
    isNew: false,
    removed: [],
    removedCount: 0,
    messages: messages.map((message, n) =>
      messageAt(row.id, at, { kind: 'append', message }, { ordinal: ordinal + n, position: position + n }),
    ),
  };
}
