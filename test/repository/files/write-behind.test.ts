import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, test } from 'vitest';
import { IndexDatabase } from '../../../src/repository/files/index/database.ts';
import { IndexReader } from '../../../src/repository/files/index/reader.ts';
import { Statements } from '../../../src/repository/files/index/statements.ts';
import { WriteBehind } from '../../../src/repository/files/index/write-behind.ts';
import { IndexWriter } from '../../../src/repository/files/index/writer.ts';
import { SmallDisk, whyNoSmallDisk } from '../../torture/small-disk.ts';
import { session } from './session-state.ts';

function* walk(own: IndexDatabase) {
  yield;
  return own.get(STATE);
}

/** An index with one session, as it is beside its files, and another connection to it. */
class OpenIndex {
  readonly #path: string;
  readonly db: IndexDatabase;
  readonly reader: IndexReader;
  readonly #writer: IndexWriter;
  state = session(1);

  constructor(directory: string) {
    this.#path = join(directory, 'index.db');
    this.db = IndexDatabase.create(this.#path);
    this.#writer = new IndexWriter(this.db);
    this.#writer.insertSession(this.state, 0);
    this.db.complete('store', () => this.#writer.relink());
    this.reader = new IndexReader(this.db);
  }

  /** A message to the session, as an operation of its own; `more` is run in the same transaction. */
  send(more: () => void = () => {}, title: string | null = null): void {
    const { sequence, metadata, version, nextOrdinal: ordinal, lastSeq } = this.state;
    const seq = lastSeq + 1;
    const next = { ...this.state, title, version: version + 1, nextOrdinal: ordinal + 1, lastSeq: seq };
    this.db.transaction(() => {
      this.#writer.updateSession(next, 0, metadata);
      this.#writer.addEffects(sequence, {
        sequence,
        seq,
        truncatedTo: null,
        messages: [{ ordinal, position: ordinal, role: 'USER', offset: 100, length: 10, bytes: 10 }],
        operation: {
          id: `o${seq}`,
          fingerprint: '',
          sessionId: 's1',
          seq,
          at: 0,
          ordinal,
          position: ordinal,
        },
      });
      more();
    });
    this.state = next;
  }

  /** A child of the first session, with metadata of one term; `more` is run in the same transaction. */
  create(sequence: number, more: () => void = () => {}): void {
    // As whoever makes one looks whether its parent is there.
    this.reader.row('s1');
    this.db.transaction(() => {
      this.#writer.insertSession({ ...session(sequence, 's1'), metadata: '{"n":1}' }, 5);
      more();
    });
  }

  /** Of one that `create` has made. */
  setMetadata(sequence: number, metadata: string): void {
    const state = { ...session(sequence, 's1'), version: 2, metadata };
    this.db.transaction(() => this.#writer.updateSession(state, 5, '{"n":1}'));
  }

  /** Within a transaction. */
  addMessage(ordinal: number): void {
    const location = {
      ordinal,
      position: ordinal,
      role: 'USER',
      offset: 100,
      length: 10,
      bytes: 10,
    } as const;
    this.db.messages.add(this.state.sequence, [location]);
  }

  /** As who asks the tables is told. */
  get seen() {
    return this.db.get(STATE);
  }

  /** As another connection is told. */
  get committed() {
    return this.asOther(STATE);
  }

  asOther(sql: string) {
    const other = new DatabaseSync(this.#path, { readOnly: true });
    try {
      return other.prepare(sql).get();
    } finally {
      other.close();
    }
  }
}

const STATE = `SELECT version, (SELECT count(*) FROM messages) AS messages,
  (SELECT count(*) FROM operations) AS operations FROM sessions WHERE id = 's1'`;
const after = (sent: number) => ({ version: sent + 1, messages: sent, operations: sent });

describe('changes of sessions', () => {
  let directory: string;
  let index: OpenIndex;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sessiontree-'));
    index = new OpenIndex(directory);
  });
  afterEach(() => {
    index.db.close();
    rmSync(directory, { recursive: true });
  });

  it('wait until somebody asks, and are committed later', () => {
    for (let n = 0; n < 3; n += 1) index.send();
    expect(index.committed).toEqual(after(0));
    expect(index.seen).toEqual(after(3));
    expect(index.committed).toEqual(after(0));
    index.send();
    expect(index.seen).toEqual(after(4));

    index.db.behind.commit();
    expect(index.committed).toEqual(after(4));
    expect(index.db.behind.rows).toBe(0);
  });

  it('of one session take one row, its latest', () => {
    for (let n = 0; n < 3; n += 1) index.send();
    // A session, three messages and three operations.
    expect(index.db.behind.rows).toBe(7);
  });

  it('are committed with what changes the tables themselves', () => {
    index.send();
    index.send(() => index.db.setMeta('beside', 1));
    expect(index.committed).toEqual(after(2));
  });

  it('and before what is written outside of a transaction', () => {
    index.send();
    index.db.setMeta('beside', 1);
    expect(index.committed).toEqual(after(1));
  });

  it('go with a transaction that fails, whether or not it came to the tables; those before it stay', () => {
    const fail = () => {
      throw new Error('as planned');
    };
    index.send();
    expect(() => index.send(fail)).toThrow('as planned');
    expect(index.seen).toEqual(after(1));
    index.send();
    expect(() =>
      index.send(() => {
        expect(index.seen).toEqual(after(3));
        fail();
      }),
    ).toThrow('as planned');
    expect(index.seen).toEqual(after(2));
    index.db.behind.commit();
    expect(index.committed).toEqual(after(2));
  });

  it('are seen by who walks through the index at leisure', async () => {
    index.send();
    expect(await index.db.readAtPace(walk)).toEqual(after(1));
  });

  it('wait again where SQLite rolls back by itself', () => {
    const database = new DatabaseSync(':memory:');
    onTestFinished(() => database.close());
    database.exec(`CREATE TABLE messages (${'abcdefg'.split('').join(', ')})`);
    const behind = new WriteBehind(new Statements(database), () => {});
    const send = (ordinal: number) =>
      behind.transaction(() => behind.changes!.addMessages([1, ordinal, 0, 0, 0, 0, 0]));
    const count = () => behind.reading((statements) => statements.get('SELECT count(*) AS n FROM messages'));
    // As for want of memory, in the middle of a question.
    const rollBack = () => database.exec('ROLLBACK');
    send(1);
    expect(count()).toEqual({ n: 1 });
    rollBack();
    expect(count()).toEqual({ n: 1 });
    rollBack();
    send(2);
    expect(count()).toEqual({ n: 2 });
    rollBack();
    behind.commit();
    expect(database.isTransaction).toBe(false);
    expect(database.prepare('SELECT count(*) AS n FROM messages').get()).toEqual({ n: 2 });
  });

  it('are much where their texts are long', () => {
    index.send(() => {}, 'long'.repeat(250_000));
    expect(index.db.behind.isFull).toBe(false);
    for (let n = 0; n < 2; n += 1) index.send(() => {}, 'long'.repeat(250_000));
    expect(index.db.behind.isFull).toBe(true);
    index.db.behind.commit();
    expect(index.db.behind.isFull).toBe(false);
  });

  it('that the tables cannot take in are given up, and said to be lost: other questions are answered', () => {
    index.send();
    index.db.behind.commit();
    // As where a page of the index cannot be written to; here another message has that place.
    index.db.run('INSERT INTO messages VALUES (1, 1, 1, 0, 0, 0, 0)');
    index.send();
    expect(index.db.behind.failure).toBeNull();
    expect(index.seen).toEqual({ ...after(1), messages: 2 });
    expect(index.db.behind.failure).toMatchObject({ message: expect.stringMatching(/UNIQUE/) });
    expect(index.db.doubtful).toBe(true);
  });

  it('of one transaction that are very many do not all wait, and go with it where it fails', () => {
    index.send();
    const many = () => {
      for (let n = 0; n < 1_000; n += 1) index.addMessage(100 + n);
    };
    expect(() =>
      index.send(() => {
        many();
        throw new Error('as planned');
      }),
    ).toThrow('as planned');
    expect(index.seen).toEqual(after(1));
    index.send(many);
    expect(index.committed).toEqual({ ...after(2), messages: 1_002 });
  });

  test('an operation is found while it waits, and afterwards', () => {
    const { reader } = index;
    index.send();
    expect(reader.operation('o2')).toMatchObject({ sessionId: 's1', ordinal: 0 });
    expect(index.db.behind.rows).toBe(3);
    expect(reader.operation('o3')).toBeUndefined();
    expect(index.seen).toEqual(after(1));
    expect(reader.operation('o2')).toMatchObject({ sessionId: 's1', ordinal: 0 });
  });
});

/** The first session's children by its own count, sessions by that of the store, and rows with terms of metadata. */
const CHILDREN = `SELECT child_count AS children, (SELECT sessions FROM totals) AS sessions,
  (SELECT count(*) FROM metadata_terms) AS terms FROM sessions WHERE id = 's1'`;
const withChildren = (children: number) => ({ children, sessions: children + 1, terms: children });

describe('new sessions', () => {
  let directory: string;
  let index: OpenIndex;
  let reader: IndexReader;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sessiontree-'));
    index = new OpenIndex(directory);
    reader = index.reader;
  });
  afterEach(() => {
    index.db.close();
    rmSync(directory, { recursive: true });
  });

  it('wait with the changes of others, and are found by their ids meanwhile', () => {
    index.create(2);
    index.send();
    expect(reader.session('s2')).toMatchObject({ parentId: 's1', rootId: 's1', depth: 1 });
    expect(reader.idTaken('s2')).toMatch(/has it/);
    expect(reader.idTaken('s3')).toBeNull();
    expect(index.db.behind.rows).toBeGreaterThan(0);
    expect(index.asOther(CHILDREN)).toEqual(withChildren(0));

    expect(index.db.get(CHILDREN)).toEqual(withChildren(1));
    expect(reader.idTaken('s2')).toMatch(/has it/);
    expect(index.asOther(CHILDREN)).toEqual(withChildren(0));
    index.db.behind.commit();
    expect(index.asOther(CHILDREN)).toEqual(withChildren(1));
  });

  it('are in memory what they are in the table', () => {
    index.create(2);
    const waiting = reader.row('s2');
    expect(index.db.behind.rows).toBeGreaterThan(0);
    expect(index.db.get("SELECT * FROM sessions WHERE id = 's2'")).toEqual(waiting);
    // Their places in the statement go by this order.
    expect(Object.keys(waiting!)).toEqual(
      index.db
        .all<{ name: string }>("SELECT name FROM pragma_table_info('sessions')")
        .map(({ name }) => name),
    );
  });

  it('are found in the table where memory has no room for them', () => {
    index.create(2);
    index.db.recent.clear();
    expect(reader.session('s2')).toMatchObject({ parentId: 's1' });
    expect(reader.session('s1')).toMatchObject({ childCount: 1 });
  });

  it('can be changed while they wait, and can have children', () => {
    index.create(2);
    index.setMetadata(2, '{"n":2,"m":3}');
    index.db.transaction(() => new IndexWriter(index.db).insertSession(session(3, 's2'), 5));
    expect(index.asOther(CHILDREN)).toEqual({ children: 1, sessions: 2, terms: 2 });
    index.db.behind.commit();
    const sql = "SELECT metadata, version, child_count AS children FROM sessions WHERE id = 's2'";
    expect(index.asOther(sql)).toEqual({ metadata: '{"n":2,"m":3}', version: 2, children: 1 });
    expect(index.asOther("SELECT depth, root_id FROM sessions WHERE id = 's3'")).toEqual({
      depth: 2,
      root_id: 's1',
    });
  });

  it('go with a transaction that fails, whether or not it came to the tables', () => {
    const fail = () => {
      throw new Error('as planned');
    };
    index.create(2);
    expect(() => index.create(3, fail)).toThrow('as planned');
    expect(() =>
      index.create(3, () => {
        expect(index.db.get(CHILDREN)).toEqual(withChildren(2));
        fail();
      }),
    ).toThrow('as planned');
    expect(reader.idTaken('s3')).toBeNull();
    expect(reader.session('s3')).toBeNull();
    expect(reader.session('s1')).toMatchObject({ childCount: 1 });
    expect(index.db.get(CHILDREN)).toEqual(withChildren(1));
  });

  it('wait again where SQLite rolls back by itself', () => {
    index.create(2);
    for (const sequence of [3, 4]) {
      expect(index.db.get(CHILDREN)).toEqual(withChildren(sequence - 2));
      // As for want of memory, in the middle of a question.
      index.db.behind.readingWritten((statements) => statements.exec('ROLLBACK'));
      expect(reader.idTaken(`s${sequence - 1}`)).toMatch(/has it/);
      index.create(sequence);
    }
    index.db.behind.commit();
    expect(index.asOther(CHILDREN)).toEqual(withChildren(3));
  });

  it('whose parent is gone are found by who makes it anew in the same transaction', () => {
    const writer = new IndexWriter(index.db);
    index.db.transaction(() => {
      writer.insertSession(session(2, 's3'), 5);
      writer.insertSession(session(3), 5);
      writer.linkOrphansOf('s3');
    });
    expect(reader.session('s2')).toMatchObject({ rootId: 's3', depth: 1 });
    expect(reader.session('s3')).toMatchObject({ childCount: 1 });
  });

  it('are soon enough for one go: each counts more than a change', () => {
    for (let sequence = 2; !index.db.behind.isFull; sequence += 1) index.create(sequence);
    const { children } = index.db.get<{ children: number }>(CHILDREN)!;
    expect(children).toBeGreaterThan(100);
    expect(children).toBeLessThan(200);
  });
});

describe.skipIf(whyNoSmallDisk() !== null)('on a full disk', () => {
  it('new sessions and changes of sessions are seen, and go in once there is room', async () => {
    const disk = new SmallDisk(3_000);
    onTestFinished(() => disk.dispose());
    const index = new OpenIndex(disk.directory);
    try {
      index.send();
      index.db.behind.commit();
      disk.fill();
      const title = 'so long that the log must grow'.repeat(40_000);
      for (let n = 0; n < 2; n += 1) index.send(() => {}, title);
      index.create(100);
      for (let n = 0; n < 2; n += 1) {
        expect(index.seen).toEqual(after(3));
        expect(index.db.get(CHILDREN)).toEqual(withChildren(1));
        expect(() => index.db.behind.commit()).toThrow(/full/);
        expect(await index.db.readAtPace(walk)).toEqual(after(3));
      }
      expect(() => index.send(() => index.seen, title)).toThrow(/full/);
      expect(index.seen).toEqual(after(3));
      expect(index.committed).toEqual(after(1));
      expect(index.asOther(CHILDREN)).toEqual(withChildren(0));

      disk.unload();
      index.db.behind.commit();
      expect(index.committed).toEqual(after(3));
      expect(index.asOther(CHILDREN)).toEqual(withChildren(1));
    } finally {
      index.db.close();
    }
  });
});
