import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { Statements } from '../../../../src/repository/files/index/statements.ts';
import { CatchUp } from '../../../../src/repository/files/search/catch-up.ts';
import { SearchIndex } from '../../../../src/repository/files/search/search-index.ts';
import { Random } from '../../../torture/random.ts';
import { say, TestStore } from '../store.ts';

const MESSAGES = 1_600;

/** Counts the rows that are read from the store's index. */
class CountingStatements extends Statements {
  rows = 0;

  override all<Row>(...query: Parameters<Statements['all']>): Row[] {
    const rows = super.all<Row>(...query);
    this.rows += rows.length;
    return rows;
  }
}

/** Brings a search index of the store up to date. Returns the number of rows read for that. */
function catchUp(store: TestStore): number {
  const database = new DatabaseSync(store.path('index.db'), { readOnly: true });
  const search = SearchIndex.open(store.path('other.db'), 'store');
  try {
    const index = new CountingStatements(database);
    const catchUp = new CatchUp(store.directory, index, search);
    for (const session of catchUp.behind()) while (catchUp.bringUpToDate(session, false) !== 'nothing');
    return index.rows;
  } finally {
    search.close();
    database.close();
  }
}

/** The ordinals that the search index has. */
function ordinals(store: TestStore): number[] {
  const database = new DatabaseSync(store.path('other.db'));
  try {
    return new Statements(database).column(
      "SELECT d.ordinal FROM texts_1 t JOIN documents d ON d.id = t.rowid WHERE texts_1 MATCH 'fox' ORDER BY 1",
    );
  } finally {
    database.close();
  }
}

test('a session that was rolled back early is taken in without a look at all of it for each part', async () => {
  const store = await TestStore.make();
  const append = (messages: ReturnType<typeof say>[]) =>
    store.during((repository) => repository.append({ sessionId: 'a', messages }));
  const truncate = (keep: number) =>
    store.during((repository) => repository.truncate({ sessionId: 'a', keep }, null));
  await store.during((repository) => repository.create({ id: 'a', messages: [say('fox'), say('fox')] }));
  catchUp(store);
  await truncate(1);
  await append(Array.from({ length: MESSAGES }, () => say('bear')));
  expect(catchUp(store)).toBeLessThanOrEqual(2 * MESSAGES);
  expect(ordinals(store)).toEqual([0]);
  await append([say('fox'), say('fox')]);
  expect(catchUp(store)).toBe(2);
  expect(ordinals(store)).toEqual([0, MESSAGES + 2, MESSAGES + 3]);
  await truncate(MESSAGES + 2);
  await append([say('fox')]);
  expect(catchUp(store)).toBeLessThan(5);
  expect(ordinals(store)).toEqual([0, MESSAGES + 2, MESSAGES + 4]);
  await truncate(0);
  catchUp(store);
  expect(ordinals(store)).toEqual([]);
});

test('rollbacks, appends and both in a row are followed, wherever the index was brought up to date in between', async () => {
  const store = await TestStore.make();
  await store.during((repository) => repository.create({ id: 'a', messages: [say('fox')] }));
  const random = new Random(7);
  let left = [0];
  let next = 1;
  for (let round = 0; round < 60; round += 1) {
    await store.during(async (repository) => {
      for (let write = random.below(3); write >= 0; write -= 1) {
        if (random.below(2) === 0) {
          const keep = random.below(left.length + 1);
          await repository.truncate({ sessionId: 'a', keep }, null);
          left = left.slice(0, keep);
        } else {
          const added = Array.from({ length: 1 + random.below(4) }, (_, n) => next + n);
          await repository.append({ sessionId: 'a', messages: added.map(() => say('fox')) });
          left.push(...added);
          next += added.length;
        }
      }
    });
    catchUp(store);
    expect(ordinals(store)).toEqual(left);
  }
});
