import { Command } from 'commander';
import { isDatabase, shownPlace } from '../repository/store-place.ts';
import { counted } from './counted.ts';
import { partitionsOption } from './database-options.ts';
import { print } from './print.ts';
import { stderrLogger } from './stderr-logger.ts';
import { placeOf, storeOption } from './store-option.ts';

interface MigrateFlags {
  readonly partitions: number;
  readonly dryRun?: boolean;
}

/** `sessiontree migrate`: brings the tables of a database to the version of this program. */
export function migrateCommand(): Command {
  return new Command('migrate')
    .description('Bring the tables of a database to this version, or make them. Can run beside servers.')
    .addOption(storeOption())
    .addOption(partitionsOption('partitions'))
    .option('--dry-run', 'change nothing, and say what would be done')
    .addHelpText(
      'after',
      '\nThe role of --store needs CREATE on the database and on its schema "public", and has the tables from then on. A role that serves, with\n' +
        '"serve --no-migrate", needs only: CONNECT on the database, USAGE on the schema, SELECT, INSERT, UPDATE and DELETE on all tables, and USAGE\n' +
        'on all sequences. docs/postgres.md has the statements.\n' +
        'Exit code: 0 if the tables are of this version, or would be; 1 otherwise, 2 for a wrong command line.',
    )
    .action(async ({ partitions, dryRun = false }: MigrateFlags, self: Command) => {
      const place = placeOf(self);
      if (!isDatabase(place)) self.error('error: expected a database, named with --store, got none');
      // Loaded only here: others do without the driver.
      const { migrateDatabase } = await import('../repository/postgres/tools/migrate-database.ts');
      const { postgres, before, after, partitioned } = await migrateDatabase(place, {
        partitions,
        dryRun,
        logger: stderrLogger(),
      });
      const verb = dryRun ? 'would bring' : 'brought';
      const done =
        before === after
          ? `the tables are of version ${after} already`
          : before === 0
            ? `${dryRun ? 'would make' : 'made'} the tables of version ${after}${partitioned > 0 ? `, in ${counted(partitioned, 'partition')}` : ''}`
            : `${verb} the tables from version ${before} to version ${after}`;
      const note =
        partitions > 0 && before > 0
          ? '; --partitions is for an empty database, and how these are divided stays'
          : '';
      await print([`${shownPlace(place)} (PostgreSQL ${postgres}): ${done}${note}.\n`]);
    });
}
