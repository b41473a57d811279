import { resolve } from 'node:path';
import { Command } from 'commander';
import type { Config } from '../server/config.ts';
import { startServer } from '../server/http.ts';
import { createLogger } from '../server/logger.ts';
import { progressBar } from './progress.ts';
import { createConfig, type ServeFlags, serveOptions } from './serve-options.ts';
import { stopOnSignals } from './stop-on-signals.ts';

/** `sessiontree serve`: serves the API and GraphiQL until SIGTERM or SIGINT. */
export function serveCommand(): Command {
  const command = new Command('serve').description('Serve the GraphQL API, and GraphiQL for browsers.');
  for (const option of serveOptions()) command.addOption(option);
  return command
    .addHelpText(
      'after',
      '\nA flag overrides its environment variable. Separate several values in a variable with commas. An empty variable counts as not set.',
    )
    .action((flags: ServeFlags) => serve(createConfig(flags)));
}

/**
 * Size of libuv's thread pool. With the default of four threads, the sync of the journal, which many writes wait for, would queue
 * behind the opening of new files. Node.js reads the variable when it first uses the pool.
 */
const DISK_THREADS = '8';

async function serve(config: Config): Promise<void> {
  process.env.UV_THREADPOOL_SIZE ||= DISK_THREADS;
  const logger = createLogger(config);
  const progress = progressBar(process.stderr);
  const server = await startServer(config, { logger, onProgress: progress.report }).finally(progress.done);
  logger.info(
    { url: server.url, data: resolve(config.dataDirectory) },
    `the API is at ${server.url}; open it in a browser for GraphiQL`,
  );
  stopOnSignals(server, logger);
}
