import { readdir } from 'node:fs/promises';
import type { Sessiontree } from '@sessiontree/client';
import { Command } from 'commander';
import { DryRunStore } from '../import/agent-session/dry-run-store.ts';
import { importDirectory } from '../import/agent-session/import-directory.ts';
import type { ImportReport } from '../import/agent-session/report.ts';
import { isZip } from '../import/export-files.ts';
import type { Format } from '../import/format.ts';
import { FORMATS, formatsAt, placesOf } from '../import/formats.ts';
import { type ImportSessionsOptions, type ImportSource, importSessions } from '../import/import-sessions.ts';
import { Prices } from '../import/prices.ts';
import { isExport } from '../import/sessiontree/files.ts';
import { DryRunTarget } from '../import/target/dry-run-target.ts';
import { RepositoryTarget, storedSessionsOf } from '../import/target/repository-target.ts';
import type { Target } from '../import/target/target.ts';
import { watchSessions } from '../import/watch-sessions.ts';
import { printable } from '../printable.ts';
import { DataDirectoryInUseError } from '../repository/files/disk/lock.ts';
import { openStore } from '../repository/open-store.ts';
import { callServer } from './call-server.ts';
import { CommandError } from './command-error.ts';
import { importExport } from './import-export.ts';
import {
  AGENT_SESSION,
  FORMAT_CHOICES,
  type ImportFlags,
  importOptions,
  OTHER_PROGRAMS_FLAGS,
  SESSIONTREE,
} from './import-options.ts';
import { importProgress } from './import-progress.ts';
import { limitGarbage } from './limit-garbage.ts';
import { pathFault } from './path-fault.ts';
import { print } from './print.ts';
import { progressBar } from './progress.ts';
import { readerForDryRun } from './reader-for-dry-run.ts';
import { limitOption } from './serve-options.ts';
import { stderrLogger } from './stderr-logger.ts';
import { placeOf, refusePlaceFlags, storeOptions } from './store-option.ts';
import { tellReport } from './tell-report.ts';
import { untilInterrupted } from './until-interrupted.ts';

/** `sessiontree import [FORMAT] [PATH]`: imports the sessions of other programs, the files of the Python module, and what `export` wrote. */
export function importCommand(): Command {
  const command = new Command('import')
    .description('Import the sessions of other programs, or an export, into a store.')
    .argument('[format]', `${FORMAT_CHOICES.join(', ')}; left out: what PATH holds`)
    .argument('[path]', 'a file or a directory; left out: where the program keeps its sessions');
  for (const option of [...storeOptions(), limitOption(), ...importOptions()]) command.addOption(option);
  return command
    .addHelpText(
      'after',
      `\nStop the server first, or import into it with --url. A database can be imported into beside its servers.\n` +
        'An import can be repeated: only what is new or different is written.\n' +
        'Exit code: 0 if everything was imported, 1 if not, 2 for a wrong command line.',
    )
    .action(
      async (first: string | undefined, second: string | undefined, flags: ImportFlags, self: Command) => {
        const [format, path] = namesOf(first, second, self);
        if (format === SESSIONTREE || (format === null && path !== null && (await isExport(path))))
          return importExport(path, flags, self);
        checkFlags(flags, self);
        const sources = format === AGENT_SESSION ? null : await sourcesOf(format, path, flags, self);
        if (sources) await importPrograms(sources, flags, self);
        else await importPythonFiles(path, flags, self);
      },
    );
}

/** The format and the path of the command line. A single word is a format if it is the name of one. */
function namesOf(
  first: string | undefined,
  second: string | undefined,
  command: Command,
): [format: string | null, path: string | null] {
  if (first === undefined) return [null, null];
  const isFormat = FORMAT_CHOICES.includes(first);
  if (second !== undefined && !isFormat)
    command.error(`error: expected one of ${FORMAT_CHOICES.join(', ')}, got "${printable(first)}"`);
  return isFormat ? [first, second ?? null] : [null, first];
}

function checkFlags({ url, watch, dryRun }: ImportFlags, command: Command): void {
  if (watch && url === undefined)
    command.error('error: --watch needs --url: only a server can be written to for long');
  if (watch && dryRun) command.error('error: expected --watch or --dry-run, got both');
  if (url !== undefined) refusePlaceFlags(command);
  // Before the sources are read, which can take minutes.
  else placeOf(command);
}

/** Where to import from; null: from the files of the Python module that are at `path`. */
async function sourcesOf(
  format: string | null,
  path: string | null,
  { all }: ImportFlags,
  command: Command,
): Promise<readonly ImportSource[] | null> {
  if (all) {
    if (format !== null || path !== null)
      command.error('error: expected --all, or a format and a path, got both');
    return (await Promise.all(FORMATS.map((format) => placesOf(format)))).flat();
  }
  const known = FORMATS.find(({ name }) => name === format);
  if (path === null) {
    if (!known)
      command.error('error: expected a format, a path, or --all', { code: 'commander.missingArgument' });
    return defaultSourcesOf(known, command);
  }
  const fault = await pathFault(path, () => true);
  if (fault) {
    const expected = known ? 'a file or a directory' : `${FORMAT_CHOICES.join(', ')}, a file or a directory`;
    command.error(`error: expected ${expected}, got "${printable(path)}" (${fault})`);
  }
  if (known) return [{ format: known, path }];
  const [recognised, ...others] = await formatsAt(path);
  if (recognised && others.length === 0) return [{ format: recognised, path }];
  if (recognised) {
    const titles = [recognised, ...others].map(({ title }) => title).join(' and of ');
    command.error(
      `error: expected sessions of one program, got those of ${titles} in "${printable(path)}": ` +
        `name the format, and import once for each (${[recognised, ...others].map(({ name }) => name).join(', ')})`,
    );
  }
  const beneath = (await Promise.all(FORMATS.map((format) => placesOf(format, path)))).flat();
  if (beneath.length > 0)
    command.error(
      `error: expected sessions of a program, got "${printable(path)}", which has them in ` +
        `${beneath.map((place) => printable(place.path)).join(', ')}: import each of these, or --all of your own home`,
    );
  if (await hasJsonFiles(path)) return null;
  const titles = FORMATS.map(({ title }) => title).join(', ');
  const isArchive = await isZip(path);
  command.error(
    isArchive
      ? `error: expected an unpacked export, got the zip archive "${printable(path)}": unpack it first`
      : `error: expected sessions of ${titles}, an export of Sessiontree, or a directory of .json files of the Python module, got "${printable(path)}"`,
  );
}

async function defaultSourcesOf(format: Format, command: Command): Promise<readonly ImportSource[]> {
  const places = await placesOf(format);
  const expected = format.defaultPlaces(process.env, '~').join(' or ');
  if (expected === '') command.error(`error: expected the path of the export of ${format.title}, got none`);
  if (places.length === 0)
    command.error(`error: ${format.title} has no sessions in ${expected}: name their place`);
  return places;
}

/** False for a file. */
async function hasJsonFiles(path: string): Promise<boolean> {
  const names: string[] = await readdir(path).catch(() => []);
  return names.some((name) => name.endsWith('.json'));
}

async function importPrograms(
  sources: readonly ImportSource[],
  flags: ImportFlags,
  command: Command,
): Promise<void> {
  limitGarbage();
  const prices = flags.prices === undefined ? null : await Prices.read(flags.prices);
  if (sources.length === 0) {
    const places = FORMATS.flatMap(({ defaultPlaces }) => defaultPlaces(process.env, '~'));
    return print([`No program keeps sessions here: looked for ${places.join(', ')}.\n`]);
  }
  const progress = importProgress(process.stderr);
  const options = {
    since: flags.since ?? null,
    project: flags.project ?? null,
    prices,
    withPayload: flags.payload === 'full',
    userId: flags.user ?? null,
    onProgress: progress.report,
  };
  try {
    await withTarget(command, flags, progress.open, async (target) => {
      if (flags.watch) await watchPrograms(sources, target, { ...options, onProgress: () => {} });
      else await tellReport(await importSessions(sources, target, options), progress.done);
    });
  } finally {
    progress.done();
  }
}

/** Imports whenever a file changes, until a signal ends the process. */
async function watchPrograms(
  sources: readonly ImportSource[],
  target: Target,
  options: ImportSessionsOptions,
): Promise<void> {
  await untilInterrupted(async (signal) => {
    for await (const report of watchSessions(sources, target, options, signal))
      await tellReport(report, () => {});
  });
  process.exitCode = 0;
}

/** A server that restarts is waited for: 15 seconds at most. */
const SERVER_RETRIES = 5;

/** Opens what the flags name, a store or a server, and closes it after `action`. */
async function withTarget(
  command: Command,
  { url, token, limit: limits, dryRun }: ImportFlags,
  onProgress: ReturnType<typeof importProgress>['open'],
  action: (target: Target) => Promise<void>,
): Promise<void> {
  if (url !== undefined) {
    const callAction = async (client: Sessiontree) => {
      // Before the sources are read, which can take minutes: is there a server?
      await client.request('{ store { cursor } }', {}, { maxRetries: 0 });
      // Loaded only here, as the client is.
      const { ServerTarget } = await import('../import/target/server-target.ts');
      const target = new ServerTarget(client, limits);
      await action(dryRun ? new DryRunTarget(target, limits) : target);
    };
    return callServer({ url, token }, callAction, { maxRetries: SERVER_RETRIES });
  }
  const place = placeOf(command);
  const logger = stderrLogger();
  if (dryRun) {
    const reader = await readerForDryRun(place, logger);
    try {
      return await action(new DryRunTarget(reader && storedSessionsOf(reader), limits));
    } finally {
      await reader?.close();
    }
  }
  const repository = await openStore(place, { limits, logger, onProgress }).catch((error) => {
    if (!(error instanceof DataDirectoryInUseError)) throw error;
    throw new CommandError(
      `${error.message} Or import into the running server: --url with its address, for example --url http://localhost:4000.`,
    );
  });
  try {
    await action(new RepositoryTarget(repository, limits));
  } finally {
    await repository.close();
  }
}

async function importPythonFiles(path: string | null, flags: ImportFlags, command: Command): Promise<void> {
  const other = OTHER_PROGRAMS_FLAGS.find((flag) => command.getOptionValueSource(flag) === 'cli');
  if (path === null) command.error(`error: ${AGENT_SESSION} has no default place: name the directory`);
  const fault = await pathFault(path, (found) => found.isDirectory());
  if (fault) command.error(`error: expected a directory of .json files, got "${printable(path)}" (${fault})`);
  if (other !== undefined) {
    const flag = command.options.find((option) => option.attributeName() === other)!.long;
    command.error(`error: ${flag} is not for the files of the Python module (${AGENT_SESSION})`);
  }
  const { limit: limits, dryRun } = flags;
  const place = placeOf(command);
  const progress = progressBar(process.stderr);
  const options = { limits, onProgress: progress.report };
  const tell = async (report: ImportReport) => {
    progress.done();
    await print(report.lines().map((line) => `${line}\n`));
    process.exitCode = report.complete ? 0 : 1;
  };
  const logger = stderrLogger();
  if (dryRun) {
    const reader = await readerForDryRun(place, logger);
    try {
      await tell(await importDirectory(path, new DryRunStore(reader), { ...options, isDryRun: true }));
    } finally {
      progress.done();
      await reader?.close();
    }
    return;
  }
  const repository = await openStore(place, { limits, logger, onProgress: progress.report });
  try {
    await tell(await importDirectory(path, repository, options));
  } finally {
    progress.done();
    await repository.close();
  }
}
