import { Command, InvalidArgumentError, Option } from 'commander';
import { printable } from '../printable.ts';
import { DataDirectoryInUseError } from '../repository/files/disk/lock.ts';
import type { Progress } from '../repository/observer.ts';
import { openStore, openStoreForReading } from '../repository/open-store.ts';
import { isDatabase } from '../repository/store-place.ts';
import { callServer, parseUrl, tokenOption } from './call-server.ts';
import { CommandError } from './command-error.ts';
import { counted } from './counted.ts';
import { pathFault } from './path-fault.ts';
import { print } from './print.ts';
import { progressBar } from './progress.ts';
import { type OldTree, type PruneTarget, ServerTarget, StoreTarget, type Wanted } from './prune-targets.ts';
import { spanIn } from './span.ts';
import { stderrLogger } from './stderr-logger.ts';
import { placeOf, refusePlaceFlags, withStoreOptions } from './store-option.ts';

interface PruneFlags {
  readonly url?: string;
  readonly token?: string;
  /** Milliseconds. */
  readonly olderThan: number;
  readonly project?: string;
  readonly archived?: boolean;
  readonly dryRun?: boolean;
  readonly purge?: boolean;
}

/** `sessiontree prune --older-than AGE`: deletes whole trees in which nothing has happened for long. */
export function pruneCommand(): Command {
  return withStoreOptions(new Command('prune'))
    .description('Delete whole trees in which nothing has happened for a while.')
    .addOption(
      new Option(
        '--older-than <age>',
        'how long ago the latest activity in a tree was at least: 90d, 12w, 36h',
      )
        .argParser(parseAge)
        .makeOptionMandatory(),
    )
    .option('--project <project>', 'only trees whose root belongs to this project')
    .option('--archived', 'only trees whose root is archived')
    .option('--dry-run', 'delete nothing, and list what would be deleted')
    .option('--purge', 'leave nothing of the trees on the disk, except the ids of their sessions')
    .addOption(new Option('--url <url>', 'prune the store of a running server').argParser(parseUrl))
    .addOption(tokenOption())
    .addHelpText(
      'after',
      '\nStop the server first, or name it with --url. A database can be pruned beside its servers.\n' +
        'Exit code: 0 if all of these trees are deleted, or would be, 1 if not, 2 for a wrong command line.',
    )
    .action((flags: PruneFlags, command: Command) => {
      if (flags.url !== undefined) refusePlaceFlags(command);
      return prune(flags, command);
    });
}

function parseAge(text: string): number {
  const age = spanIn(text);
  if (age === null) throw new InvalidArgumentError('Expected an age such as 90d, 12w or 36h.');
  return age;
}

async function prune(flags: PruneFlags, command: Command): Promise<void> {
  const { url, token, dryRun = false } = flags;
  const progress = progressBar(process.stderr);
  const run = (target: PruneTarget) => pruneIn(target, flags, progress.report);
  try {
    if (url !== undefined) {
      await callServer({ url, token }, async (client) => {
        const { MutationError } = await import('@sessiontree/client');
        await run(new ServerTarget(client, MutationError));
      });
      return;
    }
    const place = placeOf(command);
    const fault = isDatabase(place) ? null : await pathFault(place, (found) => found.isDirectory());
    if (fault)
      throw new CommandError(
        `expected a data directory at ${place}, got none (${fault}). Name it with --data.`,
      );
    const options = { logger: stderrLogger(), onProgress: progress.report };
    if (dryRun) {
      const reader = await openStoreForReading(place, options);
      await run(new StoreTarget(reader, null)).finally(() => reader.close());
      return;
    }
    const repository = await openStore(place, options).catch((error) => {
      if (!(error instanceof DataDirectoryInUseError)) throw error;
      throw new CommandError(`${error.message} Prune the store of a running server with --url.`);
    });
    await run(new StoreTarget(repository, repository)).finally(() => repository.close());
  } finally {
    progress.done();
  }
}

async function pruneIn(target: PruneTarget, flags: PruneFlags, onProgress: Progress): Promise<void> {
  const { olderThan, project, archived = false, dryRun = false, purge = false } = flags;
  const wanted: Wanted = { before: new Date(Date.now() - olderThan), project, isArchived: archived };
  const trees: OldTree[] = [];
  for await (const tree of target.oldTrees(wanted)) {
    trees.push(tree);
    onProgress('Looking for trees', trees.length, 0);
  }
  const outcome = dryRun ? wouldDelete(trees) : await deleteAll(target, trees, { wanted, purge, onProgress });
  await print(outcome.map((line) => `${printable(line)}\n`));
}

function wouldDelete(trees: readonly OldTree[]): string[] {
  const lines = trees.map(({ id, title, sessionCount, lastActiveAt }) => {
    const name = title?.trim() ? `  ${title.replaceAll(/\s+/g, ' ').trim()}` : '';
    return `${id}  ${counted(sessionCount, 'session')}, last active ${lastActiveAt.toISOString()}${name}`;
  });
  const sessions = trees.reduce((sum, { sessionCount }) => sum + sessionCount, 0);
  return [...lines, `would delete ${counted(trees.length, 'tree')} with ${counted(sessions, 'session')}`];
}

interface Deleting {
  readonly wanted: Wanted;
  readonly purge: boolean;
  readonly onProgress: Progress;
}

/** Goes on after a tree that cannot be deleted, which is reported. */
async function deleteAll(
  target: PruneTarget,
  trees: readonly OldTree[],
  { wanted, purge, onProgress }: Deleting,
): Promise<string[]> {
  const lines: string[] = [];
  let deleted = 0;
  let sessions = 0;
  for (const [n, { id }] of trees.entries()) {
    onProgress('Deleting trees', n, trees.length);
    try {
      const count = await target.delete(id, wanted, purge);
      if (count === null) {
        lines.push(`${id}: stays, because something has happened in the tree meanwhile`);
        continue;
      }
      deleted += 1;
      sessions += count;
    } catch (error) {
      if (!target.isRefusal(error)) throw error;
      lines.push(`${id}: not deleted: ${error.message}`);
      process.exitCode = 1;
    }
  }
  return [
    ...lines,
    `${purge ? 'purged' : 'deleted'} ${counted(deleted, 'tree')} with ${counted(sessions, 'session')}`,
  ];
}
