import type { SQLInputValue } from 'node:sqlite';
import type { PendingRows } from './pending-rows.ts';
import { RowInsertion } from './row-insertion.ts';
import { COLUMN_COUNT, type SessionRow, UPDATE_ROW } from './session-row.ts';
import type { Statements } from './statements.ts';

export const INTO_SESSIONS = new RowInsertion('sessions', COLUMN_COUNT);

/** Rows that a new session counts as, because its row goes into many SQL indexes. */
const NEW_SESSION_ROWS = 4;

/** New sessions and updates of sessions, private to `SessionsTable`. */
export class PendingSessions implements PendingRows {
  /** The values of new sessions by their ids, in order of arrival: a child after its parent. */
  readonly #new = new Map<string, readonly SQLInputValue[]>();
  /** The values of updates, by sequence number; new sessions may be among them. */
  readonly #updated = new Map<number, readonly SQLInputValue[]>();
  #text = 0;

  get rows(): number {
    return this.#new.size * NEW_SESSION_ROWS + this.#updated.size;
  }

  get text(): number {
    return this.#text;
  }

  /** True if the session `id` is among the new ones. */
  has(id: string): boolean {
    return this.#new.has(id);
  }

  insert(row: SessionRow): void {
    this.#new.set(row.id, Object.values(row));
    this.#text += textOf(row);
  }

  /** `values` are those of `UPDATE_ROW` and replace earlier ones; `text` is their characters of text. */
  update(sequence: number, values: readonly SQLInputValue[], text: number): void {
    this.#updated.set(sequence, values);
    this.#text += text;
  }

  add(later: this): void {
    for (const [id, values] of later.#new) this.#new.set(id, values);
    for (const [sequence, values] of later.#updated) this.#updated.set(sequence, values);
    this.#text += later.#text;
  }

  write(statements: Pick<Statements, 'run'>): void {
    INTO_SESSIONS.insert(statements, [...this.#new.values()].flat());
    for (const values of this.#updated.values()) statements.run(UPDATE_ROW, ...values);
  }
}

/** Characters in columns that can be long. */
export function textOf({ title, metadata }: Pick<SessionRow, 'title' | 'metadata'>): number {
  return metadata.length + (title?.length ?? 0);
}
