import { Command, Option } from 'commander';
import { printable } from '../printable.ts';
import type { Loaded } from '../repository/dump.ts';
import type { OpenedRepository } from '../repository/files/open.ts';
import type { Progress } from '../repository/observer.ts';
import {
  isStoreThere,
  type OpenStoreOptions,
  openStoreForReading,
  openStoreToDump,
  openStoreToLoad,
} from '../repository/open-store.ts';
import type { StoreReader } from '../repository/repository.ts';
import { counted } from './counted.ts';
import { parseDirectory } from './data-option.ts';
import { CommandError } from './failure.ts';
import { print } from './print.ts';
import { progressBar } from './progress.ts';
import { stderrLogger } from './stderr-logger.ts';

interface CopyFlags {
  readonly from: string;
  readonly to: string;
  readonly dryRun?: true;
}

/** `sessiontree copy --from A --to B`: makes a new store a copy of another. */
export function copyCommand(): Command {
  return new Command('copy')
    .description('Copy a whole store into an empty one: every session, deletion and recorded operation.')
    .addOption(placeOption('from', 'the store to copy: a data directory'))
    .addOption(placeOption('to', 'the store to make: a data directory that is missing or empty'))
    .option('--dry-run', 'copy nothing; say what would be copied')
    .addHelpText(
      'after',
      '\nStop the servers of both stores first. A copy that was interrupted goes on where it ended when the command is repeated; no server\n' +
        'starts on it before it is whole. The copy has an id of its own: clients begin anew with their cursors. Tokens, shares and quotas\n' +
        'are not copied. Exit code: 0 if all was copied, 1 otherwise, 2 for a wrong command line.',
    )
    .action(async ({ from, to, dryRun }: CopyFlags) => {
      const progress = progressBar(process.stderr);
      const options = { logger: stderrLogger(), onProgress: progress.report };
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
  return new Option(`--${name} <store>`, description).makeOptionMandatory().argParser(parseDirectory);
}

async function copy(from: string, to: string, options: OpenStoreOptions): Promise<string> {
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
      // A copy that has begun is kept, to be gone on with.
      const isKept = isCopied || (await target.unfinishedLoad()) !== null;
      await (isKept ? target.close() : target.discard());
    }
  } finally {
    await source.close();
  }
}

async function load(source: StoreReader, target: OpenedRepository, onProgress: Progress): Promise<Loaded> {
  const { sessionCount } = await source.status();
  return target.load(source.dump(), {
    onProgress: ({ sessions, operations }) => {
      if (operations === 0) onProgress('Copying sessions', sessions, sessionCount);
      else onProgress('Copying operations', operations, 0);
    },
  });
}

/** What a copy would bring. Changes nothing. */
async function planCopy(from: string, to: string, options: OpenStoreOptions): Promise<string> {
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
      } else
        counts[part.type] += part.type === 'tombstones' ? part.tombstones.length : part.operations.length;
    }
    return `would copy ${contentOf(counts)}`;
  } finally {
    await source.close();
  }
}

/** Rejects with a CommandError if the store at `to` is neither empty nor an unfinished copy of the source. */
async function refuseOther(sourceId: string, to: string, options: OpenStoreOptions): Promise<void> {
  if (!isStoreThere(to)) return;
  const target = await openStoreForReading(to, options);
  try {
    const source = await target.unfinishedLoad();
    if (source === sourceId) return;
    const { sessionCount } = await target.status();
    if (source !== null || sessionCount > 0 || target.storeId === sourceId)
      throw new CommandError(
        `Expected an empty store, or an unfinished copy of this one, in ${to}: it has another.`,
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
