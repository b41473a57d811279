import { resolve } from 'node:path';
import { Command } from 'commander';
import { type Config, createConfig, type ServeFlags, serveOptions } from '../config.ts';
import { startServer } from '../server/http.ts';
import { createLogger } from '../server/logger.ts';
import { progressBar } from './progress.ts';

/** `sessiontree serve`: the API and GraphiQL, until SIGTERM or SIGINT. */
export function serveCommand(): Command {
  const command = new Command('serve').description('Serve the API, and GraphiQL for people.');
  for (const option of serveOptions()) command.addOption(option);
  return command
    .addHelpText(
      'after',
      '\nA flag beats its environment variable; lists in variables are separated by commas.',
    )
    .action((flags: ServeFlags) => serve(createConfig(flags)));
}

/**
 * Threads for what waits on the disk. With the four that Node.js starts with, the sync that many writes wait for stands in line
 * behind the opening of new files. It is read when the first of them is needed.
 */
const DISK_THREADS = '8';

async function serve(config: Config): Promise<void> {
  process.env.UV_THREADPOOL_SIZE ??= DISK_THREADS;
  const logger = createLogger(config.logLevel);
  const progress = progressBar(process.stderr);
  const server = await startServer(config, { logger, onProgress: progress.report }).finally(progress.done);
  logger.info(
    { url: server.url, data: resolve(config.dataDirectory) },
    `the API answers at ${server.url}, which is GraphiQL in a browser`,
  );
  const stop = async (signal: NodeJS.Signals) => {
    logger.info({ signal }, 'stopping; a second signal cuts off what is under way');
    try {
      await server.stop();
      logger.info('stopped');
      process.exit(0);
    } catch (error) {
      logger.fatal({ err: error }, 'the store could not be closed');
      process.exit(1);
    }
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
}
