import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { type PostgresOptions, type PostgresServer, startPostgres } from './server.ts';

/** Starts a standby of a server that runs, from a copy of its files, and resolves once it takes connections. */
export async function startStandby(
  primary: PostgresServer,
  { name, ...options }: Omit<PostgresOptions, 'prepare'> & { readonly name: string },
): Promise<PostgresServer> {
  const { port } = primary;
  const connection = `host=127.0.0.1 port=${port} user=postgres application_name=${name}`;
  return startPostgres({
    ...options,
    settings: { hot_standby: 'on', ...options.settings, primary_conninfo: connection },
    prepare: (data) => copyOf(primary, data),
  });
}

/** A base backup, as PostgreSQL's own program would make it. */
async function copyOf({ url, directory }: PostgresServer, data: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("SELECT pg_backup_start('standby', true)");
    await rm(data, { recursive: true });
    await cp(directory, data, {
      recursive: true,
      // What a server that runs writes meanwhile, and no standby needs.
      filter: (path) => !/\/(?:postmaster\.(?:pid|opts)|pg_stat_tmp\/.+|pgsql_tmp.*)$/.test(path),
    });
    const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
    await writeFile(join(data, 'backup_label'), rows[0]!.labelfile);
    await writeFile(join(data, 'standby.signal'), '');
  } finally {
    await client.end();
  }
}
