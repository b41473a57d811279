import { createHash } from 'node:crypto';
import pg from 'pg';
import type { Logger } from '../../observer.ts';
import { DeadlineExceededError, type ReadOptions, throwIfOver } from '../../read-options.ts';
import { cancelWhenOver } from './cancel.ts';
import { CommitInDoubtError, commitInDoubt, isUnusable } from './commit-in-doubt.ts';
import { namingHomes } from './named-homes.ts';
import { codeOf, isConnectionLost, isOfDriver, QUERY_CANCELED } from './postgres-error.ts';
import type { Queries, TransactionQueries } from './queries.ts';
import { runTransaction } from './transaction.ts';
import type { Value } from './value.ts';
import { valueParsers } from './value-parsers.ts';

export interface DatabaseOptions {
  readonly url: string;
  /** Connections that the pool has at most. */
  readonly connections: number;
  /** False: no prepared statements. */
  readonly prepare: boolean;
  readonly logger: Logger;
}

/** Milliseconds until a request that finds all connections in use is refused. */
const WAIT_FOR_CONNECTION_MS = 10_000;
/** Milliseconds without a word after which the system asks whether the other side is there. */
const KEEP_ALIVE_MS = 10_000;

const { Pool } = pg;

/** The connections to a database. */
export class Database implements Queries {
  readonly #options: DatabaseOptions;
  readonly #pool: pg.Pool;
  readonly #names = new Map<string, string>();

  constructor(options: DatabaseOptions) {
    this.#options = options;
    this.#pool = new Pool({
      ...this.config(),
      max: options.connections,
      connectionTimeoutMillis: WAIT_FOR_CONNECTION_MS,
    });
    // An idle connection that is lost: the pool makes another one when it is needed.
    this.#pool.on('error', (err) => options.logger.warn({ err }, 'a connection to the database was lost'));
    this.#pool.on('connect', (client) => {
      // Between the listener of the pool and that of who uses the connection there is none, for a moment.
      client.on('error', () => {});
      client.on('notice', ({ message }) =>
        options.logger.debug({ notice: message }, 'the database gave notice'),
      );
      if (options.prepare) planOnce(client);
    });
  }

  /** What connections are made with: those of the pool, that of the channel, and those that cancel statements. */
  config(url = this.#options.url): pg.ClientConfig {
    return {
      connectionString: url,
      types: valueParsers,
      application_name: 'sessiontree',
      // A host that vanishes says nothing: without a delay of its own, the system would notice after hours.
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
      pipeline: true,
    };
  }

  /**
   * Rejects with the error of PostgreSQL or of the driver, with the `reason` of the signal, or with a DeadlineExceededError. The statement
   * does not run on in PostgreSQL in the last two cases.
   */
  async rows<Row>(sql: string, values: readonly Value[] = [], options?: ReadOptions): Promise<Row[]> {
    throwIfOver(options);
    return await this.#withClient((client) => this.#run<Row>(client, sql, values, options), options);
  }

  /** Runs `work` with a connection, which is given up if `work` rejects since it is lost. */
  async #withClient<T>(work: (client: pg.PoolClient) => Promise<T>, options?: ReadOptions): Promise<T> {
    const client = await this.#connect(options);
    let failure: unknown;
    const lost = (error: unknown) => {
      failure = error;
    };
    client.on('error', lost);
    try {
      return await work(client);
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      client.off('error', lost);
      client.release(failure !== undefined && (isUnusable(failure) || isOfDriver(failure, options)));
    }
  }

  /**
   * Runs one statement that changes rows, as a transaction by itself. Rejects as `rows` does, but with a `CommitInDoubtError` if the connection is
   * lost once the statement is sent.
   */
  async change<Row>(sql: string, values: readonly Value[]): Promise<Row[]> {
    return await this.#withClient(async (client) => {
      try {
        return await this.#run<Row>(client, sql, values, undefined);
      } catch (error) {
        throw isConnectionLost(error) ? commitInDoubt(error) : error;
      }
    });
  }

  /**
   * Runs `work` in a transaction of its own: READ COMMITTED. Commits once `work` resolves, and rolls back if it rejects. COMMIT is sent right
   * behind what `work` sent last: if that fails, PostgreSQL rolls back. Rejects with a `CommitInDoubtError` if the connection is lost while
   * COMMIT is under way.
   */
  transaction<T>(work: (queries: TransactionQueries) => Promise<T>, options?: ReadOptions): Promise<T> {
    return this.#transaction('BEGIN', work, options);
  }

  /** Runs `work`, which only reads, on one state of the database. Rejects as `rows` does. */
  async snapshot<T>(work: (queries: Queries) => Promise<T>, options?: ReadOptions): Promise<T> {
    try {
      return await this.#transaction('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', work, options);
    } catch (error) {
      // A read leaves nothing in doubt.
      throw error instanceof CommitInDoubtError ? error.cause : error;
    }
  }

  async #transaction<T>(
    begin: string,
    work: (queries: TransactionQueries) => Promise<T>,
    options?: ReadOptions,
  ): Promise<T> {
    throwIfOver(options);
    const client = await this.#connect(options);
    const run = <Row>(sql: string, values: readonly Value[], own: ReadOptions | undefined) =>
      this.#run<Row>(client, sql, values, own);
    return await runTransaction({ client, run, begin, work, options });
  }

  /** Resolves once all statements under way have ended. */
  async close(): Promise<void> {
    await this.#pool.end();
  }

  /** A free connection. Rejects, as `rows` does, if the read is over before there is one. */
  async #connect(options: ReadOptions | undefined): Promise<pg.PoolClient> {
    const connecting = this.#pool.connect();
    const { signal, deadline } = options ?? {};
    if (!signal && deadline === undefined) return await connecting;
    const over = Promise.withResolvers<never>();
    const abort = () => over.reject(signal!.reason);
    const late = () => over.reject(new DeadlineExceededError());
    const timer =
      deadline === undefined ? undefined : setTimeout(late, Math.max(0, deadline - performance.now()));
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await Promise.race([connecting, over.promise]);
    } catch (error) {
      // Nobody waits for the connection any more.
      connecting.then(
        (client) => client.release(),
        () => {},
      );
      throw error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  async #run<Row>(
    client: pg.PoolClient,
    sql: string,
    values: readonly Value[],
    options: ReadOptions | undefined,
  ): Promise<Row[]> {
    const text = namingHomes(sql, values);
    const name = this.#options.prepare ? this.#nameOf(text) : undefined;
    const query = { text, values: values as unknown[], ...(name !== undefined && { name }) };
    if (!options?.signal && options?.deadline === undefined) return (await client.query(query)).rows as Row[];
    const over = cancelWhenOver(client, this.config(), options);
    try {
      return (await client.query(query)).rows as Row[];
    } catch (error) {
      if (codeOf(error) === QUERY_CANCELED || isConnectionLost(error)) {
        options.signal?.throwIfAborted();
        if (over.isDeadline()) throw new DeadlineExceededError();
      }
      throw error;
    } finally {
      await over.end();
    }
  }

  /** The name of a prepared statement: short, and the same in all instances. */
  #nameOf(sql: string): string {
    let name = this.#names.get(sql);
    if (name === undefined) {
      name = createHash('sha256').update(sql).digest('base64url').slice(0, 16);
      this.#names.set(sql, name);
    }
    return name;
  }
}

/**
 * Each statement is planned once on a connection (a generic plan). A plan for a table in partitions takes longer than most statements run,
 * and PostgreSQL would make a new one for each call where it takes that to be cheaper. The first statement of the connection is sent behind
 * this one.
 */
function planOnce(client: pg.PoolClient): void {
  client.query('SET plan_cache_mode = force_generic_plan').catch(() => {
    // The connection is lost: the statement behind it says so.
  });
}
