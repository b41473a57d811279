import type pg from 'pg';
import type { ReadOptions } from '../../read-options.ts';
import { CommitInDoubtError, commitInDoubt, isUnusable } from './commit-in-doubt.ts';
import { isConnectionLost, isOfDriver } from './postgres-error.ts';
import type { TransactionQueries } from './queries.ts';
import type { Value } from './value.ts';

export interface TransactionParts<T> {
  readonly client: pg.PoolClient;
  /** Runs one statement with `client`. */
  readonly run: <Row>(
    sql: string,
    values: readonly Value[],
    options: ReadOptions | undefined,
  ) => Promise<Row[]>;
  /** The statement that begins the transaction. */
  readonly begin: string;
  readonly work: (queries: TransactionQueries) => Promise<T>;
  /** Those of each statement without options of its own. */
  readonly options: ReadOptions | undefined;
}

/**
 * Runs `work` in a transaction, as `Database.transaction` says. The connection goes back to its pool, or is given up if it cannot be used
 * again.
 */
export async function runTransaction<T>({
  client,
  run,
  begin,
  work,
  options,
}: TransactionParts<T>): Promise<T> {
  let failure: unknown;
  const lost = (error: unknown) => {
    failure = error;
  };
  client.on('error', lost);
  const sent: Promise<unknown>[] = [];
  let refused: unknown;
  let isUnfit = false;
  const rows = <Row>(sql: string, values: readonly Value[] = [], own = options) => {
    const answered = run<Row>(sql, values, own);
    answered.catch((error) => {
      isUnfit ||= isOfDriver(error, own);
    });
    return answered;
  };
  const send = (sql: string, values?: readonly Value[]) => {
    const answered = rows(sql, values);
    // Told by the wait for all that was sent, at the latest.
    answered.catch((error) => {
      refused ??= error;
    });
    sent.push(answered);
  };
  try {
    send(begin);
    const result = await work({ rows, send });
    // What the driver refuses never reaches PostgreSQL, which would commit all the rest. The driver says so before the next tick.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    if (refused !== undefined) throw refused;
    // COMMIT comes last: of a statement that failed before, it only says that one did.
    const [committed, ...answers] = await Promise.allSettled([commit(client), ...sent]);
    const failed = [committed, ...answers].filter((answer) => answer.status === 'rejected');
    if (failed.length > 0) throw reasonOf(failed.map(({ reason }) => reason));
    return result;
  } catch (error) {
    failure ??= error;
    if (!isUnusable(error)) await client.query('ROLLBACK').catch(lost);
    throw error;
  } finally {
    client.off('error', lost);
    client.release(isUnfit || (failure !== undefined && isUnusable(failure)));
  }
}

/** Why a transaction failed: what COMMIT says, then what its statements say. */
function reasonOf([committed, ...statements]: unknown[]): unknown {
  return committed instanceof CommitInDoubtError ? committed : (statements[0] ?? committed);
}

async function commit(client: pg.PoolClient): Promise<void> {
  let command: string;
  try {
    ({ command } = await client.query('COMMIT'));
  } catch (error) {
    if (!isConnectionLost(error)) throw error;
    throw commitInDoubt(error);
  }
  // PostgreSQL answers so, without an error, if a statement of the transaction has failed.
  if (command !== 'COMMIT') throw new Error('The transaction had failed before COMMIT.');
}
