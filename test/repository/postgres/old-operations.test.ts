import { expect, test } from 'vitest';
import { openPostgresRepository } from '../../../src/repository/postgres/open.ts';
import { runSql } from '../../commands/store.ts';
import { useStoreDatabase } from './store.ts';

const database = useStoreDatabase();
const operation = { id: 'op', caller: null, fingerprint: 'f'.repeat(32) };

async function createAndAge(hours: number): Promise<void> {
  await database.renew();
  const repository = await openPostgresRepository({ url: database.url });
  await repository.create({ id: 'named' }, operation);
  await repository.create({ id: 'unnamed' });
  await repository.close();
  await runSql(database.url, `UPDATE operations SET at = at - ${hours * 3_600_000}`);
}

const left = async () =>
  (await runSql(database.url, 'SELECT session_id FROM operations ORDER BY 1')).map(
    (row) => (row as { session_id: string }).session_id,
  );

test.each([
  [{ hours: 23, operationDays: 1 }, ['named']],
  [{ hours: 25, operationDays: 1 }, []],
  [{ hours: 100_000, operationDays: null }, ['named']],
])('operations are kept for as long as was asked for: %j', async ({ hours, operationDays }, kept) => {
  await createAndAge(hours);
  const repository = await openPostgresRepository({ url: database.url, operationDays });
  await expect.poll(left).toEqual(kept);
  await repository.close();
  expect(await left()).toEqual(kept);
});

test('an operation of an unnamed mutation is kept while the mutation can be in doubt', async () => {
  await createAndAge(0.5);
  const repository = await openPostgresRepository({ url: database.url, operationDays: 1 });
  await repository.close();
  expect(await left()).toEqual(['named', 'unnamed']);
});
