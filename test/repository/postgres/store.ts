import { afterAll, beforeAll } from 'vitest';
import type { Database } from '../../../src/repository/postgres/connection/database.ts';
import {
  openDatabase,
  openPostgresRepository,
  openRepositoryOver,
} from '../../../src/repository/postgres/open.ts';
import type { PostgresOptions } from '../../../src/repository/postgres/options.ts';
import { createDatabase, type TestDatabase } from '../../support/postgres/database.ts';
import { type Emptying, openEmptying } from '../../support/postgres/emptying.ts';
import { type Pgbouncer, startPgbouncer } from '../../support/postgres/pgbouncer.ts';
import { type PostgresServer, startPostgres } from '../../support/postgres/server.ts';
import { sharedPostgres } from '../../support/postgres/shared.ts';
import type { SetUpStore } from '../contract/store.ts';

/** How tests open a store: all but where it is. */
export interface StoreOptions extends Partial<Omit<PostgresOptions, 'url'>> {
  /**
   * True: on a server of its own. Marks of equal states are equal texts only while nobody writes to other databases of the server: a
   * transaction there that ends while a mark is made can be in its text.
   */
  readonly isAlone?: boolean;
  /** True: through a pgbouncer in transaction mode, which hands out two connections. */
  readonly isPooled?: boolean;
}

/** The database of a test file, with the tables of this version in it. */
export interface StoreDatabase {
  readonly url: string;
  /** Makes a new store of it: without rows, and with an id of its own. No repository may be open. */
  renew(): Promise<void>;
}

/** Each table of a tree in 16 partitions by `home`, as a distributed PostgreSQL would divide it. */
const PARTITIONS = 16;

/** Creates a database before the tests of the file, and drops it after them. */
export function useStoreDatabase({ isAlone = false, ...options }: StoreOptions = {}): StoreDatabase {
  let server: PostgresServer | undefined;
  let database: TestDatabase;
  let emptying: Emptying;

  beforeAll(async () => {
    // What is cached of plans would be of the tables as autovacuum last found them: empty, while a test writes 10,000 rows.
    if (isAlone) server = await startPostgres({ settings: { autovacuum: 'off' } });
    database = await createDatabase(server ?? (await sharedPostgres()));
    const repository = await openPostgresRepository({
      partitions: PARTITIONS,
      ...options,
      migrate: true,
      url: database.url,
    });
    await repository.close();
    emptying = await openEmptying(database.url, ['meta']);
  });

  afterAll(async () => {
    await emptying?.close();
    await database?.drop();
    await server?.stop();
  });

  return {
    get url() {
      return database.url;
    },
    async renew() {
      await emptying.empty();
      await emptying.query("DELETE FROM meta WHERE key = 'loading'");
      await emptying.query("UPDATE meta SET value = gen_random_uuid()::text WHERE key = 'store_id'");
    },
  };
}

/**
 * Sets up a store for each test: all in one database, one after the other. Call it where tests are collected. The repositories of a file have
 * one pool: a new connection plans each statement anew, which takes ten times as long for partitions as what most tests do.
 */
export function setUpPostgresStore({ isPooled = false, ...options }: StoreOptions = {}): SetUpStore {
  const database = useStoreDatabase(options);
  const proxy = isPooled ? usePgbouncer(database) : null;
  const { isAlone, ...given } = options;
  const own = () => ({
    partitions: PARTITIONS,
    mayBeUnfinished: true,
    ...given,
    ...(proxy ?? { url: database.url }),
  });
  let pool: Database | undefined;
  afterAll(() => pool?.close());
  return async () => {
    await database.renew();
    return {
      async open() {
        pool ??= openDatabase(own());
        return await openRepositoryOver(pool, own(), async () => {});
      },
      async cleanup() {},
    };
  };
}

/** Starts a pgbouncer before the tests of the file, and stops it after them. Returns how the database is opened through it. */
function usePgbouncer(database: Pick<StoreDatabase, 'url'>) {
  let pool: Pgbouncer;
  beforeAll(async () => {
    pool = await startPgbouncer({
      server: database,
      database: new URL(database.url).pathname.slice(1),
      poolSize: 2,
    });
  });
  afterAll(() => pool?.stop());
  return {
    prepare: false,
    get url() {
      return pool.url;
    },
    get listenUrl() {
      return database.url;
    },
  };
}
