import { Command } from 'commander';
import { checkDataDirectory } from '../repository/files/check.ts';
import { dataOption } from './data-option.ts';
import { print } from './print.ts';
import { progressBar } from './progress.ts';

/** `sessiontree check`: verifies the files, and the index against them. */
export function checkCommand(): Command {
  return new Command('check')
    .description('Verify every line of every file, and the index against them. Changes nothing.')
    .addOption(dataOption())
    .addHelpText('after', '\nRuns beside a server. Exit code: 0 when all is well, 1 when something is wrong.')
    .action(async ({ data }: { data: string }) => {
      const progress = progressBar(process.stderr);
      try {
        const report = await checkDataDirectory({ directory: data, onProgress: progress.report });
        progress.done();
        const { sessionCount, messageCount, problems } = report;
        const summary = `${sessionCount} sessions, ${messageCount} user messages: ${problems.length || 'no'} problems`;
        await print([...problems.map(({ path, reason }) => `${path}: ${reason}\n`), `${summary}\n`]);
        process.exitCode = problems.length === 0 ? 0 : 1;
      } finally {
        progress.done();
      }
    });
}
