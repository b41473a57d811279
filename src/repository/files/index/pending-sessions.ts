import type { SQLInputValue } from 'node:sqlite';
import type { PendingRows } from './pending-rows.ts';
import { RowInsertion } from './row-insertion.ts';
import { COLUMN_COUNT, UPDATE_ROW, type WholeRow } from './session-row.ts';
import type { Statements } from './statements.ts';
import { RAISE_TREE_TIME } from './tree-times.ts';

export const INTO_SESSIONS = new RowInsertion('sessions', COLUMN_COUNT);

/** Rows that a new session counts as, because its row goes into many SQL indexes. */
const NEW_SESSION_ROWS = 4;

/** New sessions, updates of sessions, and activity in trees, private to `SessionsTable`. */
export class PendingSessions implements PendingRows {
  /** The values of new sessions by their ids, in order of arrival: a child after its parent. */
  readonly #new = new Map<string, readonly SQLInputValue[]>();
  /** The values of updates, by sequence number; new sessions may be among them. */
  readonly #updated = new Map<number, readonly SQLInputValue[]>();
  /** The latest activity beneath each root, by its id. */
  readonly #raised = new Map<string, number>();
  #text = 0;

  get rows(): number {
    return this.#new.size * NEW_SESSION_ROWS + this.#updated.size + this.#raised.size;
  }

  get text(): number {
    return this.#text;
  }

  /** True if the session `id` is among the new ones. */
  has(id: string): boolean {
    return this.#new.has(id);
  }

  insert(row: WholeRow): void {
    this.#new.set(row.id, Object.values(row));
    this.#text += textOf(row);
  }

  /** `values` are those of `UPDATE_ROW` and replace earlier ones; `text` is their characters of text. */
  update(sequence: number, values: readonly SQLInputValue[], text: number): void {
    this.#updated.set(sequence, values);
    this.#text += text;
  }

  /** There was an activity in the tree of a root, which may be a new session. */
  raise(rootId: string, time: number): void {
    if ((this.#raised.get(rootId) ?? Number.NEGATIVE_INFINITY) < time) this.#raised.set(rootId, time);
  }

  add(later: this): void {
    for (const [id, values] of later.#new) this.#new.set(id, values);
    for (const [sequence, values] of later.#updated) this.#updated.set(sequence, values);
    for (const [rootId, time] of later.#raised) this.raise(rootId, time);
    this.#text += later.#text;
  }

  write(statements: Pick<Statements, 'run'>): void {
    INTO_SESSIONS.insert(statements, [...this.#new.values()].flat());
    for (const values of this.#updated.values()) statements.run(UPDATE_ROW, ...values);
    for (const [rootId, time] of this.#raised) statements.run(RAISE_TREE_TIME, time, rootId);
  }
}

/** Characters in columns that can be long. */
export function textOf({ title, metadata }: Pick<WholeRow, 'title' | 'metadata'>): number {
  return metadata.length + (title?.length ?? 0);
}
