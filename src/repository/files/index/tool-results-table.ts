import type { ToolResult } from '../../records/named-messages.ts';
import type { IndexConnection } from './connection.ts';
import { PendingInserts } from './pending-rows.ts';
import { RowInsertion } from './row-insertion.ts';
import { RowQueue } from './row-queue.ts';

const INTO_TOOL_RESULTS = new RowInsertion('tool_results', 3, { replacing: true });

class PendingToolResults extends PendingInserts {
  constructor() {
    super(INTO_TOOL_RESULTS);
  }
}

/**
 * Which TOOL messages of a session's history answer which tool calls. A message has one row at most: a later row takes its place.
 * Messages that answer no call have none, so they cost nothing. Sessions are given by their sequence numbers.
 */
export class ToolResultsTable {
  readonly #db: IndexConnection;
  readonly #rows: RowQueue;

  constructor(db: IndexConnection) {
    this.#db = db;
    this.#rows = new RowQueue(db, INTO_TOOL_RESULTS);
  }

  add(session: number, results: readonly ToolResult[]): void {
    if (results.length > 0)
      this.#put(results.flatMap(({ ordinal, toolCallId }) => [session, ordinal, toolCallId]));
  }

  /** The messages got other forms, of which those in `results` answer calls. The rows of the others say that they answer none. */
  replace(
    session: number,
    messages: readonly { readonly ordinal: number }[],
    results: readonly ToolResult[],
  ): void {
    const calls = new Map(results.map(({ ordinal, toolCallId }) => [ordinal, toolCallId]));
    this.#put(messages.flatMap(({ ordinal }) => [session, ordinal, calls.get(ordinal) ?? null]));
  }

  #put(values: readonly (number | string | null)[]): void {
    const pending = this.#db.behind.taking(PendingToolResults);
    if (pending) pending.push(values);
    else this.#rows.add(values);
  }

  /**
   * The ordinal of the first message after the one with the ordinal `after` that answers the call; undefined if there is none, or if the
   * history does not have the message `after`.
   */
  firstAfter(session: number, after: number, toolCallId: string): number | undefined {
    return this.#db.flushed().get<{ ordinal: number }>(SELECT_FIRST, session, toolCallId, after)?.ordinal;
  }

  /**
   * Removes the rows of a session's messages after the one with the ordinal `after`; without it, of all. A truncation calls it, so that a
   * search for a result steps over no messages that were dropped, however many there are.
   */
  remove(session: number, after = -1): void {
    this.flush();
    this.#db.run('DELETE FROM tool_results WHERE session = ? AND ordinal > ?', session, after);
  }

  /** Writes rows that are queued while the index is being filled. */
  flush(): void {
    this.#rows.flush();
  }
}

const SELECT_FIRST = `SELECT ordinal FROM tool_results INDEXED BY tool_results_by_call
  WHERE session = ?1 AND tool_call_id = ?2 AND ordinal > ?3
    AND EXISTS (SELECT 1 FROM messages WHERE session = ?1 AND ordinal = ?3)
  ORDER BY ordinal LIMIT 1`;
