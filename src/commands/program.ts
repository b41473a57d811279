import { Command, CommanderError } from 'commander';
import { VERSION } from '../version.ts';
import { backupCommand } from './backup.ts';
import { checkCommand } from './check.ts';
import { copyCommand } from './copy.ts';
import { exportCommand } from './export.ts';
import { failureText } from './failure.ts';
import { importCommand } from './import.ts';
import { mcpCommand } from './mcp.ts';
import { migrateCommand } from './migrate.ts';
import { pruneCommand } from './prune.ts';
import { quotaCommand } from './quota.ts';
import { serveCommand } from './serve.ts';
import { shareCommand } from './share.ts';
import { tailCommand } from './tail.ts';
import { tokenCommand } from './token.ts';
import { treeCommand } from './tree.ts';

/** Errors whose message from commander does not say what would be right: a hint at `--help` follows. */
const ASKS_FOR_HELP = new Set([
  'commander.unknownCommand',
  'commander.unknownOption',
  'commander.missingArgument',
  'commander.excessArguments',
]);

const program = new Command('sessiontree')
  .description('GraphQL server for trees of agent sessions, on plain files or on PostgreSQL.')
  .version(VERSION)
  .addCommand(serveCommand())
  .addCommand(importCommand())
  .addCommand(exportCommand())
  .addCommand(checkCommand())
  .addCommand(backupCommand())
  .addCommand(copyCommand())
  .addCommand(migrateCommand())
  .addCommand(tokenCommand())
  .addCommand(quotaCommand())
  .addCommand(shareCommand())
  .addCommand(pruneCommand())
  .addCommand(treeCommand())
  .addCommand(tailCommand())
  .addCommand(mcpCommand());

/** A command and all within it, each with its whole name. */
function* named(command: Command, above = ''): Generator<[name: string, command: Command]> {
  const name = `${above}${command.name()}`;
  yield [name, command];
  for (const each of command.commands) yield* named(each, `${name} `);
}

for (const [name, command] of named(program)) {
  command.exitOverride((error) => {
    if (ASKS_FOR_HELP.has(error.code)) process.stderr.write(`Run "${name} --help" for usage.\n`);
    throw error;
  });
}

// An empty variable counts as not set: `PORT="$UNSET"` gives one.
// So does "false" in the variable of a flag without a value, of which commander asks only whether it is there.
for (const option of [...named(program)].flatMap(([, { options }]) => options)) {
  const { envVar } = option;
  if (envVar === undefined) continue;
  const value = process.env[envVar];
  if (value === '' || (value === 'false' && (option.negate || option.isBoolean())))
    delete process.env[envVar];
}

// A reader such as `head -1` may close the pipe before all of the help is written.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
// Without this listener, a warning of Node.js would end a server whose standard error nobody reads any more. There is no other place
// to report the error.
process.stderr.on('error', () => {});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed the error. Exit code 1 is reserved for failures of a command itself.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    process.stderr.write(`${failureText(error)}\n`);
    process.exitCode = 1;
  }
}
