import type { Statements } from '../index/statements.ts';
import { CONTENTS, type Family, WHOLES } from './families.ts';

export const PARTITIONS_TABLES = [CONTENTS, WHOLES]
  .map(
    ({ partitions }) => `
CREATE TABLE IF NOT EXISTS ${partitions} (
  number INTEGER PRIMARY KEY,
  first INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  is_merged INTEGER NOT NULL DEFAULT 1
);
`,
  )
  .join('');

/**
 * Bytes of text of one partition: FTS5 answers nothing in between when it merges the words of a prefix, counts the
 * messages with a word, or compares the places of a phrase, so that one step of a query takes time by the size of
 * the partition. Later partitions are larger, so that their number grows with the root of the store's size: each
 * costs a query some 50 µs.
 */
const PARTITION_BYTES = 8 * 1024 * 1024;
const PARTITIONS_OF_ONE_SIZE = 100;

/** A full-text table, with the documents from the id `first` on, up to those of the next partition. */
export interface Partition {
  readonly family: Family;
  readonly number: number;
  readonly first: number;
  readonly bytes: number;
  /** 0 if the words of texts that were removed may still be there. */
  readonly is_merged: 0 | 1;
}

/** The name of a partition's table. */
export const tableOf = ({ family, number }: Pick<Partition, 'family' | 'number'>) =>
  `${family.table}_${number}`;

/** The partitions of a family, the newest first. */
export function partitionsOf(statements: Statements, family: Family): Partition[] {
  const sql = `SELECT number, first, bytes, is_merged FROM ${family.partitions} ORDER BY number DESC`;
  return statements.all<Omit<Partition, 'family'>>(sql).map((partition) => ({ ...partition, family }));
}

/** Chooses the partition of a document within a family. Call within a transaction of the search index. */
export class Partitions {
  readonly #statements: Statements;
  readonly #family: Family;
  /** The partitions, the newest first; null before they are read, and after a transaction that failed. */
  #known: Partition[] | null = null;
  #addedBytes = 0;

  constructor(statements: Statements, family: Family) {
    this.#statements = statements;
    this.#family = family;
  }

  /** The partitions, the newest first. */
  get all(): readonly Partition[] {
    this.#known ??= partitionsOf(this.#statements, this.#family);
    return this.#known;
  }

  /** The partition of the new document `id`, with this many bytes of text. */
  forNew(id: number, bytes: number): Partition {
    let [newest] = this.all;
    if (!newest || newest.bytes + this.#addedBytes >= capacityOf(newest)) {
      this.store();
      newest = this.#begin((newest?.number ?? 0) + 1, id);
    }
    this.#addedBytes += bytes;
    return newest;
  }

  /** The partition that has the document `id`, if the family has it. */
  of(id: number): Partition | undefined {
    return this.all.find(({ first }) => first <= id);
  }

  /** Removes the texts of the document `id`; some of their words stay in the partition's pages until it is merged. */
  remove({ family, number, is_merged }: Partition, id: number): void {
    this.#statements.run(`DELETE FROM ${tableOf({ family, number })} WHERE rowid = ?`, id);
    if (is_merged) this.#setMerged(number, 0);
  }

  nextToMerge(): Partition | undefined {
    return this.all.find((partition) => !partition.is_merged);
  }

  /** Writes the partition anew, without the words of removed texts: some tenths of a second of work. */
  merge(number: number): void {
    const table = tableOf({ family: this.#family, number });
    this.#statements.exec(`INSERT INTO ${table} (${table}) VALUES ('optimize')`);
    // SQLite overwrites what is deleted, but leaves what a page had before some of that moved to another page. All pages of a table that
    // is emptied are overwritten.
    for (const stored of [`${table}_data`, `${table}_idx`])
      this.#statements.exec(`CREATE TEMP TABLE kept AS SELECT * FROM ${stored}; DELETE FROM ${stored};
        INSERT INTO ${stored} SELECT * FROM kept; DROP TABLE kept`);
    this.#setMerged(number, 1);
  }

  #setMerged(number: number, is_merged: 0 | 1): void {
    const sql = `UPDATE ${this.#family.partitions} SET is_merged = ? WHERE number = ?`;
    this.#statements.run(sql, is_merged, number);
    this.#known = this.all.map((one) => (one.number === number ? { ...one, is_merged } : one));
  }

  /** Stores how large the newest partition is. */
  store(): void {
    const newest = this.#known?.[0];
    if (!newest || this.#addedBytes === 0) return;
    const bytes = newest.bytes + this.#addedBytes;
    const sql = `UPDATE ${this.#family.partitions} SET bytes = ? WHERE number = ?`;
    this.#statements.run(sql, bytes, newest.number);
    this.#known![0] = { ...newest, bytes };
    this.#addedBytes = 0;
  }

  /** After a transaction that was rolled back. */
  forget(): void {
    this.#known = null;
    this.#addedBytes = 0;
  }

  #begin(number: number, first: number): Partition {
    const family = this.#family;
    const partition = { family, number, first, bytes: 0, is_merged: 1 as const };
    this.#statements.exec(
      `CREATE VIRTUAL TABLE ${tableOf(partition)} USING fts5 (
        ${family.columns.join(', ')}, scope, content = '', contentless_delete = 1, tokenize = 'ascii'
      )`,
    );
    this.#statements.run(`INSERT INTO ${family.partitions} VALUES (?, ?, 0, 1)`, number, first);
    this.#known = [partition, ...this.all];
    return partition;
  }
}

const capacityOf = ({ number }: Partition) =>
  PARTITION_BYTES * (1 + Math.floor(number / PARTITIONS_OF_ONE_SIZE));
