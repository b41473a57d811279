import { closeSync, openSync, readSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { tokenText } from '../../../model/search-text.ts';
import { absoluteSessionPath } from '../layout.ts';
import { decodeLine } from '../line.ts';
import type { AppendRecord } from '../record.ts';
import type { Mark, SearchIndex } from './search-index.ts';

interface MessageRow {
  readonly ordinal: number;
  readonly role: number;
  readonly offset: number;
  readonly length: number;
}

/** Brings the search index up to what the store's index says, from the session files. */
export class CatchUp {
  readonly #directory: string;
  readonly #index: DatabaseSync;
  readonly #search: SearchIndex;

  /** `index` is the store's own, for reading. */
  constructor(directory: string, index: DatabaseSync, search: SearchIndex) {
    this.#directory = directory;
    this.#index = index;
    this.#search = search;
  }

  /** The sessions that the search index does not have as they are, by sequence number. */
  behind(): number[] {
    const known = new Map<number, Mark>();
    for (const mark of this.#search.marks()) known.set(mark.session, mark);
    const behind: number[] = [];
    const rows = this.#index
      .prepare('SELECT seq AS session, next_ordinal, size, mtime FROM sessions')
      .iterate();
    for (const row of rows as Iterable<unknown> as Iterable<Mark>) {
      const mark = known.get(row.session);
      known.delete(row.session);
      const isCurrent = mark
        ? mark.next_ordinal === row.next_ordinal && mark.size === row.size && mark.mtime === row.mtime
        : row.next_ordinal === 0;
      if (!isCurrent) behind.push(row.session);
    }
    // What is left is gone from the store.
    return [...known.keys(), ...behind];
  }

  /** Takes in what is new of a session, and takes out what is no longer there; `anew`: all of it. */
  bringUpToDate(session: number, anew: boolean): void {
    const row = this.#index
      .prepare('SELECT id, seq AS session, next_ordinal, size, mtime FROM sessions WHERE seq = ?')
      .get(session) as (Mark & { id: string }) | undefined;
    if (!row || anew) this.#search.forget(session);
    if (!row) return;
    const mark = this.#search.mark(session);
    if (mark) this.#removeDropped(session);
    const messages = this.#index
      .prepare(
        'SELECT ordinal, role, offset, length FROM messages WHERE session = ? AND ordinal >= ? ORDER BY ordinal',
      )
      .all(session, mark?.next_ordinal ?? 0) as unknown as MessageRow[];
    if (messages.length > 0) this.#add(row.id, session, messages);
    this.#search.setMark(row);
  }

  #removeDropped(session: number): void {
    const dropped = this.#index
      .prepare('SELECT min(ordinal) AS first FROM dropped_messages WHERE session = ?')
      .get(session) as { first: number | null };
    if (dropped.first === null) return;
    const kept = this.#index
      .prepare('SELECT ordinal FROM messages WHERE session = ? AND ordinal >= ?')
      .all(session, dropped.first) as { ordinal: number }[];
    this.#search.remove(session, dropped.first, new Set(kept.map(({ ordinal }) => ordinal)));
  }

  #add(id: string, session: number, messages: readonly MessageRow[]): void {
    const fd = openOrNull(absoluteSessionPath(this.#directory, id));
    if (fd === null) return;
    try {
      let last: { offset: number; record: AppendRecord | null } = { offset: -1, record: null };
      for (const { ordinal, role, offset, length } of messages) {
        if (last.offset !== offset) last = { offset, record: readRecord(fd, offset, length) };
        const content = last.record?.messages[ordinal - last.record.ordinal]?.content;
        // What cannot be read cannot be found: the reader of the store reports it.
        if (typeof content !== 'string') continue;
        const tokens = tokenText(content);
        if (tokens !== '') this.#search.add({ session, ordinal }, role, tokens);
      }
    } finally {
      closeSync(fd);
    }
  }
}

function openOrNull(path: string): number | null {
  try {
    return openSync(path, 'r');
  } catch (error) {
    // Deleted in this moment: it is taken out when that is said.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function readRecord(fd: number, offset: number, length: number): AppendRecord | null {
  const bytes = Buffer.allocUnsafe(length);
  if (readSync(fd, bytes, 0, length, offset) < length) return null;
  const decoded = decodeLine(bytes);
  // What is served is checked in full when it is read: here a look must do, or it would cost more than all else.
  const record = 'record' in decoded ? (decoded.record as Partial<AppendRecord>) : {};
  return record.op === 'append' && Array.isArray(record.messages) ? (record as AppendRecord) : null;
}
