import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from 'pg';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { createDatabase, type TestDatabase } from '../support/postgres/database.ts';
import { sharedPostgres } from '../support/postgres/shared.ts';

const CLI = join(import.meta.dirname, '../../src/cli.ts');

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

export interface ServeProcess {
  readonly pid: number;
  /** The endpoint of GraphQL. */
  readonly url: string;
  /** All lines of the log so far. */
  readonly log: readonly string[];
  stop(): Promise<void>;
}

/** Starts `sessiontree serve` on a free port, and resolves once it listens. It ends with the test. Rejects with its output if it does not start. */
export async function startServe(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<ServeProcess> {
  const child = spawn(process.execPath, [CLI, 'serve', '--port', '0', '--log-format', 'json', ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  onTestFinished(stop);
  const log: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  child.stderr.setEncoding('utf8').on('data', (text) => log.push(text));
  createInterface({ input: child.stdout }).on('line', (line) => {
    log.push(line);
    const url = /"url":"([^"]+)"/.exec(line)?.[1];
    if (url) resolve(url);
  });
  ended.then(() => reject(new Error(`The server ended: ${log.join('\n')}`)));
  return { pid: child.pid!, url: await promise, log, stop };
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
