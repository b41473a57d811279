import { type Command, Option } from 'commander';
import { z } from 'zod';
import { isDatabase } from '../repository/store-place.ts';
import type { DatabaseConfig } from '../server/config.ts';
import { parser } from './option-parsers.ts';
import { checkedDatabase, hideCommandLine } from './store-option.ts';

const count = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max));

/** Into how many parts tables can be divided: each part is a table, and has all indexes. */
const PARTITIONS_MAX = 1_024;

/** How the tables of an empty database are divided. */
export function partitionsOption(name: string): Option {
  return new Option(
    `--${name} <number>`,
    'into how many partitions the tables of an empty database are divided; 0: not at all',
  )
    .default(0)
    .argParser(parser(count(0, PARTITIONS_MAX), `a whole number from 0 to ${PARTITIONS_MAX}`));
}

/** The flags of `sessiontree serve` that matter only with a database. */
export function databaseOptions(): Option[] {
  return [
    new Option('--postgres-connections <number>', 'with --store: connections to the database at most')
      .env('SESSIONTREE_POSTGRES_CONNECTIONS')
      .default(16)
      .argParser(parser(count(2, 10_000), 'a whole number from 2 to 10000')),
    partitionsOption('postgres-partitions').env('SESSIONTREE_POSTGRES_PARTITIONS'),
    new Option(
      '--no-migrate',
      'with --store: the tables must be those of this version; "sessiontree migrate" sees to that',
    ).env('SESSIONTREE_NO_MIGRATE'),
    new Option(
      '--no-prepare',
      'with --store: no prepared statements, for a pgbouncer in transaction mode',
    ).env('SESSIONTREE_NO_PREPARE'),
    new Option(
      '--listen-store <url>',
      'with --store: the same database past a proxy, for notices of changes by other servers',
    ).env('SESSIONTREE_LISTEN_STORE'),
    new Option('--no-search', 'with --store: no search, and no text is indexed').env('SESSIONTREE_NO_SEARCH'),
    new Option(
      '--keep-operations <days>',
      'with --store: how many days a mutation with an operationId can be sent again',
    )
      .env('SESSIONTREE_KEEP_OPERATIONS')
      .default(null, 'for ever')
      .argParser(parser(count(1, 36_500), 'a whole number of days from 1 to 36500')),
  ];
}

/** The parsed values of `databaseOptions`, with the names that commander derives. */
export interface DatabaseFlags {
  readonly postgresConnections?: number;
  readonly postgresPartitions?: number;
  readonly migrate?: boolean;
  readonly prepare?: boolean;
  readonly listenStore?: string;
  readonly search?: boolean;
  readonly keepOperations?: number | null;
}

/** What the flags say of the database at `url`. `refuseFlagsOfOthers` has checked them. */
export function databaseConfig(url: string, flags: DatabaseFlags): DatabaseConfig {
  const { postgresConnections: connections = 16, postgresPartitions: partitions = 0 } = flags;
  const { migrate = true, prepare = true, search = true } = flags;
  const { listenStore: listenUrl = null, keepOperations: operationDays = null } = flags;
  return Object.freeze({
    url,
    connections,
    partitions,
    migrate,
    prepare,
    search,
    listenUrl,
    operationDays,
  });
}

/** Flags of `serve` that mean nothing for a database. */
const OF_FILES = ['durability'];

/** Ends the command if a flag is not for the kind of store at `place`. */
export function refuseFlagsOfOthers(place: string, command: Command): void {
  const { listenStore } = command.opts<DatabaseFlags>();
  const names = databaseOptions().map((option) => option.attributeName());
  const isGiven = (name: string) => command.getOptionValueSource(name) === 'cli';
  const other = (isDatabase(place) ? OF_FILES : names).find(isGiven);
  if (other !== undefined) {
    const flag = command.options.find((option) => option.attributeName() === other)!.long;
    command.error(
      isDatabase(place)
        ? `error: ${flag} is for a data directory: a database has settings of its own (synchronous_commit)`
        : `error: ${flag} is for a database, which --store names`,
    );
  }
  if (listenStore === undefined || !isDatabase(place)) return;
  if (isGiven('listenStore')) hideCommandLine();
  checkedDatabase(listenStore, '--listen-store', command);
}
