import { Client } from 'pg';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { createDatabase, type TestDatabase } from '../support/postgres/database.ts';
import { sharedPostgres } from '../support/postgres/shared.ts';
import { type ServeProcess, spawnServe } from '../support/serve-process.ts';

/** An empty database for the tests of a file: `--store` names it. */
export function useDatabase(): { readonly url: string } {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase(await sharedPostgres());
  });
  afterAll(() => database?.drop());
  return {
    get url() {
      return database.url;
    },
  };
}

/** Runs statements in a database, in one session. */
export async function runSql(url: string, ...statements: readonly string[]): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    let rows: unknown[] = [];
    for (const statement of statements) ({ rows } = await client.query(statement));
    return rows;
  } finally {
    await client.end();
  }
}

/** Starts `sessiontree serve`, which ends with the test. */
export function startServe(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<ServeProcess> {
  return spawnServe(args, env, (stop) => onTestFinished(stop));
}

/** Answers to an operation: its data and its errors. */
export async function ask<Data>(
  url: string,
  query: string,
  headers: Record<string, string> = {},
): Promise<{ data?: Data; errors?: { message: string; extensions: Record<string, unknown> }[] }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
  return (await response.json()) as never;
}
