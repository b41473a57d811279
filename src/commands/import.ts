import { stat } from 'node:fs/promises';
import { Command } from 'commander';
import { importDirectory } from '../import/import-directory.ts';
import { openFileRepository } from '../repository/files/open.ts';
import { dataOption } from './data-option.ts';
import { print } from './print.ts';
import { progressBar } from './progress.ts';
import { stderrLogger } from './stderr-logger.ts';

/** `sessiontree import DIR`: brings in the files that the Python module wrote. */
export function importCommand(): Command {
  return new Command('import')
    .description("Bring in the <id>.json files of the Python module's sessions.")
    .argument('<dir>', 'the directory that holds the files')
    .addOption(dataOption())
    .addHelpText(
      'after',
      '\nExit code: 0 when all came in, 1 when something did not, 2 for a wrong command line.',
    )
    .action(async (directory: string, { data }: { data: string }, command: Command) => {
      const fault = await faultOf(directory);
      if (fault) command.error(`error: expected a directory of .json files, got "${directory}" (${fault})`);
      const progress = progressBar(process.stderr);
      const repository = await openFileRepository({
        directory: data,
        logger: stderrLogger(),
        onProgress: progress.report,
      });
      try {
        const report = await importDirectory(directory, repository, progress.report);
        progress.done();
        await print(report.lines().map((line) => `${line}\n`));
        process.exitCode = report.complete ? 0 : 1;
      } finally {
        progress.done();
        await repository.close();
      }
    });
}

/** Why `path` is no directory; null where it is one. */
async function faultOf(path: string): Promise<string | null> {
  try {
    return (await stat(path)).isDirectory() ? null : 'no directory';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
