import { closeSync, openSync, readSync } from 'node:fs';
import { asciiText } from '../../../model/search-text.ts';
import type { Statements } from '../index/statements.ts';
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

/** Messages: some milliseconds of work. */
const SLICE = 500;
const ALL = -1;

/** What the search index's tokenizer takes for a part of a token. */
const HAS_TOKEN = /[A-Za-z0-9\u0080-\uffff]/;

/**
 * Brings the search index up to what the store's index says, from the session files. What it is asked for together must be one state
 * of the store's index: the caller brings a transaction of that too.
 */
export class CatchUp {
  readonly #directory: string;
  readonly #index: Statements;
  readonly #search: SearchIndex;

  /** `index` is the store's own, for reading. */
  constructor(directory: string, index: Statements, search: SearchIndex) {
    this.#directory = directory;
    this.#index = index;
    this.#search = search;
  }

  /** The sessions that the search index does not have as they are, by sequence number. */
  behind(): number[] {
    const known = new Map<number, Mark>();
    for (const mark of this.#search.marks()) known.set(mark.session, mark);
    const behind: number[] = [];
    const sql = 'SELECT seq AS session, next_ordinal, size, mtime FROM sessions';
    for (const row of this.#index.iterate<Mark>(sql)) {
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

  /**
   * Takes in what is new of a session, and takes out what is no longer there; `anew`: all of it. At most `SLICE` messages at a time:
   * says whether that was all.
   */
  bringUpToDate(session: number, anew: boolean): boolean {
    const sql = 'SELECT id, seq AS session, next_ordinal, size, mtime FROM sessions WHERE seq = ?';
    const row = this.#index.get<Mark & { id: string }>(sql, session);
    if (!row || anew) this.#search.forget(session);
    if (!row) return true;
    const mark = this.#search.mark(session);
    if (mark) this.#removeDropped(session);
    const messages = this.#messages(session, mark?.next_ordinal ?? 0, SLICE);
    if (messages.length > 0) this.#add(row.id, session, messages);
    const isAll = messages.length < SLICE;
    this.#search.setMark(isAll ? row : { ...row, next_ordinal: messages.at(-1)!.ordinal + 1 });
    return isAll;
  }

  #messages(session: number, ordinal: number, limit: number): MessageRow[] {
    return this.#index.all(
      'SELECT ordinal, role, offset, length FROM messages WHERE session = ? AND ordinal >= ? ORDER BY ordinal LIMIT ?',
      session,
      ordinal,
      limit,
    );
  }

  #removeDropped(session: number): void {
    const sql = 'SELECT min(ordinal) FROM dropped_messages WHERE session = ?';
    const [first] = this.#index.column<number | null>(sql, session);
    if (first == null) return;
    const kept = this.#messages(session, first, ALL).map(({ ordinal }) => ordinal);
    this.#search.remove(session, first, new Set(kept));
  }

  #add(id: string, session: number, messages: readonly MessageRow[]): void {
    const fd = openOrNull(absoluteSessionPath(this.#directory, id));
    if (fd === null) return;
    try {
      const last = messages.at(-1)!;
      const records = new Records(fd, last.offset + last.length);
      for (const { ordinal, role, offset, length } of messages) {
        const record = records.at(offset, length);
        const content = record?.messages[ordinal - record.ordinal]?.content;
        // What cannot be read cannot be found: the reader of the store reports it.
        if (typeof content !== 'string') continue;
        const text = asciiText(content);
        if (HAS_TOKEN.test(text)) this.#search.add({ session, ordinal }, role, text);
      }
    } finally {
      closeSync(fd);
    }
  }
}

/** Bytes that are read in one go, where a line is not longer. */
const CHUNK = 128 * 1024;

/** Lines of a file, asked for from its beginning towards its end: many with one read. */
class Records {
  readonly #fd: number;
  /** Where the last of them ends. */
  readonly #end: number;
  #chunk: Buffer = Buffer.alloc(0);
  /** Of the chunk in the file. */
  #start = 0;
  #last: { offset: number; record: AppendRecord | null } = { offset: -1, record: null };

  constructor(fd: number, end: number) {
    this.#fd = fd;
    this.#end = end;
  }

  /** Null where there is none that can be read. A message asks for the line that it shares with others. */
  at(offset: number, length: number): AppendRecord | null {
    if (this.#last.offset !== offset) this.#last = { offset, record: this.#read(offset, length) };
    return this.#last.record;
  }

  #read(offset: number, length: number): AppendRecord | null {
    const isIn = offset >= this.#start && offset + length <= this.#start + this.#chunk.length;
    if (!isIn) {
      const chunk = Buffer.allocUnsafe(Math.max(length, Math.min(CHUNK, this.#end - offset)));
      this.#chunk = chunk.subarray(0, readSync(this.#fd, chunk, 0, chunk.length, offset));
      this.#start = offset;
    }
    const from = offset - this.#start;
    if (from + length > this.#chunk.length) return null;
    const decoded = decodeLine(this.#chunk.subarray(from, from + length));
    // What is served is checked in full when it is read: here a look must do, or it would cost more than all else.
    const record = 'record' in decoded ? (decoded.record as Partial<AppendRecord>) : {};
    return record.op === 'append' && Array.isArray(record.messages) ? (record as AppendRecord) : null;
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
