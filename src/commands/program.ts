import { Command, CommanderError } from 'commander';
import { VERSION } from '../version.ts';

/** Errors whose message from commander does not say what would be right: a hint at `--help` follows. */
const ASKS_FOR_HELP = new Set([
  'commander.unknownCommand',
  'commander.unknownOption',
  'commander.missingArgument',
  'commander.excessArguments',
]);

/** The commands, in the order of the help. Only the one that runs is loaded: all together take a tenth of a second. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.ts')).serveCommand(),
  import: async () => (await import('./import.ts')).importCommand(),
  export: async () => (await import('./export.ts')).exportCommand(),
  check: async () => (await import('./check.ts')).checkCommand(),
  backup: async () => (await import('./backup.ts')).backupCommand(),
  copy: async () => (await import('./copy.ts')).copyCommand(),
  migrate: async () => (await import('./migrate.ts')).migrateCommand(),
  token: async () => (await import('./token.ts')).tokenCommand(),
  quota: async () => (await import('./quota.ts')).quotaCommand(),
  share: async () => (await import('./share.ts')).shareCommand(),
  prune: async () => (await import('./prune.ts')).pruneCommand(),
  tree: async () => (await import('./tree.ts')).treeCommand(),
  tail: async () => (await import('./tail.ts')).tailCommand(),
  mcp: async () => (await import('./mcp.ts')).mcpCommand(),
};

const program = new Command('sessiontree')
  .description('GraphQL server for trees of agent sessions, on plain files or on PostgreSQL.')
  .version(VERSION);

const [, , wanted = ''] = process.argv;
const loads = Object.hasOwn(COMMANDS, wanted) ? [COMMANDS[wanted]!] : Object.values(COMMANDS);
for (const command of await Promise.all(loads.map((load) => load()))) program.addCommand(command);

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
    process.exitCode = 1;
    // Loaded only here: it imports the error classes of many modules.
    const text = await import('./failure.ts').then(
      ({ failureText }) => failureText(error),
      // What stopped the command may stop this, too: too many open files, or a program that was replaced meanwhile.
      () => (error instanceof Error ? (error.stack ?? error.message) : String(error)),
    );
    process.stderr.write(`${text}\n`);
  }
}
