import { existsSync } from 'node:fs';
import { Client } from 'pg';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { openPostgresRepository } from '../../../../src/repository/postgres/open.ts';
import type { PostgresOptions } from '../../../../src/repository/postgres/options.ts';
import type { SessionRepository } from '../../../../src/repository/repository.ts';
import { PGBOUNCER, startPgbouncer } from '../../../support/postgres/pgbouncer.ts';
import { sharedPostgres } from '../../../support/postgres/shared.ts';
import { useStoreDatabase } from '../store.ts';

const database = useStoreDatabase();

beforeEach(() => database.renew());

async function open(options: Partial<PostgresOptions> = {}): Promise<SessionRepository> {
  const repository = await openPostgresRepository({ url: database.url, ...options });
  onTestFinished(() => repository.close());
  return repository;
}

/** Resolves once the listener is called `count` times from now on. */
function calls(repository: SessionRepository, count = 1): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    const end = repository.onChange(() => {
      left -= 1;
      if (left > 0) return;
      end();
      resolve();
    });
  });
}

/** Ends the connections that listen: of this database, whoever has opened them. */
async function cutListeners(): Promise<number> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  const { rowCount } = await client.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND query LIKE 'LISTEN%' AND pid <> pg_backend_pid()`,
  );
  await client.end();
  return rowCount ?? 0;
}

describe('a listener', () => {
  it('hears of a change through another instance within 50 ms, as a rule', async () => {
    const [one, other] = await Promise.all([open(), open()]);
    const heard = calls(other);
    await one.create({ id: 's' });
    await heard;
    const times: number[] = [];
    for (let n = 0; n < 21; n += 1) {
      const next = calls(other);
      await one.update({ sessionId: 's', title: `${n}` });
      const committed = performance.now();
      await next;
      times.push(performance.now() - committed);
    }
    times.sort((a, b) => a - b);
    expect(times[10]).toBeLessThan(50);
  });

  it('is called after the change can be read', async () => {
    const [one, other] = await Promise.all([open(), open()]);
    await one.create({ id: 's' });
    const seen = new Promise<void>((resolve) => {
      other.onChange(async () => {
        const [session] = await other.findMany(['s']);
        if (session?.title === 'x') resolve();
      });
    });
    await one.update({ sessionId: 's', title: 'x' });
    await seen;
  });

  it('is called once its connection is back, and hears again', async () => {
    const [one, other] = await Promise.all([open(), open()]);
    await one.create({ id: 's' });
    const first = calls(other);
    await first;
    const back = calls(other);
    expect(await cutListeners()).toBe(1);
    await one.update({ sessionId: 's', title: 'x' });
    await back;
  });

  it('hears by asking alone', async () => {
    const one = await open();
    const other = await open({ prepare: false });
    const heard = calls(other, 2);
    await one.create({ id: 's' });
    await calls(other);
    await one.create({ id: 't' });
    await heard;
  });

  it.skipIf(!existsSync(PGBOUNCER))(
    'hears past a pgbouncer, through which everything else goes',
    async () => {
      const name = new URL(database.url).pathname.slice(1);
      const proxy = await startPgbouncer({ server: await sharedPostgres(), database: name });
      onTestFinished(() => proxy.stop());
      const through = { url: proxy.url, prepare: false };
      const [one, other] = await Promise.all([open(through), open({ ...through, listenUrl: database.url })]);
      await calls(other);
      const heard = calls(other);
      const begun = performance.now();
      await one.create({ id: 's' });
      await heard;
      expect(performance.now() - begun).toBeLessThan(500);
    },
  );
});
