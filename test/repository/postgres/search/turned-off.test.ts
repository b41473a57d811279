import { expect, test } from 'vitest';
import { StorageError } from '../../../../src/model/errors.ts';
import { openPostgresRepository } from '../../../../src/repository/postgres/open.ts';
import { say } from '../../contract/store.ts';
import { useStoreDatabase } from '../store.ts';

const database = useStoreDatabase();

test('a store without search indexes nothing, and says so to whoever searches', async () => {
  const without = await openPostgresRepository({ url: database.url, search: false });
  await without.create({ id: 'a', messages: [say('fox')] });
  await expect(without.search({ query: 'fox', limit: 1 })).rejects.toThrow(StorageError);
  await expect(without.search({ query: 'fox', limit: 1 })).rejects.toThrow('Search is turned off');
  expect(await without.snippetsOf({ query: 'fox' }, [{ sessionId: 'a', ordinal: 0 }])).toEqual([
    [{ text: 'fox', isMatch: true }],
  ]);
  await without.close();
  const searched = await openPostgresRepository({ url: database.url });
  expect((await searched.search({ query: 'fox', limit: 1 })).hits).toEqual([]);
  await searched.close();
});
