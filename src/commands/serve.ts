import { Command } from 'commander';
import { isDatabase } from '../repository/store-place.ts';
import type { Config } from '../server/config.ts';
import { UsageError } from './auth-options.ts';
import { refuseFlagsOfOthers } from './database-options.ts';
import { createConfig, type ServeFlags, serveOptions } from './serve-options.ts';
import { placeOf } from './store-option.ts';

/** `sessiontree serve`: serves the API and GraphiQL until SIGTERM or SIGINT. */
export function serveCommand(): Command {
  const command = new Command('serve').description('Serve the GraphQL API, and GraphiQL for browsers.');
  for (const option of serveOptions()) command.addOption(option);
  return command
    .addHelpText(
      'after',
      '\nA flag overrides its environment variable. Separate several values in a variable with commas. An empty variable counts as not set.',
    )
    .action(async (flags: ServeFlags, self: Command) => {
      const config = configOf(flags, self);
      // Loaded here: the schema and its libraries take 50 MB of memory, and no other command needs them.
      const { runServer } = await import('./run-server.ts');
      await runServer(config);
    });
}

function configOf(flags: ServeFlags, command: Command): Config {
  try {
    const place = placeOf(command);
    refuseFlagsOfOthers(place, command);
    return createConfig(isDatabase(place) ? flags : { ...flags, store: undefined });
  } catch (error) {
    if (error instanceof UsageError) command.error(error.message);
    throw error;
  }
}
