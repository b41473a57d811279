import { Command, Option } from 'commander';
import { EXPORT_FORMATS } from '../export/formats.ts';
import { allTops, topsOf } from '../export/tops.ts';
import { printable } from '../printable.ts';
import { openStoreForReading } from '../repository/open-store.ts';
import { writeOutput } from './output.ts';
import { stderrLogger } from './stderr-logger.ts';
import { placeOf, withStoreOptions } from './store-option.ts';

interface ExportFlags {
  readonly all?: boolean;
  readonly format: string;
  readonly output?: string;
  readonly redact?: boolean;
}

/** `sessiontree export [ID…|--all]`: writes sessions and all beneath them to a file. */
export function exportCommand(): Command {
  const names = EXPORT_FORMATS.map(({ name }) => name);
  return withStoreOptions(new Command('export'))
    .description('Write sessions, each with its descendants, to standard output or a file.')
    .argument('[id...]', 'the ids of the sessions')
    .option('--all', 'write every tree of the store')
    .addOption(new Option('--format <format>', 'what to write').choices(names).default(names[0]))
    .option(
      '--redact',
      'with markdown or html: leave out tool output, arguments of tool calls, events, payloads and metadata',
    )
    .option('--output <file>', 'write this file, in place of standard output')
    .addHelpText('after', '\nCan run beside a server. Exit code: 0 if everything was written, 1 otherwise.')
    .action(
      async (ids: string[], { all, format: name, output, redact = false }: ExportFlags, self: Command) => {
        if (all && ids.length > 0) self.error('error: expected ids or --all, got both');
        if (!all && ids.length === 0)
          self.error('error: expected the ids of sessions, or --all', { code: 'commander.missingArgument' });
        const format = EXPORT_FORMATS.find((each) => each.name === name)!;
        if (redact && !format.canRedact) {
          const able = EXPORT_FORMATS.filter(({ canRedact }) => canRedact).map(({ name }) => name);
          self.error(
            `error: --redact: expected --format ${able.join(' or ')}, got ${name}, from which an import restores everything`,
          );
        }
        const reader = await openStoreForReading(placeOf(self), { logger: stderrLogger() });
        try {
          const tops = all ? allTops(reader) : listed(await topsOf(reader, ids));
          await writeOutput(output, format.write({ reader, tops, onFault: report, isRedacted: redact }));
        } finally {
          await reader.close();
        }
      },
    );
}

function report(fault: string): void {
  process.stderr.write(`${printable(fault)}\n`);
  process.exitCode = 1;
}

function listed<T>(items: readonly T[]): AsyncIterable<T> {
  return {
    async *[Symbol.asyncIterator]() {
      yield* items;
    },
  };
}
