import type { IndexedText } from '../../../model/search/tokens.ts';
import type { Statements } from '../index/statements.ts';
import type { Document } from './documents.ts';
import { CONTENTS, type Family, WHOLES } from './families.ts';
import { type Partition, Partitions, tableOf } from './partitions.ts';

/**
 * `documents.id` grows with time, and with the ordinals of a session. A document has the same id in both families. `marks` tells copies
 * (see `copyMark`), apart from `documents`, whose rows every search reads. `moved` has the documents whose ids do not grow with the
 * ordinals: those of messages that another form gave a document anew.
 */
export const DOCUMENTS_TABLES = `
CREATE TABLE IF NOT EXISTS documents (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  role INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS marks (
  id INTEGER PRIMARY KEY,
  mark INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS copies ON marks (id) WHERE mark < 0;
CREATE TABLE IF NOT EXISTS moved (id INTEGER PRIMARY KEY);
`;

interface DocumentRow {
  readonly id: number;
  readonly ordinal: number;
  /** 1 if the id does not grow with the ordinal. */
  readonly isMoved: 0 | 1;
}

/**
 * The documents of messages: rows that every search reads, and the full-text tables, one for each partition of a family (`families.ts`).
 * These are given the result of `indexedText`, so that their own tokenizer needs to know only ASCII; they store no text. Their column `scope`
 * holds the session: for searches within a few sessions, and to find a session's documents. Call within a transaction of the search index.
 */
export class DocumentTables {
  readonly #statements: Statements;
  readonly #contents: Partitions;
  readonly #wholes: Partitions;

  constructor(statements: Statements) {
    this.#statements = statements;
    this.#contents = new Partitions(statements, CONTENTS);
    this.#wholes = new Partitions(statements, WHOLES);
  }

  /** Adds a message to these families. Returns the id of the document. */
  add(document: Document, families: readonly Family[]): number {
    const { session, ordinal, role, mark } = document;
    const sql = 'INSERT INTO documents (session, ordinal, role) VALUES (?, ?, ?)';
    const id = this.#statements.insert(sql, session, ordinal, role);
    this.#statements.run('INSERT INTO marks VALUES (?, ?)', id, mark);
    for (const family of families) this.#addTo(family, id, document);
    return id;
  }

  /** The ids of the documents of some of a session's messages, by their ordinals. */
  idsOf(session: number, ordinals: ReadonlySet<number>): ReadonlyMap<number, number> {
    const least = Math.min(...ordinals);
    const ids = new Map<number, number>();
    for (const partitions of [this.#contents, this.#wholes]) {
      for (const { id, ordinal, isMoved } of this.#documentsOf(session, partitions)) {
        if (ordinals.has(ordinal)) ids.set(ordinal, id);
        if ((ordinal <= least && !isMoved) || ids.size === ordinals.size) break;
      }
    }
    return ids;
  }

  /** Puts another form in the place of the document `id`, or of none. Without families, the message has no document afterwards. */
  replace(id: number | undefined, document: Document, families: readonly Family[]): void {
    const isKept =
      id !== undefined && families.length > 0 && families.every((family) => this.#partitions(family).of(id));
    if (!isKept) {
      if (id !== undefined) this.#removeDocument(id);
      if (families.length > 0)
        this.#statements.run('INSERT INTO moved VALUES (?)', this.add(document, families));
      return;
    }
    this.#removeTexts(id);
    this.#statements.run('UPDATE documents SET role = ? WHERE id = ?', document.role, id);
    this.#statements.run('UPDATE marks SET mark = ? WHERE id = ?', document.mark, id);
    for (const family of families) this.#addTo(family, id, document, this.#partitions(family).of(id));
  }

  #partitions(family: Family): Partitions {
    return family === CONTENTS ? this.#contents : this.#wholes;
  }

  /** Without `partition`: as a new document. */
  #addTo(family: Family, id: number, { session, texts }: Document, partition?: Partition): void {
    const values: string[] = [];
    let bytes = 0;
    for (const field of family.fields) {
      const { body, parts } = texts[field] ?? NO_TEXT;
      values.push(body, parts);
      bytes += body.length + parts.length;
    }
    const table = tableOf(partition ?? this.#partitions(family).forNew(id, bytes));
    this.#statements.run(insertionInto(table, family), id, ...values, scopeOf(session));
  }

  /** Removes a session's messages from an ordinal on: at most `limit` of them, the newest. Returns true if that was all. */
  remove(session: number, ordinal: number, limit: number): boolean {
    const found = new Set<number>();
    for (const partitions of [this.#contents, this.#wholes]) {
      let ofFamily = 0;
      for (const document of this.#documentsOf(session, partitions)) {
        if ((document.ordinal < ordinal && !document.isMoved) || ofFamily > limit) break;
        if (document.ordinal < ordinal) continue;
        found.add(document.id);
        ofFamily += 1;
      }
    }
    const newestFirst = [...found].sort((one, other) => other - one);
    for (const id of newestFirst.slice(0, limit)) this.#removeDocument(id);
    return found.size <= limit;
  }

  #removeDocument(id: number): void {
    this.#removeTexts(id);
    for (const table of ['documents', 'marks', 'moved'])
      this.#statements.run(`DELETE FROM ${table} WHERE id = ?`, id);
  }

  #removeTexts(id: number): void {
    for (const partitions of [this.#contents, this.#wholes]) {
      const partition = partitions.of(id);
      if (partition) partitions.remove(partition, id);
    }
  }

  /** A session's documents in a family, the newest first. */
  *#documentsOf(session: number, partitions: Partitions): Generator<DocumentRow> {
    for (const partition of partitions.all) {
      const table = tableOf(partition);
      yield* this.#statements.iterate<DocumentRow>(
        `SELECT d.id, d.ordinal, EXISTS (SELECT 1 FROM moved WHERE id = d.id) AS isMoved
          FROM ${table} JOIN documents d ON d.id = ${table}.rowid
          WHERE ${table} MATCH ? ORDER BY ${table}.rowid DESC`,
        `{scope} : "${scopeOf(session)}"`,
      );
    }
  }

  /** A partition that keeps words of removed texts; undefined if there is none. */
  nextToMerge(): Partition | undefined {
    return this.#contents.nextToMerge() ?? this.#wholes.nextToMerge();
  }

  /** Removes the words of removed texts from a partition. */
  merge(partition: Pick<Partition, 'family' | 'number'>): void {
    this.#partitions(partition.family).merge(partition.number);
  }

  /** Stores how large the newest partitions are. Call before the transaction is committed. */
  store(): void {
    this.#contents.store();
    this.#wholes.store();
  }

  /** Forgets what it knows of the partitions. Call after a transaction that failed. */
  forget(): void {
    this.#contents.forget();
    this.#wholes.forget();
  }
}

const NO_TEXT: IndexedText = { body: '', parts: '' };

function insertionInto(table: string, { columns }: Family): string {
  const values = columns.map(() => '?').join(', ');
  return `INSERT INTO ${table} (rowid, ${columns.join(', ')}, scope) VALUES (?, ${values}, ?)`;
}

/** The token in `scope` of all messages of a session. */
export const scopeOf = (session: number) => `s${session}`;
