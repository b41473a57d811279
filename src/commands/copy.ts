import { Command, InvalidArgumentError, Option } from 'commander';
import { printable } from '../printable.ts';
import type { Loaded } from '../repository/dump.ts';
import type { Progress } from '../repository/observer.ts';
import {
  type OpenedStore,
  type OpenStoreOptions,
  openStoreForReading,
  openStoreIfThere,
  openStoreToDump,
  openStoreToLoad,
} from '../repository/open-store.ts';
import type { StoreReader } from '../repository/repository.ts';
import { EXPECTED_DATABASE, isDatabase, shownPlace } from '../repository/store-place.ts';
import { CommandError } from './command-error.ts';
import { counted } from './counted.ts';
import { print } from './print.ts';
import { progressBar } from './progress.ts';
import { stderrLogger } from './stderr-logger.ts';
import { hideCommandLine } from './store-option.ts';

interface CopyFlags {
  readonly from: string;
  readonly to: string;
  readonly dryRun?: true;
  readonly search: boolean;
}

/** `sessiontree copy --from A --to B`: makes a new store a copy of another; each is a data directory or a database. */
export function copyCommand(): Command {
  return new Command('copy')
    .description('Copy a whole store into an empty one: every session, deletion and recorded operation.')
    .addOption(placeOption('from', `the store to copy: a data directory, or ${EXPECTED_DATABASE}`))
    .addOption(
      placeOption('to', 'the store to make: a data directory that is missing or empty, or an empty database'),
    )
    .option('--no-search', 'index no text in a database, whose servers run with --no-search, too')
    .option('--dry-run', 'copy nothing; say what would be copied')
    .addHelpText(
      'after',
      '\nA store of files can be copied into a database, and back. Stop the servers of both stores first. A copy that was interrupted goes on\n' +
        'where it ended when the command is repeated; no server starts on it before it is whole. The copy has an id of its own: clients begin\n' +
        'anew with their cursors. Tokens, shares and quotas are not copied. Exit code: 0 if all was copied, 1 otherwise, 2 for a wrong command line.',
    )
    .action(async ({ from, to, dryRun, search }: CopyFlags) => {
      if (isDatabase(from) || isDatabase(to)) hideCommandLine();
      const progress = progressBar(process.stderr);
      const options = { logger: stderrLogger(), onProgress: progress.report, database: { search } };
      try {
        const line = dryRun ? await planCopy(from, to, options) : await copy(from, to, options);
        progress.done();
        await print([`${printable(line)}\n`]);
      } finally {
        progress.done();
      }
    });
}

function placeOption(name: string, description: string): Option {
  return new Option(`--${name} <store>`, description).makeOptionMandatory().argParser(parsePlace);
}

/** Only refuses an empty text: an error of commander would print the URL, and its password. Opening the store checks the rest. */
function parsePlace(place: string): string {
  if (place === '') throw new InvalidArgumentError('Expected a data directory or the URL of a database.');
  return place;
}

type CopyOptions = Required<Pick<OpenStoreOptions, 'logger' | 'onProgress' | 'database'>>;

async function copy(from: string, to: string, options: CopyOptions): Promise<string> {
  const source = await openStoreToDump(from, options);
  try {
    const target = await openStoreToLoad(to, options);
    let isCopied = false;
    try {
      const loaded = await load(source, target, options.onProgress);
      isCopied = true;
      const before =
        loaded.sessionsBefore > 0
          ? `, of which ${loaded.sessionsBefore} ${loaded.sessionsBefore === 1 ? 'was' : 'were'} there already`
          : '';
      return `copied ${contentOf(loaded)}${before}`;
    } finally {
      // A copy that has begun is kept: repeating the command continues it.
      const isKept = isCopied || (await target.unfinishedLoad()) !== null;
      await (isKept ? target.close() : target.discard());
    }
  } finally {
    await source.close();
  }
}

async function load(source: StoreReader, target: OpenedStore, onProgress: Progress): Promise<Loaded> {
  const { sessionCount } = await source.status();
  return target.load(source.dump(), {
    onProgress: ({ sessions, operations }) => {
      if (operations === 0) onProgress('Copying sessions', sessions, sessionCount);
      else onProgress('Copying operations', operations, 0);
    },
  });
}

/** What a copy would bring. Changes nothing. */
async function planCopy(from: string, to: string, options: CopyOptions): Promise<string> {
  const source = await openStoreForReading(from, options);
  try {
    await refuseOther(source.storeId, to, options);
    const counts = { sessions: 0, messages: 0, tombstones: 0, operations: 0 };
    const { sessionCount } = await source.status();
    for await (const part of source.dump().parts) {
      if (part.type === 'session') {
        counts.sessions += 1;
        counts.messages += part.session.historyLength + part.session.droppedCount;
        options.onProgress('Counting sessions', counts.sessions, sessionCount);
      }
      if (part.type === 'tombstones') counts.tombstones += part.tombstones.length;
      if (part.type === 'operations') counts.operations += part.operations.length;
    }
    return `would copy ${contentOf(counts)}`;
  } finally {
    await source.close();
  }
}

/** Rejects with a CommandError if the store at `to` is neither empty nor an unfinished copy of the source. */
async function refuseOther(sourceId: string, to: string, options: CopyOptions): Promise<void> {
  const target = await openStoreIfThere(to, options);
  if (!target) return;
  try {
    const source = await target.unfinishedLoad();
    if (source === sourceId) return;
    const { sessionCount } = await target.status();
    if (source !== null || sessionCount > 0 || target.storeId === sourceId)
      throw new CommandError(
        `Expected an empty store, or an unfinished copy of this one, in ${shownPlace(to)}: it has another.`,
      );
  } finally {
    await target.close();
  }
}

function contentOf({ sessions, messages, tombstones, operations }: Omit<Loaded, 'sessionsBefore'>): string {
  return (
    `${counted(sessions, 'session')} with ${counted(messages, 'message')}, ${counted(operations, 'operation')} and the ids of ` +
    `${counted(tombstones, 'deleted session')}`
  );
}
