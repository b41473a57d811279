import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { type PostgresServer, startPostgres } from './server.ts';

/**
 * Vitest's global setup: tells test files of one PostgreSQL for the whole run. The process of vitest starts it, and so outlives the
 * processes of the test files, when the first file asks.
 */
export default async function offerPostgres({ provide }: TestProject): Promise<() => Promise<void>> {
  let postgres: Promise<PostgresServer> | undefined;
  const server = createServer(async (_request, response) => {
    try {
      postgres ??= startPostgres();
      response.end((await postgres).url);
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  provide('postgresPort', (server.address() as AddressInfo).port);
  return async () => {
    server.close();
    server.closeAllConnections();
    await (await postgres?.catch(() => undefined))?.stop();
  };
}
