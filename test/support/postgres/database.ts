import { randomUUID } from 'node:crypto';
import { Client } from 'pg';

export interface TestDatabase {
  readonly name: string;
  /** The database, as the user of the server's URL. */
  readonly url: string;
  /** Removes the database, and cuts its connections. */
  drop(): Promise<void>;
}

/** Creates an empty database on a server, whose URL names a user who may. */
export async function createDatabase(server: { readonly url: string }): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await query(server.url, `CREATE DATABASE ${name} TEMPLATE template0`);
  const url = new URL(server.url);
  url.pathname = name;
  return {
    name,
    url: url.href,
    drop: () => query(server.url, `DROP DATABASE ${name} WITH (FORCE)`),
  };
}

async function query(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
