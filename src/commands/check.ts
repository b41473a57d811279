import { Command } from 'commander';
import { type CheckReport, checkDataDirectory } from '../repository/files/check.ts';
import { repairDataDirectory } from '../repository/files/repair.ts';
import { dataOption } from './data-option.ts';
import { print } from './print.ts';
import { progressBar } from './progress.ts';

interface CheckFlags {
  readonly data: string;
  readonly repair?: boolean;
}

/** `sessiontree check`: verifies the files, and the index against them. */
export function checkCommand(): Command {
  return new Command('check')
    .description(
      'Verify every line of every file, and the index against them. Changes nothing without --repair.',
    )
    .addOption(dataOption())
    .option('--repair', 'mend what can be mended, keep what is cut in torn/, and say what was done')
    .addHelpText(
      'after',
      '\nRuns beside a server; --repair needs it stopped. Exit code: 0 when all is well (now), 1 when something is wrong.',
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
          mended = done.map(({ path, what }) => `${path}: ${what}\n`);
          report = await checkDataDirectory(options);
        }
        progress.done();
        await print([...mended, ...linesOf(report)]);
        process.exitCode = report.problems.length === 0 ? 0 : 1;
      } finally {
        progress.done();
      }
    });
}

function linesOf({ sessionCount, messageCount, problems }: CheckReport): string[] {
  const found = problems.length === 1 ? '1 problem' : `${problems.length || 'no'} problems`;
  const summary = `${sessionCount} sessions, ${messageCount} user messages: ${found}`;
  return [...problems.map(({ path, reason }) => `${path}: ${reason}\n`), `${summary}\n`];
}
