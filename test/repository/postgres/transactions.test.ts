import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { Database } from '../../../src/repository/postgres/connection/database.ts';
import type { Value } from '../../../src/repository/postgres/connection/value.ts';
import { createTestLogger } from '../../server/support.ts';
import { useStoreDatabase } from './store.ts';

const place = useStoreDatabase();

beforeAll(() => place.renew());

it('a statement that the driver refuses to send leaves nothing of its transaction', async () => {
  const { logger } = createTestLogger();
  const database = new Database({ url: place.url, connections: 1, prepare: true, logger });
  onTestFinished(() => database.close());
  const insert = 'INSERT INTO meta (key, value) VALUES ($1::text, $2::text)';
  const circular: { self?: unknown } = {};
  circular.self = circular;
  const change = database.transaction(async ({ send }) => {
    send(insert, ['first', 'x']);
    send(insert, ['second', circular as unknown as Value]);
  });
  await expect(change).rejects.toThrow('circular');
  expect(await database.rows("SELECT key FROM meta WHERE key IN ('first', 'second')")).toEqual([]);
  // The connection is of use.
  await database.transaction(async ({ send }) => send(insert, ['third', 'x']));
  expect(await database.rows("SELECT key FROM meta WHERE key = 'third'")).toHaveLength(1);
});

it('a statement that the driver refuses to send can be sent afterwards, with what it takes', async () => {
  const { logger } = createTestLogger();
  const database = new Database({ url: place.url, connections: 1, prepare: true, logger });
  onTestFinished(() => database.close());
  const circular: { self?: unknown } = {};
  circular.self = circular;
  const sql = 'SELECT $1::text AS text';
  await expect(database.rows(sql, [circular as unknown as Value])).rejects.toThrow('circular');
  expect(await database.rows(sql, ['x'])).toEqual([{ text: 'x' }]);
  await expect(database.transaction(({ rows }) => rows(sql, [circular as never]))).rejects.toThrow(
    'circular',
  );
  expect(await database.rows(sql, ['y'])).toEqual([{ text: 'y' }]);
});
