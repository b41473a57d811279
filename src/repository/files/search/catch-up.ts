import { copiedOf } from '../../records/paid.ts';
import { absoluteSessionPath } from '../format/layout.ts';
import type { Statements } from '../index/statements.ts';
import { type Document, documentOf, familiesOf } from './documents.ts';
import type { Family } from './families.ts';
import { type DecodedLine, type MessagePlace, Records } from './records.ts';
import type { Mark, SearchIndex } from './search-index.ts';

interface MessageRow extends MessagePlace {
  readonly role: number;
}

/** How far the file of a session is indexed, without what was changed in what was indexed. */
type FileMark = Omit<Mark, keyof Followed | 'last_ordinal'>;

/** The last replacement that was followed. */
type Followed = Pick<Mark, 'replaced' | 'replaced_through'>;

interface ReplacedRow extends MessageRow {
  readonly seq: number;
}

interface SessionRow extends FileMark {
  readonly id: string;
  readonly forked_from: string | null;
}

/**
 * Messages, bytes of their lines, and characters of their texts that are indexed in one slice, of at least one
 * message: some tens of milliseconds of work.
 */
const SLICE_MESSAGES = 500;
const SLICE_BYTES = 512 * 1024;
const SLICE_CHARACTERS = 512 * 1024;
/** Messages that are removed in one slice. */
const SLICE_REMOVED = 1_000;

/** In the place of the ordinal of a message. */
const NO_MESSAGE = -1;

/** What is left to do for a session after a slice of work. */
export type Left = 'nothing' | 'the rest' | 'all anew';

/**
 * Brings the search index up to date with the store's index, reading texts from the session files. Calls that
 * belong together must see one state of the store's index: the caller opens a transaction on that too.
 */
export class CatchUp {
  readonly #directory: string;
  readonly #index: Statements;
  readonly #search: SearchIndex;
  /** The line within which the last slice ended: a line of many messages is decoded once. */
  #begun: (DecodedLine & { readonly session: number }) | null = null;

  /** `index` is a read connection to the store's index. */
  constructor(directory: string, index: Statements, search: SearchIndex) {
    this.#directory = directory;
    this.#index = index;
    this.#search = search;
  }

  /** The sessions, by sequence number, that the search index lacks or has in an older state. */
  behind(): number[] {
    const known = new Map<number, Mark>();
    for (const mark of this.#search.marks()) known.set(mark.session, mark);
    const behind: number[] = [];
    const sql = 'SELECT seq AS session, next_ordinal, size, mtime FROM sessions';
    for (const row of this.#index.iterate<FileMark>(sql)) {
      const mark = known.get(row.session);
      known.delete(row.session);
      const isCurrent = mark
        ? mark.next_ordinal === row.next_ordinal && mark.size === row.size && mark.mtime === row.mtime
        : row.next_ordinal === 0;
      if (!isCurrent) behind.push(row.session);
    }
    // The rest of `known` is gone from the store.
    return [...known.keys(), ...behind];
  }

  /**
   * Adds a session's new messages to the search index and removes those that are gone; `anew`: indexes all of
   * it again. Does one slice of the work, and returns what is left of it.
   */
  bringUpToDate(session: number, anew: boolean): Left {
    const sql =
      'SELECT id, seq AS session, next_ordinal, size, mtime, forked_from FROM sessions WHERE seq = ?';
    const row = this.#index.get<SessionRow>(sql, session);
    if (anew) this.#begun = null;
    if ((!row || anew) && !this.#search.forget(session, SLICE_REMOVED)) return 'all anew';
    if (!row) return 'nothing';
    const mark = this.#search.mark(session);
    const lastLeft = mark ? this.#lastBefore(session, mark.next_ordinal) : NO_MESSAGE;
    if (mark && mark.last_ordinal !== lastLeft && !this.#removeAfter(session, lastLeft)) return 'the rest';
    const followed = mark ? this.#followReplaced(row, mark) : this.#lastReplacement(session);
    if (!followed) return 'the rest';
    const rows = this.#messages(session, mark?.next_ordinal ?? 0);
    const messages = sliceOf(rows);
    const added = messages.length > 0 ? this.#add(row, messages) : 0;
    const isAll = rows.length < SLICE_MESSAGES && added === rows.length;
    const next_ordinal = isAll ? row.next_ordinal : messages[added - 1]!.ordinal + 1;
    const last_ordinal = messages[added - 1]?.ordinal ?? lastLeft;
    this.#search.setMark({ ...row, ...followed, next_ordinal, last_ordinal });
    return isAll ? 'nothing' : 'the rest';
  }

  #messages(session: number, ordinal: number): MessageRow[] {
    return this.#index.all(
      'SELECT ordinal, role, offset, length FROM messages WHERE session = ? AND ordinal >= ? ORDER BY ordinal LIMIT ?',
      session,
      ordinal,
      SLICE_MESSAGES,
    );
  }

  /**
   * The ordinal of the last message of the history with one below `ordinal`. A rollback drops the end of the history: messages below
   * `ordinal` were dropped if, and only if, this is another than before.
   */
  #lastBefore(session: number, ordinal: number): number {
    const sql =
      'SELECT ordinal FROM messages WHERE session = ? AND ordinal < ? ORDER BY ordinal DESC LIMIT 1';
    return this.#index.column<number>(sql, session, ordinal)[0] ?? NO_MESSAGE;
  }

  #lastReplacement(session: number): Followed {
    const sql = `SELECT seq AS replaced, ordinal AS replaced_through FROM replaced_messages
      WHERE session = ? ORDER BY seq DESC, ordinal DESC LIMIT 1`;
    return this.#index.get<Followed>(sql, session) ?? { replaced: 0, replaced_through: 0 };
  }

  /** Indexes a slice of the indexed messages that got another form since. Returns null if that was not all. */
  #followReplaced(row: SessionRow, mark: Mark): Followed | null {
    const { session } = row;
    const last = this.#lastReplacement(session);
    if (last.replaced === mark.replaced && last.replaced_through === mark.replaced_through) return last;
    const rows = this.#replaced(mark);
    const messages = sliceOf(rows) as readonly ReplacedRow[];
    if (messages.length === 0) return last;
    const ids = this.#search.documents.idsOf(session, new Set(messages.map(({ ordinal }) => ordinal)));
    const done = this.#read(row, messages, (document, families) => {
      this.#search.documents.replace(ids.get(document.ordinal), document, families);
    });
    if (done === rows.length && rows.length < SLICE_MESSAGES) return last;
    const { seq, ordinal } = messages[done - 1]!;
    this.#search.setMark({ ...mark, replaced: seq, replaced_through: ordinal });
    return null;
  }

  #replaced({ session, next_ordinal, replaced, replaced_through }: Mark): ReplacedRow[] {
    return this.#index.all(
      `SELECT m.ordinal, m.role, m.offset, m.length, r.seq FROM replaced_messages r
         JOIN messages m ON m.session = r.session AND m.ordinal = r.ordinal
         WHERE r.session = ? AND r.ordinal < ? AND (r.seq, r.ordinal) > (?, ?) ORDER BY r.seq, r.ordinal LIMIT ?`,
      session,
      next_ordinal,
      replaced,
      replaced_through,
      SLICE_MESSAGES,
    );
  }

  /** Removes a slice of the indexed messages after `lastLeft`: all were dropped. True: that was all. */
  #removeAfter(session: number, lastLeft: number): boolean {
    return this.#search.documents.remove(session, lastLeft + 1, SLICE_REMOVED);
  }

  /** Adds the first of the messages, up to the size of a slice. Returns their number. */
  #add(row: SessionRow, messages: readonly MessageRow[]): number {
    return this.#read(row, messages, (document, families) => {
      if (families.length > 0) this.#search.documents.add(document, families);
    });
  }

  /** Passes on the first of the messages, at least one, up to the size of a slice. Returns their number. */
  #read(
    { id, session, forked_from }: SessionRow,
    messages: readonly MessageRow[],
    take: (document: Document, families: readonly Family[]) => void,
  ): number {
    const last = messages.at(-1)!;
    const begun = this.#begun?.session === session ? this.#begun : null;
    this.#begun = null;
    const path = absoluteSessionPath(this.#directory, id);
    const records = new Records(path, last.offset + last.length, begun);
    const copied = copiedOf(forked_from);
    let characters = 0;
    for (const [n, message] of messages.entries()) {
      if (characters > SLICE_CHARACTERS) {
        this.#begun = { ...records.last, session };
        return n;
      }
      const read = records.messageAt(message);
      // An unreadable message cannot be found by a search; the store's reader reports it. The file of a session that
      // was deleted just now is missing; the deletion's own notice removes it.
      if (read === null) continue;
      const document = documentOf({ ...message, session }, read, copied);
      characters += document.length;
      take(document, familiesOf(document));
    }
    return messages.length;
  }
}

/** The first of `messages`, at least one, up to the size of a slice. */
function sliceOf(messages: readonly MessageRow[]): readonly MessageRow[] {
  let bytes = 0;
  let offset = -1;
  for (const [n, message] of messages.entries()) {
    if (message.offset !== offset) bytes += message.length;
    offset = message.offset;
    if (bytes > SLICE_BYTES && n > 0) return messages.slice(0, n);
  }
  return messages;
}
