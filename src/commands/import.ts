import { stat } from 'node:fs/promises';
import { Command } from 'commander';
import { importDirectory } from '../import/agent-session/import-directory.ts';
import type { Limits } from '../model/limits.ts';
import { printable } from '../printable.ts';
import { openFileRepository } from '../repository/files/open.ts';
import { dataOption } from './data-option.ts';
import { print } from './print.ts';
import { progressBar } from './progress.ts';
import { limitOption } from './serve-options.ts';
import { stderrLogger } from './stderr-logger.ts';

interface ImportFlags {
  readonly data: string;
  readonly limit: Limits;
}

/** `sessiontree import DIR`: imports the files of the Python module. */
export function importCommand(): Command {
  return new Command('import')
    .description('Import sessions from the <id>.json files of the Python module.')
    .argument('<dir>', 'the directory with the files')
    .addOption(dataOption())
    .addOption(limitOption())
    .addHelpText(
      'after',
      '\nStop the server first. Exit code: 0 if everything was imported, 1 if not, 2 for a wrong command line.',
    )
    .action(async (directory: string, { data, limit: limits }: ImportFlags, command: Command) => {
      const fault = await faultOf(directory);
      if (fault)
        command.error(`error: expected a directory of .json files, got "${printable(directory)}" (${fault})`);
      const progress = progressBar(process.stderr);
      const repository = await openFileRepository({
        directory: data,
        limits,
        logger: stderrLogger(),
        onProgress: progress.report,
      });
      try {
        const report = await importDirectory(directory, repository, { limits, onProgress: progress.report });
        progress.done();
        await print(report.lines().map((line) => `${line}\n`));
        process.exitCode = report.complete ? 0 : 1;
      } finally {
        progress.done();
        await repository.close();
      }
    });
}

/** Why `path` is not a directory; null if it is one. */
async function faultOf(path: string): Promise<string | null> {
  try {
    return (await stat(path)).isDirectory() ? null : 'not a directory';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
