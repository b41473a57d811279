import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { checkCommand } from './check.ts';
import { exportCommand } from './export.ts';
import { failureText } from './failure.ts';
import { importCommand } from './import.ts';
import { serveCommand } from './serve.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('sessiontree')
  .description('GraphQL server for trees of agent sessions, on plain files.')
  .version(version)
  .addCommand(serveCommand())
  .addCommand(importCommand())
  .addCommand(exportCommand())
  .addCommand(checkCommand());

for (const command of [program, ...program.commands]) command.exitOverride();

// A reader that has seen enough of the help, as `head -1`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // It has said what is wrong with the command line. 1 is left to what a command itself finds wrong.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    process.stderr.write(`${failureText(error)}\n`);
    process.exitCode = 1;
  }
}
