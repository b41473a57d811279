import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, it } from 'vitest';
import type { NewMessage } from '../../../../src/model/message.ts';
import { Statements } from '../../../../src/repository/files/index/statements.ts';
import { CatchUp } from '../../../../src/repository/files/search/catch-up.ts';
import { SearchIndex } from '../../../../src/repository/files/search/search-index.ts';
import { say, TestStore } from '../store.ts';

/** More than one slice of work. */
const MANY = 1_200;

let store: TestStore;
beforeEach(async () => {
  store = await TestStore.make();
});

const keyed = (n: number, content: string): NewMessage => ({ ...say(content), key: `k${n}` });

function create(messages: readonly NewMessage[]): Promise<unknown> {
  return store.during((repository) => repository.create({ id: 'a', messages }));
}

function replace(...messages: NewMessage[]): Promise<unknown> {
  return store.during((repository) => repository.append({ sessionId: 'a', messages, onKey: 'REPLACE' }));
}

/** Brings a search index of the store up to date by what has changed, and returns the number of slices that this took. */
function catchUp(): number {
  const database = new DatabaseSync(store.path('index.db'), { readOnly: true });
  const search = SearchIndex.open(store.path('other.db'), 'store');
  try {
    const work = new CatchUp(store.directory, new Statements(database), search);
    let slices = 0;
    for (const session of work.behind()) {
      do slices += 1;
      while (work.bringUpToDate(session, false) !== 'nothing');
    }
    return slices;
  } finally {
    search.close();
    database.close();
  }
}

/** The ordinals of the documents with a word. */
function found(word: string): number[] {
  const database = new DatabaseSync(store.path('other.db'));
  try {
    const sql =
      'SELECT d.ordinal FROM texts_1 t JOIN documents d ON d.id = t.rowid WHERE texts_1 MATCH ? ORDER BY 1';
    return new Statements(database).column(sql, word);
  } finally {
    database.close();
  }
}

describe('the search index, after messages were replaced', () => {
  it('has the new words at their old place, and none of the old words', async () => {
    await create([keyed(0, 'fox'), keyed(1, 'bear'), say('fox')]);
    catchUp();
    await replace(keyed(0, 'crow'), keyed(1, 'crow'));
    catchUp();
    expect([found('fox'), found('bear'), found('crow')]).toEqual([[2], [], [0, 1]]);
  });

  it('takes in many of them in several slices, each once', async () => {
    await create(Array.from({ length: MANY }, (_, n) => keyed(n, 'fox')));
    catchUp();
    for (let from = 0; from < MANY; from += 600)
      await replace(...Array.from({ length: 600 }, (_, n) => keyed(from + n, 'crow')));
    expect(catchUp()).toBeGreaterThan(2);
    expect(found('fox')).toEqual([]);
    expect(found('crow')).toEqual(Array.from({ length: MANY }, (_, n) => n));
    expect(catchUp()).toBe(0);
  });

  it('has a message that had no words before, and loses it with a rollback to before it', async () => {
    await create([say('fox'), keyed(1, ''), say('fox')]);
    catchUp();
    await replace(keyed(1, 'crow'));
    catchUp();
    expect(found('crow')).toEqual([1]);
    await replace(keyed(1, 'crow owl'), say('owl'));
    catchUp();
    expect(found('owl')).toEqual([1, 3]);
    await store.during((repository) => repository.truncate({ sessionId: 'a', keep: 1 }, null));
    catchUp();
    expect([found('fox'), found('owl'), found('crow')]).toEqual([[0], [], []]);
  });

  it('loses a message that has no words any more', async () => {
    await create([keyed(0, 'fox'), say('fox')]);
    catchUp();
    await replace(keyed(0, ''));
    catchUp();
    expect(found('fox')).toEqual([1]);
    await replace(keyed(0, 'fox'));
    catchUp();
    expect(found('fox')).toEqual([0, 1]);
  });
});
