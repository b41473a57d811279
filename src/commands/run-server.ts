import { resolve } from 'node:path';
import { shownPlace } from '../repository/store-place.ts';
import type { Config } from '../server/config.ts';
import { startServer } from '../server/http.ts';
import { createLogger } from '../server/logger.ts';
import { progressBar } from './progress.ts';
import { stopOnSignals } from './stop-on-signals.ts';

/**
 * Size of libuv's thread pool. With the default of four threads, the sync of the journal, which many writes wait for, would queue
 * behind the opening of new files. Node.js reads the variable when it first uses the pool.
 */
const DISK_THREADS = '8';

/** Serves the API until SIGTERM or SIGINT. Resolves once the server listens. */
export async function runServer(config: Config): Promise<void> {
  process.env.UV_THREADPOOL_SIZE ||= DISK_THREADS;
  const logger = createLogger(config);
  const progress = progressBar(process.stderr);
  const server = await startServer(config, { logger, onProgress: progress.report }).finally(progress.done);
  const explorer = server.explorerUrl === null ? '' : `, and ${server.explorerUrl} for the explorer`;
  logger.info(
    { url: server.url, ...placeIn(config) },
    `the API is at ${server.url}; open it in a browser for GraphiQL${explorer}`,
  );
  if (server.metricsUrl !== null) logger.info({ metrics: server.metricsUrl }, 'metrics are served');
  if (config.tracing) {
    const { exporter, protocol, sampler } = config.tracing;
    logger.info({ exporter, protocol, sampler }, 'traces are made');
  }
  // Without a file to reopen, the signal ends the process, as is usual when a terminal is closed.
  if (server.reopenAudit) process.on('SIGHUP', server.reopenAudit);
  stopOnSignals(server, logger);
}

function placeIn({ dataDirectory, database }: Config) {
  return database ? { database: shownPlace(database.url) } : { data: resolve(dataDirectory) };
}
