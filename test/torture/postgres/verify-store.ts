import pg from 'pg';
import { checkDatabase } from '../../../src/repository/postgres/tools/check.ts';
import { Fault } from '../part.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** `check` finds nothing, and no two transactions have waited for each other since the server started. Throws a Fault. */
export async function verifyStore(url: string): Promise<void> {
  const { problems } = await checkDatabase(url, silent);
  if (problems.length > 0) throw new Fault(`check found ${JSON.stringify(problems.slice(0, 5))}`);
  const [row] = await query<{ deadlocks: number }>(
    url,
    'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()',
  );
  if (row!.deadlocks > 0) throw new Fault(`the server has ended ${row!.deadlocks} deadlocks`);
}

/** As `verifyStore`, but resolves with the faults. */
export async function faultsOfStore(url: string): Promise<readonly string[]> {
  try {
    await verifyStore(url);
    return [];
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return [error.message];
  }
}

/** Runs one statement, over a connection of its own. */
export async function query<Row extends pg.QueryResultRow>(
  url: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query<Row>(sql, values as unknown[])).rows;
  } finally {
    await client.end();
  }
}
