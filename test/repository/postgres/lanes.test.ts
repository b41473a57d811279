import { Client } from 'pg';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { openPostgresRepository } from '../../../src/repository/postgres/open.ts';
import { say, WHOLE } from '../contract/store.ts';
import { useStoreDatabase } from './store.ts';

const database = useStoreDatabase();

beforeEach(() => database.renew());

/** Below the 15 seconds for which a mutation is begun again. */
const QUICK_MS = 12_000;

it('mutations that share a transaction and want the same key do not hold up their tree', async () => {
  const repository = await openPostgresRepository({ url: database.url });
  onTestFinished(() => repository.close());
  await repository.create({ id: 'root' });
  const holder = new Client({ connectionString: database.url });
  await holder.connect();
  onTestFinished(() => holder.end());
  await holder.query('BEGIN');
  await holder.query('SELECT 1 FROM trees FOR UPDATE');
  // Holds the lane, so that the others wait and go together.
  const first = repository.update({ sessionId: 'root', title: 'first' });
  const made = repository.getOrCreate({ key: 'k', parentId: 'root' });
  const written = repository.writeHistory(
    { key: 'k', create: { parentId: 'root' }, messages: [say('m')] },
    WHOLE,
  );
  // Until both wait in the lane: each has looked for the key before.
  await holder.query('SELECT pg_sleep(0.5)');
  await holder.query('ROLLBACK');
  const begun = performance.now();
  await first;
  const [{ session }, history] = await Promise.all([made, written]);
  expect(performance.now() - begun).toBeLessThan(QUICK_MS);
  expect(history.session.id).toBe(session.id);
  expect(history.session.historyLength).toBe(1);
}, 60_000);
