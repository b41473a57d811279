import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { restoreSessions } from '../import/sessiontree/restore-sessions.ts';
import { printable } from '../printable.ts';
import { openStore } from '../repository/open-store.ts';
import { type ImportFlags, OTHER_PROGRAMS_FLAGS, SESSIONTREE } from './import-options.ts';
import { importProgress } from './import-progress.ts';
import { pathFault } from './path-fault.ts';
import { readerForDryRun } from './reader-for-dry-run.ts';
import { stderrLogger } from './stderr-logger.ts';
import { placeOf } from './store-option.ts';
import { tellReport } from './tell-report.ts';

const STANDARD_INPUT = '-';

/** `sessiontree import sessiontree PATH`: restores what `sessiontree export` wrote. */
export async function importExport(path: string | null, flags: ImportFlags, command: Command): Promise<void> {
  if (path === null)
    command.error(
      `error: ${SESSIONTREE} has no default place: name a file, a folder, or - for standard input`,
    );
  refuseOtherFlags(command);
  const place = placeOf(command);
  if (path === STANDARD_INPUT) {
    await fromStandardInput((file) => restore(file, place, flags));
    return;
  }
  const fault = await pathFault(path, () => true);
  if (fault) command.error(`error: expected a file or a directory, got "${printable(path)}" (${fault})`);
  await restore(path, place, flags);
}

function refuseOtherFlags(command: Command): void {
  const isGiven = (flag: string) => command.getOptionValueSource(flag) === 'cli';
  if (isGiven('url'))
    command.error(
      'error: --url is not for an export: exact copies are written by the process that opens the store. ' +
        'Stop the server, and use --data, or name the database with --store',
    );
  const other = OTHER_PROGRAMS_FLAGS.find(isGiven);
  if (other === undefined) return;
  const flag = command.options.find((option) => option.attributeName() === other)!.long;
  command.error(`error: ${flag} is not for an export (${SESSIONTREE}): its sessions come in as exact copies`);
}

/** Lines are read several times: standard input goes to a file first. */
async function fromStandardInput(run: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sessiontree-import-'));
  try {
    const file = join(folder, 'standard-input.jsonl');
    await pipeline(process.stdin, createWriteStream(file, { mode: 0o600 }));
    await run(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function restore(path: string, place: string, { limit: limits, dryRun }: ImportFlags): Promise<void> {
  const logger = stderrLogger();
  const progress = importProgress(process.stderr);
  const options = { onProgress: progress.report };
  if (dryRun) {
    const reader = await readerForDryRun(place, logger);
    try {
      const target = { reader, repository: null, limits };
      await tellReport(await restoreSessions(path, target, options), progress.done);
    } finally {
      progress.done();
      await reader?.close();
    }
    return;
  }
  const repository = await openStore(place, { limits, logger, onProgress: progress.open });
  try {
    const target = { reader: repository, repository, limits };
    await tellReport(await restoreSessions(path, target, options), progress.done);
  } finally {
    progress.done();
    await repository.close();
  }
}
