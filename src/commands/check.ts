import { Command } from 'commander';
import { printable } from '../printable.ts';
import { type CheckReport, checkDataDirectory } from '../repository/files/tools/check.ts';
import { repairDataDirectory } from '../repository/files/tools/repair.ts';
import { counted } from './counted.ts';
import { dataOption } from './data-option.ts';
import { print } from './print.ts';
import { progressBar } from './progress.ts';

interface CheckFlags {
  readonly data: string;
  readonly repair?: boolean;
}

/** `sessiontree check`: verifies the files, and compares the index with them. */
export function checkCommand(): Command {
  return new Command('check')
    .description(
      'Verify every line of every file, and compare the index with the files. Changes nothing without --repair.',
    )
    .addOption(dataOption())
    .option('--repair', 'repair what can be repaired, keep removed bytes in torn/, and list the repairs')
    .addHelpText(
      'after',
      '\nCan run beside a server; stop the server for --repair. Exit code: 0 if no problem is left, 1 otherwise.',
    )
    .action(async ({ data, repair }: CheckFlags) => {
      const progress = progressBar(process.stderr);
      const options = { directory: data, onProgress: progress.report };
      try {
        let report = await checkDataDirectory(options);
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

function linesOf({ sessionCount, messageCount, problems }: CheckReport): string[] {
  const found = problems.length === 0 ? 'no problems' : counted(problems.length, 'problem');
  const summary = `${counted(sessionCount, 'session')}, ${counted(messageCount, 'user message')}: ${found}`;
  return [...problems.map(({ path, reason }) => `${path}: ${reason}`), summary];
}
