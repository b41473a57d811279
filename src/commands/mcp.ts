import type { ClientOptions } from '@sessiontree/client';
import { Command } from 'commander';
import { DataDirectoryInUseError } from '../repository/files/disk/lock.ts';
import type { Logger } from '../repository/observer.ts';
import { loadClient, tokenOption, urlOption } from './call-server.ts';
import { CommandError } from './command-error.ts';
import { dataOption } from './data-option.ts';
import { progressBar } from './progress.ts';
import { stderrLogger } from './stderr-logger.ts';
import { placeOf, refusePlaceFlags, storeOption } from './store-option.ts';
import { untilInterrupted } from './until-interrupted.ts';

interface McpFlags {
  readonly url: string;
  readonly token?: string;
  readonly write?: boolean;
}

/** `sessiontree mcp`: serves sessions to a model as tools, over standard input and output. */
export function mcpCommand(): Command {
  return new Command('mcp')
    .description(
      'Give a model tools to search and read sessions: a server of the Model Context Protocol on standard input and output.',
    )
    .addOption(urlOption())
    .addOption(tokenOption())
    .addOption(
      dataOption('in place of a server: a data directory that no server has open').default(undefined),
    )
    .addOption(storeOption())
    .option('--write', 'add tools that create sessions, append messages, and change titles and statuses')
    .addHelpText(
      'after',
      '\nClients start the command by themselves: see docs/mcp.md for their settings. Ends when standard input does, or at SIGTERM or SIGINT.\n' +
        'Exit code: 0 then, 1 if the store cannot be opened, 2 for a wrong command line.',
    )
    .action(async (flags: McpFlags, self: Command) => {
      const place = localPlace(self);
      const serving = { isWritable: flags.write ?? false, logger: stderrLogger() };
      await untilInterrupted((signal) =>
        place === null
          ? serve(flags.url, flags.token === undefined ? {} : { token: flags.token }, serving, signal)
          : serveLocal(place, serving, signal),
      );
    });
}

interface Serving {
  readonly isWritable: boolean;
  readonly logger: Logger;
}

async function serve(
  url: string,
  access: ClientOptions,
  serving: Serving,
  signal: AbortSignal,
): Promise<void> {
  const { Sessiontree } = await loadClient();
  // Loaded here: no other command needs the libraries of the protocol.
  const { serveStdio } = await import('../mcp/serve-stdio.ts');
  await serveStdio(new Sessiontree(url, access), serving, signal);
}

async function serveLocal(place: string, serving: Serving, signal: AbortSignal): Promise<void> {
  const { LOCAL_URL, openLocalApi, withAdvice } = await import('../mcp/local-api.ts');
  const progress = progressBar(process.stderr);
  const api = await openLocalApi(place, { ...serving, onProgress: progress.report })
    .catch((error) => {
      throw error instanceof DataDirectoryInUseError ? new CommandError(withAdvice(error)) : error;
    })
    .finally(progress.done);
  try {
    await serve(LOCAL_URL, { fetch: api.fetch }, serving, signal);
  } finally {
    await api.close();
  }
}

/** The store to open; null for a server. A flag wins over variables; of variables, that of a server wins. */
function localPlace(command: Command): string | null {
  const sourceOf = (name: string) => command.getOptionValueSource(name);
  const isNamed = (source: string) => ['data', 'store'].some((name) => sourceOf(name) === source);
  if (sourceOf('url') === 'cli') {
    refusePlaceFlags(command);
    return null;
  }
  if (isNamed('cli') || (isNamed('env') && sourceOf('url') !== 'env')) return placeOf(command);
  return null;
}
