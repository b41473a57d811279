import { type Command, InvalidArgumentError, Option } from 'commander';
import { checkPlace, EXPECTED_DATABASE, isDatabase, StorePlaceError } from '../repository/store-place.ts';
import { dataOption } from './data-option.ts';

/** The parsed values of `storeOptions`, with the names that commander derives. */
export interface StoreFlags {
  readonly data: string;
  readonly store?: string | undefined;
}

/** `--data` and `--store`, shared by the commands that open a store: `placeOf` says which one it is. */
export function storeOptions(): Option[] {
  return [dataOption(), storeOption()];
}

/** Adds the flags to a command. */
export function withStoreOptions(command: Command): Command {
  for (const option of storeOptions()) command.addOption(option);
  return command;
}

/** `--store`. Commands that open either kind of store take `storeOptions`. */
export function storeOption(): Option {
  return new Option('--store <url>', `the database, in place of a data directory: ${EXPECTED_DATABASE}`)
    .env('SESSIONTREE_STORE')
    .argParser(parseStore);
}

/** Only refuses an empty text: an error of commander would print the URL, and its password. `placeOf` checks the rest. */
function parseStore(url: string): string {
  if (url === '') throw new InvalidArgumentError('Expected the URL of a database.');
  return url;
}

/**
 * The place of the store that the flags name. A flag wins over the variable of the other one; of two variables, that of the database wins, since
 * an image of the server sets that of the directory. Ends the command if both flags are there, or for what is no place.
 */
export function placeOf(command: Command): string {
  const { data, store } = command.opts<StoreFlags>();
  const sourceOf = (name: string) => command.getOptionValueSource(name);
  if (sourceOf('data') === 'cli') {
    if (sourceOf('store') === 'cli') command.error('error: expected --data or --store, got both');
    return data;
  }
  if (store === undefined) return data;
  if (sourceOf('store') === 'cli') hideCommandLine();
  return checkedDatabase(store, '--store', command);
}

/** Ends the command if a place is named beside `--url`. */
export function refusePlaceFlags(command: Command): void {
  const given = ['data', 'store'].find((name) => command.getOptionValueSource(name) === 'cli');
  if (given !== undefined) command.error(`error: expected --${given} or --url, got both`);
}

/** Ends the command unless `url` can be that of a database. */
export function checkedDatabase(url: string, flag: string, command: Command): string {
  try {
    checkPlace(url);
  } catch (error) {
    if (!(error instanceof StorePlaceError)) throw error;
    return command.error(`error: ${flag}: ${error.message}`);
  }
  if (isDatabase(url)) return url;
  return command.error(
    `error: ${flag}: expected ${EXPECTED_DATABASE}, got something else. A data directory is named with --data`,
  );
}

/** All users of the machine can see the command line of a process, and so the password in it: from here on they see this. */
export function hideCommandLine(): void {
  process.title = 'sessiontree';
}
