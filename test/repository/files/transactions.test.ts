import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { IndexDatabase } from '../../../src/repository/files/index/database.ts';
import { SmallDisk, whyNoSmallDisk } from '../../torture/small-disk.ts';

interface Watched {
  readonly index: IndexDatabase;
  /** The values of `meta` that another connection sees, and this one. */
  seen(): { readonly elsewhere: string[]; readonly here: string[] };
  close(): void;
}

function watched(directory: string): Watched {
  const path = join(directory, 'index.db');
  const index = IndexDatabase.create(path);
  index.complete('store', () => index.relink());
  const other = new DatabaseSync(path, { readOnly: true });
  const keys = "SELECT key FROM meta WHERE key LIKE 'test-%' ORDER BY key";
  const namesOf = (rows: readonly unknown[]) => rows.map((row) => (row as { key: string }).key);
  return {
    index,
    seen: () => ({
      elsewhere: namesOf(other.prepare(keys).all()),
      here: namesOf(index.all(keys)),
    }),
    close() {
      other.close();
      index.close();
    },
  };
}

const WAITS = { mayWait: true };

describe('changes of the index', () => {
  let directory: string;
  let store: Watched;
  const set = (key: string) => () => store.index.setMeta(key, 1);

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sessiontree-transactions-'));
    store = watched(directory);
  });
  afterEach(() => {
    store.close();
    rmSync(directory, { recursive: true });
  });

  test('are seen by all once they are made', () => {
    store.index.transaction(set('test-1'));
    expect(store.seen()).toEqual({ here: ['test-1'], elsewhere: ['test-1'] });
  });

  test('that may wait are seen here at once, and elsewhere with the next that may not', () => {
    store.index.transaction(set('test-1'), WAITS);
    store.index.transaction(set('test-2'), WAITS);
    expect(store.seen()).toEqual({ here: ['test-1', 'test-2'], elsewhere: [] });

    const all = ['test-1', 'test-2', 'test-3'];
    store.index.transaction(set('test-3'));
    expect(store.seen()).toEqual({ here: all, elsewhere: all });
  });

  test('that may wait do not wait for long where none comes after them', async () => {
    store.index.transaction(set('test-1'), WAITS);
    expect(store.seen().elsewhere).toEqual([]);
    await expect.poll(() => store.seen().elsewhere, { timeout: 5_000 }).toEqual(['test-1']);
  });

  test('that fail take nothing with them of what waited before', () => {
    store.index.transaction(set('test-1'), WAITS);
    const failing = () => {
      set('test-2')();
      throw new Error('refused');
    };
    expect(() => store.index.transaction(failing, WAITS)).toThrow('refused');
    expect(() => store.index.transaction(failing)).toThrow('refused');
    expect(store.seen()).toEqual({ here: ['test-1'], elsewhere: [] });

    store.index.commit();
    expect(store.seen()).toEqual({ here: ['test-1'], elsewhere: ['test-1'] });
  });

  test('are there for another connection that is to change or to read at its pace', async () => {
    store.index.transaction(set('test-1'), WAITS);
    const count = 'SELECT count(*) AS n FROM meta WHERE key LIKE ?';
    const read = await store.index.readAtPace(function* (own) {
      yield;
      return own.get(count, 'test-%');
    });
    expect(read).toEqual({ n: 1 });

    store.index.transaction(set('test-2'), WAITS);
    await store.index.transactionAtPace(function* (own) {
      yield;
      own.setMeta('test-3', 1);
    });
    expect(store.seen().elsewhere).toEqual(['test-1', 'test-2', 'test-3']);
  });
});

const whyNot = whyNoSmallDisk();

describe.skipIf(whyNot !== null)(`changes of the index on a full disk${whyNot ? ` (${whyNot})` : ''}`, () => {
  let disk: SmallDisk;
  let store: Watched;
  const long = 'x'.repeat(1_000_000);
  const set = (key: string) => () => store.index.setMeta(key, long);

  beforeEach(() => {
    disk = new SmallDisk(12_000);
    store = watched(disk.directory);
    disk.load(11_000);
  });
  afterEach(() => {
    store.close();
    disk.dispose();
  });

  test('that were answered for before a commit failed are kept, and committed once there is room', async () => {
    store.index.transaction(set('test-1'), WAITS);
    store.index.transaction(set('test-2'), WAITS);
    expect(() => store.index.commit()).toThrow('full');
    expect(store.seen()).toEqual({ here: ['test-1', 'test-2'], elsewhere: [] });

    // No more is taken on meanwhile.
    expect(() => store.index.transaction(set('test-3'), WAITS)).toThrow('full');
    expect(() => store.index.transaction(set('test-4'))).toThrow('full');
    const read = await store.index.readAtPace(function* (own) {
      yield;
      return own.get("SELECT count(*) AS n FROM meta WHERE key LIKE 'test-%'");
    });
    expect(read).toEqual({ n: 2 });
    expect(store.seen()).toEqual({ here: ['test-1', 'test-2'], elsewhere: [] });

    disk.unload();
    store.index.transaction(set('test-5'));
    const all = ['test-1', 'test-2', 'test-5'];
    expect(store.seen()).toEqual({ here: all, elsewhere: all });
  });

  test('are committed by themselves once there is room', async () => {
    store.index.transaction(set('test-1'), WAITS);
    expect(() => store.index.commit()).toThrow('full');
    disk.unload();
    await expect.poll(() => store.seen().elsewhere, { timeout: 10_000 }).toEqual(['test-1']);
  });
});
