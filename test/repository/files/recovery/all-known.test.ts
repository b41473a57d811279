import { beforeEach, expect, it } from 'vitest';
import { layoutOf } from '../../../../src/repository/files/format/layout.ts';
import { IndexDatabase } from '../../../../src/repository/files/index/database.ts';
import { isAllKnown } from '../../../../src/repository/files/recovery/faulty-files.ts';
import { whileNoFileOpens } from '../no-files.ts';
import { TestStore } from '../store.ts';

let store: TestStore;

beforeEach(async () => {
  store = await TestStore.make();
  await store.during((repository) => repository.create({ id: 'a' }));
});

it('where the folders cannot be listed, or the index not be read, a stop is not clean, and the store closes all the same', async () => {
  const layout = layoutOf(store.directory);
  const { store: id } = JSON.parse(store.lines('a')[0]!) as { store: string };
  const db = IndexDatabase.open(layout.index, id, { readOnly: true, verify: false })!;
  expect(isAllKnown(layout, db)).toBe(true);
  await whileNoFileOpens(async () => expect(isAllKnown(layout, db)).toBe(false));
  db.close();
  expect(isAllKnown(layout, db)).toBe(false);
});
