import { Client } from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { openPostgresRepository } from '../../../../src/repository/postgres/open.ts';
import { startPostgres } from '../../../support/postgres/server.ts';

/** Of transactions that were rolled back, a server that is killed remembers nothing: it gives their numbers out again. */
it('is told of what is written behind a crash, also where numbers of transactions are given out again', async () => {
  const server = await startPostgres({ settings: { fsync: 'on' } });
  onTestFinished(() => server.stop());
  const repository = await openPostgresRepository({ url: server.url });
  onTestFinished(() => repository.close());
  await repository.create({ id: 'before' });
  const client = new Client({ connectionString: server.url });
  client.on('error', () => {});
  await client.connect();
  for (let n = 0; n < 20; n += 1) {
    await client.query('BEGIN');
    await client.query('SELECT pg_current_xact_id()');
    await client.query('ROLLBACK');
  }
  const mark = await repository.mark();
  await server.kill();
  await server.restart();
  await repository.create({ id: 'after' });
  const page = await repository.changesSince({ within: null, after: mark, limit: 10 });
  const told = page.isReset || page.changes.some(({ sessionId }) => sessionId === 'after');
  expect(told).toBe(true);
});
