import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, test } from 'vitest';
import { IndexDatabase } from '../../../../src/repository/files/index/database.ts';
import { PacedReads } from '../../../../src/repository/files/index/paced-reads.ts';
import { PendingInserts } from '../../../../src/repository/files/index/pending-rows.ts';
import { IndexReader } from '../../../../src/repository/files/index/reader.ts';
import { RowInsertion } from '../../../../src/repository/files/index/row-insertion.ts';
import { Statements } from '../../../../src/repository/files/index/statements.ts';
import { atOnce } from '../../../../src/repository/files/index/steps.ts';
import type { IndexTables } from '../../../../src/repository/files/index/tables.ts';
import { WriteBehind } from '../../../../src/repository/files/index/write-behind.ts';
import { IndexWriter } from '../../../../src/repository/files/index/writer.ts';
import { STRETCH_MS, TimeSlices } from '../../../../src/repository/files/runtime/pace.ts';
import { StoreClock } from '../../../../src/repository/runtime/store-clock.ts';
import { SmallDisk, whyNoSmallDisk } from '../../../torture/small-disk.ts';
import { session } from '../../records/session-state.ts';

/** A read that is too long to be made at once. */
function* walk(own: IndexTables) {
  const until = performance.now() + STRETCH_MS;
  while (performance.now() <= until);
  yield 0;
  return own.connection.flushed().get(STATE);
}

/** An index on the disk with one session, and queries of it on this and on another connection. */
class OpenIndex {
  readonly #path: string;
  readonly db: IndexDatabase;
  readonly reader: IndexReader;
  readonly #writer: IndexWriter;
  state = session(1);

  constructor(directory: string) {
    this.#path = join(directory, 'index.db');
    this.db = IndexDatabase.create(this.#path);
    this.#writer = new IndexWriter(this.db, new StoreClock());
    this.#writer.insertSession(this.state, 0);
    this.db.complete('store', () => this.#writer.relink());
    this.reader = new IndexReader(this.db);
  }

  /** Adds a message to the session, with an operation; `more` runs in the same transaction. */
  send(more: () => void = () => {}, title: string | null = null): void {
    const { sequence, version, nextOrdinal: ordinal, lastSeq } = this.state;
    const seq = lastSeq + 1;
    const next = { ...this.state, title, version: version + 1, nextOrdinal: ordinal + 1, lastSeq: seq };
    this.db.transaction(() => {
      this.#writer.updateSession(next, 0, this.state);
      this.#writer.addEffects(sequence, {
        sequence,
        seq,
        truncatedTo: null,
        messages: [{ ordinal, position: ordinal, role: 'USER', createdAt: 0, offset: 100, length: 10 }],
        isReplacing: false,
        keys: [],
        isPaidAnew: false,
        takenOver: [],
        redacted: null,
        paid: [],
        toolResults: [],
        operation: {
          id: `o${seq}`,
          caller: null,
          fingerprint: '',
          sessionId: 's1',
          seq,
          at: 0,
          ordinal,
          position: ordinal,
          answer: null,
        },
      });
      more();
    });
    this.state = next;
  }

  /** Adds a child of the first session, with metadata of one term; `more` runs in the same transaction. */
  create(sequence: number, more: () => void = () => {}): void {
    // A creation checks that the parent exists, which caches the parent's row.
    this.reader.row('s1');
    this.db.transaction(() => {
      this.#writer.insertSession({ ...session(sequence, 's1'), metadata: '{"n":1}' }, 5);
      more();
    });
  }

  /** Sets the metadata of a session from `create`. */
  setMetadata(sequence: number, metadata: string): void {
    const state = { ...session(sequence, 's1'), version: 2, metadata };
    this.db.transaction(() => this.#writer.updateSession(state, 5, { ...state, metadata: '{"n":1}' }));
  }

  /** Call within a transaction. */
  addMessage(ordinal: number): void {
    const location = {
      ordinal,
      position: ordinal,
      role: 'USER',
      createdAt: 0,
      offset: 100,
      length: 10,
    } as const;
    this.db.messages.add(this.state.sequence, [location], this.state.lastSeq);
  }

  /** The state as this connection's queries see it. */
  get seen() {
    return this.flushed.get(STATE);
  }

  /** The tables after all pending rows are written to them. */
  get flushed() {
    return this.db.tables.connection.flushed();
  }

  /** The state as another connection sees it. */
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

class Numbers extends PendingInserts {
  constructor() {
    super(new RowInsertion('numbers', 1));
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

  it('stay in memory until the tables are read, and are committed later', () => {
    for (let n = 0; n < 3; n += 1) index.send();
    expect(index.committed).toEqual(after(0));
    expect(index.seen).toEqual(after(3));
    expect(index.committed).toEqual(after(0));
    index.send();
    expect(index.seen).toEqual(after(4));

    index.db.commit();
    expect(index.committed).toEqual(after(4));
    expect(index.db.pendingRows).toBe(0);
  });

  it('of one session take one row, its latest', () => {
    for (let n = 0; n < 3; n += 1) index.send();
    // A session, three messages and three operations.
    expect(index.db.pendingRows).toBe(7);
  });

  it('are committed with a transaction that writes to the tables itself', () => {
    index.send();
    index.send(() => {
      index.db.storeLogSize = 1;
    });
    expect(index.committed).toEqual(after(2));
  });

  it('are committed before what is written outside of a transaction', () => {
    index.send();
    index.db.storeLogSize = 1;
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
    index.db.commit();
    expect(index.committed).toEqual(after(2));
  });

  it('are seen by a long read of the index that is made in steps', async () => {
    index.send();
    expect(await new PacedReads(index.db.tables, new TimeSlices(), false).run(walk)).toEqual(after(1));
  });

  it('wait again where SQLite rolls back by itself', () => {
    const database = new DatabaseSync(':memory:');
    onTestFinished(() => database.close());
    database.exec('CREATE TABLE numbers (number)');
    const behind = new WriteBehind(new Statements(database), () => {});
    const send = (ordinal: number) => behind.transaction(() => behind.taking(Numbers)!.push([ordinal]));
    const count = () => {
      behind.flush();
      return behind.asking((statements) => statements.get('SELECT count(*) AS n FROM numbers'));
    };
    // As SQLite does if memory runs out in the middle of a query.
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
    expect(database.prepare('SELECT count(*) AS n FROM numbers').get()).toEqual({ n: 2 });
  });

  it('are full sooner where their texts are long', () => {
    index.send(() => {}, 'long'.repeat(250_000));
    expect(index.db.isFull).toBe(false);
    for (let n = 0; n < 2; n += 1) index.send(() => {}, 'long'.repeat(250_000));
    expect(index.db.isFull).toBe(true);
    index.db.commit();
    expect(index.db.isFull).toBe(false);
  });

  it('that the tables cannot take in are given up, and said to be lost: other questions are answered', () => {
    index.send();
    index.db.commit();
    // As if a page of the index could not be written. Here, another message has the same key.
    index.db.tables.connection.run('INSERT INTO messages VALUES (1, 1, 1, 0, 0, 0, 0, 0)');
    index.send();
    expect(index.db.failure).toBeNull();
    expect(index.seen).toEqual({ ...after(1), messages: 2 });
    expect(index.db.failure).toMatchObject({ message: expect.stringMatching(/UNIQUE/) });
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

  it('are written to the tables by queries that need them alone', () => {
    const { reader } = index;
    const { written } = index.db.tables.connection;
    index.send();
    expect(reader.operation('o2', null)).toMatchObject({ sessionId: 's1' });
    expect(reader.has('s2')).toBe(false);
    expect(reader.idHolder('s2')).toBeNull();
    expect(written.get(STATE)).toEqual(after(0));

    expect(reader.message('s1', 0)).not.toBeNull();
    expect(written.get(STATE)).toEqual(after(1));
  });

  it('are not written by queries of rows that are never pending', () => {
    const { quarantine, tombstones, treeChanges } = index.db;
    index.send();
    expect(quarantine.all()).toEqual([]);
    expect(quarantine.inSessions()).toEqual([]);
    expect(quarantine.inSessions('s1')).toEqual([]);
    expect(quarantine.faultySessions()).toEqual([]);
    expect(quarantine.strayPaths()).toEqual([]);
    expect(quarantine.has('sessions/00')).toBe(false);
    expect(quarantine.hasUnreadable('s1')).toBe(false);
    expect(quarantine.latestTime()).toBe(0);
    expect(tombstones.get('s1')).toBeUndefined();
    expect(tombstones.isEmpty()).toBe(true);
    expect(atOnce(tombstones.deletedBy(1))).toEqual([]);
    expect(tombstones.deletedAfter(0)).toEqual([]);
    expect(tombstones.lastSeq()).toBe(0);
    expect(treeChanges.since('s1', 0)).toEqual([]);
    expect(atOnce(treeChanges.changedBy(1))).toEqual([]);
    expect(treeChanges.changedAfter(0)).toEqual([]);
    expect(treeChanges.lastSeq()).toBe(0);
    expect(index.db.tables.meta('complete')).toBe(1);
    expect(index.db.tables.connection.written.get(STATE)).toEqual(after(0));
  });

  test('an operation is found while it waits, and afterwards', () => {
    const { reader } = index;
    index.send();
    expect(reader.operation('o2', null)).toMatchObject({ sessionId: 's1', ordinal: 0 });
    expect(index.db.pendingRows).toBe(3);
    expect(reader.operation('o3', null)).toBeUndefined();
    expect(index.seen).toEqual(after(1));
    expect(reader.operation('o2', null)).toMatchObject({ sessionId: 's1', ordinal: 0 });
  });
});

/** The first session's child count, the store's count of sessions, and the number of rows in `metadata_terms`. */
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
    expect(reader.idHolder('s2')).toBe('SESSION');
    expect(reader.idHolder('s3')).toBeNull();
    expect(index.db.pendingRows).toBeGreaterThan(0);
    expect(index.asOther(CHILDREN)).toEqual(withChildren(0));

    expect(index.flushed.get(CHILDREN)).toEqual(withChildren(1));
    expect(reader.idHolder('s2')).toBe('SESSION');
    expect(index.asOther(CHILDREN)).toEqual(withChildren(0));
    index.db.commit();
    expect(index.asOther(CHILDREN)).toEqual(withChildren(1));
  });

  it('are in memory what they are in the table', () => {
    index.create(2);
    const waiting = reader.row('s2');
    expect(index.db.pendingRows).toBeGreaterThan(0);
    const inTable = index.db.sessions.storedRow('s2')!;
    expect(inTable).toEqual(waiting);
    // An insert binds the values in the order of the members.
    expect(Object.keys(waiting!)).toEqual(Object.keys(inTable));
    const columns = index.flushed.get<object>("SELECT * FROM sessions WHERE id = 's2'")!;
    expect(Object.values(columns)).toEqual(Object.values(inTable));
  });

  it('are found in the table where memory has no room for them', () => {
    index.create(2);
    index.db.sessions.forget();
    expect(reader.session('s2')).toMatchObject({ parentId: 's1' });
    expect(reader.session('s1')).toMatchObject({ childCount: 1 });
  });

  it('can be changed while they wait, and can have children', () => {
    index.create(2);
    index.setMetadata(2, '{"n":2,"m":3}');
    index.db.transaction(() =>
      new IndexWriter(index.db, new StoreClock()).insertSession(session(3, 's2'), 5),
    );
    expect(index.asOther(CHILDREN)).toEqual({ children: 1, sessions: 2, terms: 2 });
    index.db.commit();
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
        expect(index.flushed.get(CHILDREN)).toEqual(withChildren(2));
        fail();
      }),
    ).toThrow('as planned');
    expect(reader.idHolder('s3')).toBeNull();
    expect(reader.session('s3')).toBeNull();
    expect(reader.session('s1')).toMatchObject({ childCount: 1 });
    expect(index.flushed.get(CHILDREN)).toEqual(withChildren(1));
  });

  it('wait again where SQLite rolls back by itself', () => {
    index.create(2);
    for (const sequence of [3, 4]) {
      expect(index.flushed.get(CHILDREN)).toEqual(withChildren(sequence - 2));
      // As SQLite does if memory runs out in the middle of a query.
      index.db.tables.connection.configure('ROLLBACK');
      expect(reader.idHolder(`s${sequence - 1}`)).toBe('SESSION');
      index.create(sequence);
    }
    index.db.commit();
    expect(index.asOther(CHILDREN)).toEqual(withChildren(3));
  });

  it('whose parent is gone are found by who makes it anew in the same transaction', () => {
    const writer = new IndexWriter(index.db, new StoreClock());
    index.db.transaction(() => {
      writer.insertSession(session(2, 's3'), 5);
      writer.insertSession(session(3), 5);
      writer.linkOrphansOf('s3');
    });
    expect(reader.session('s2')).toMatchObject({ rootId: 's3', depth: 1 });
    expect(reader.session('s3')).toMatchObject({ childCount: 1 });
  });

  it('are full sooner than changes: each counts for more', () => {
    for (let sequence = 2; !index.db.isFull; sequence += 1) index.create(sequence);
    const { children } = index.flushed.get<{ children: number }>(CHILDREN)!;
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
      index.db.commit();
      disk.fill();
      const title = 'so long that the log must grow'.repeat(40_000);
      for (let n = 0; n < 2; n += 1) index.send(() => {}, title);
      index.create(100);
      for (let n = 0; n < 2; n += 1) {
        expect(index.seen).toEqual(after(3));
        expect(index.flushed.get(CHILDREN)).toEqual(withChildren(1));
        expect(() => index.db.commit()).toThrow(/full/);
        expect(await new PacedReads(index.db.tables, new TimeSlices(), false).run(walk)).toEqual(after(3));
      }
      expect(() => index.send(() => index.seen, title)).toThrow(/full/);
      expect(index.seen).toEqual(after(3));
      expect(index.committed).toEqual(after(1));
      expect(index.asOther(CHILDREN)).toEqual(withChildren(0));

      disk.unload();
      index.db.commit();
      expect(index.committed).toEqual(after(3));
      expect(index.asOther(CHILDREN)).toEqual(withChildren(1));
    } finally {
      index.db.close();
    }
  });
});
