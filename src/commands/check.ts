import { Command } from 'commander';
import { printable } from '../printable.ts';
import { type CheckReport, checkDataDirectory } from '../repository/files/tools/check.ts';
import { repairDataDirectory } from '../repository/files/tools/repair.ts';
import { isDatabase } from '../repository/store-place.ts';
import { counted } from './counted.ts';
import { print } from './print.ts';
import { progressBar } from './progress.ts';
import { stderrLogger } from './stderr-logger.ts';
import { placeOf, withStoreOptions } from './store-option.ts';

interface CheckFlags {
  readonly repair?: boolean;
}

/** `sessiontree check`: verifies the files, and compares the index with them; or what a database says twice. */
export function checkCommand(): Command {
  return withStoreOptions(new Command('check'))
    .description(
      'Verify every line of every file, and compare the index with the files; in a database, compare each number that follows from others with ' +
        'these. Changes nothing without --repair.',
    )
    .option('--repair', 'repair what can be repaired, keep removed bytes in torn/, and list the repairs')
    .addHelpText(
      'after',
      '\nCan run beside a server; stop the server for --repair, which is for a data directory. Exit code: 0 if no problem is left, 1 otherwise.',
    )
    .action(async ({ repair }: CheckFlags, self: Command) => {
      const place = placeOf(self);
      if (repair && isDatabase(place))
        self.error(
          'error: --repair is for a data directory. What is wrong in a database comes from a restored backup or from statements of others: ' +
            'see docs/postgres.md',
        );
      const progress = progressBar(process.stderr);
      const options = { directory: place, onProgress: progress.report };
      try {
        let report = await (isDatabase(place) ? checkDatabaseAt(place) : checkDataDirectory(options));
        let mended: string[] = [];
        if (repair) {
          const paths = new Set(
            report.problems.map(({ path }) => path).filter((path) => path.endsWith('.jsonl')),
          );
          const done = await repairDataDirectory(options, [...paths]);
          mended = done.map(({ path, what }) => `${path}: ${what}`);
          report = await checkDataDirectory(options);
        }
        progress.done();
        await print([...mended, ...linesOf(report)].map((line) => `${printable(line)}\n`));
        process.exitCode = report.problems.length === 0 ? 0 : 1;
      } finally {
        progress.done();
      }
    });
}

/** Loaded only here: others do without the driver. */
async function checkDatabaseAt(url: string): Promise<CheckReport> {
  const { checkDatabase } = await import('../repository/postgres/tools/check.ts');
  return checkDatabase(url, stderrLogger());
}

function linesOf({ sessionCount, messageCount, problems }: CheckReport): string[] {
  const found = problems.length === 0 ? 'no problems' : counted(problems.length, 'problem');
  const summary = `${counted(sessionCount, 'session')}, ${counted(messageCount, 'user message')}: ${found}`;
  return [...problems.map(({ path, reason }) => `${path}: ${reason}`), summary];
}
