import { Command } from 'commander';
import { printable } from '../printable.ts';
import { type BackupReport, backUpDataDirectory } from '../repository/files/tools/backup/backup.ts';
import { isDatabase } from '../repository/store-place.ts';
import { counted } from './counted.ts';
import { dataOption, parseDirectory } from './data-option.ts';
import { print } from './print.ts';
import { progressBar } from './progress.ts';
import { stderrLogger } from './stderr-logger.ts';
import { placeOf, type StoreFlags, storeOption } from './store-option.ts';

/** `sessiontree backup DIRECTORY`: copies a store, as it was at one moment. */
export function backupCommand(): Command {
  return new Command('backup')
    .description(
      'Copy the store to a directory, as it is at one moment, or bring an earlier backup there up to date. Can run beside a server.',
    )
    .argument(
      '<directory>',
      'the directory of the backup: empty, missing, or an earlier backup',
      parseDirectory,
    )
    .addOption(dataOption())
    .addOption(storeOption().hideHelp())
    .addHelpText(
      'after',
      '\nThe backup is a data directory, and on the disk when the command ends. Exit code: 0 if all was copied, 1 otherwise; what is\n' +
        'damaged is listed, and copied as it is.',
    )
    .action(async (destination: string, { data }: StoreFlags, self: Command) => {
      if (isDatabase(placeOf(self)))
        self.error(
          'error: backup is for a data directory. A database has tools of its own, pg_dump and pg_basebackup: see docs/postgres.md',
        );
      const progress = progressBar(process.stderr);
      try {
        const report = await backUpDataDirectory({
          directory: data,
          destination,
          logger: stderrLogger(),
          onProgress: progress.report,
        });
        progress.done();
        await print(linesOf(report).map((line) => `${printable(line)}\n`));
        process.exitCode = report.problems.length === 0 ? 0 : 1;
      } finally {
        progress.done();
      }
    });
}

function linesOf(report: BackupReport): string[] {
  const { sessionCount, bytes, copiedCount, copiedBytes, removedCount, problems } = report;
  const removed = removedCount > 0 ? `, ${removedCount} removed` : '';
  const found = problems.length === 0 ? 'no problems' : counted(problems.length, 'problem');
  const summary =
    `${counted(sessionCount, 'session')}, ${megabytes(bytes)}: ` +
    `${copiedCount} copied (${megabytes(copiedBytes)})${removed}; ${found}`;
  return [...problems.map(({ path, reason }) => `${path}: ${reason}`), summary];
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
