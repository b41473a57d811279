import type { Database } from '../connection/database.ts';
import { codeOf, INSUFFICIENT_PRIVILEGE } from '../connection/postgres-error.ts';
import type { Queries } from '../connection/queries.ts';

/** Clocks of an epoch begin at its number times this: a cluster would need centuries to give out as many numbers of transactions. */
export const EPOCH_LENGTH = 2 ** 44;
/** Clocks are numbers below 2^53. */
const EPOCHS_MAX = 511;

/** Tells clusters apart. Some hosts deny `pg_control_system` to a plain role: the identity then has only the database and the timeline. */
const SYSTEM = '(SELECT system_identifier FROM pg_control_system())';
/** A database that was restored beside the original one, in the same cluster. */
const DATABASE = '(SELECT oid FROM pg_database WHERE datname = current_database())';
/** A promotion begins a new one. A standby, which writes no WAL, has none. */
const TIMELINE =
  'CASE WHEN pg_is_in_recovery() THEN NULL ELSE left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) END';

const identityOf = (system: string) =>
  `(SELECT concat_ws('/', ${system}, ${DATABASE}::text, t.line) FROM (SELECT ${TIMELINE} AS line) t WHERE t.line IS NOT NULL)`;

/** "number" before the first opening, then "number identity". */
export const SELECT_EPOCH = "(SELECT value FROM meta WHERE key = 'epoch')";

/** Compares and sets: of several instances, one raises the number. */
const SET_EPOCH = "UPDATE meta SET value = $2::text WHERE key = 'epoch' AND value = $1::text";

interface IdentityRow {
  readonly epoch: string;
  /** Null on a standby. */
  readonly identity: string | null;
}

interface TransactionRow extends IdentityRow {
  readonly xid: number;
}

/** The number of the epoch in its row of `meta`. */
export function epochOf(value: string): number {
  return Number.parseInt(value, 10);
}

/** Thrown in a transaction if the numbers of transactions are not those of the epoch: begin again behind `Epoch.renew`. */
export class EpochOverError extends Error {
  override readonly name = 'EpochOverError';
}

/**
 * The numbers of transactions start anew in another cluster (a dump that was restored there), and are given out again after the promotion of
 * a standby that had not received all of them. Each time, an epoch begins, whose clocks are above all earlier ones. The row of `meta` names the
 * cluster, the database and the timeline to which the latest epoch belongs. Each mutation compares in its own transaction, so that
 * none can miss it, through a proxy either: that costs 25 microseconds of the server, and no round trip.
 */
export class Epoch {
  readonly #identity: string;
  readonly #transaction: string;
  /**
   * A SELECT of the clock of the transaction that it runs in, as `clock`: of no row if the numbers of transactions are not those of the
   * epoch.
   */
  readonly selectClock: string;

  private constructor(identity: string) {
    this.#identity = `SELECT ${SELECT_EPOCH} AS epoch, ${identity} AS identity`;
    this.#transaction = `SELECT pg_current_xact_id()::text::int8 AS xid, ${SELECT_EPOCH} AS epoch, ${identity} AS identity`;
    this.selectClock = `SELECT split_part(value, ' ', 1)::int8 * ${EPOCH_LENGTH} + pg_current_xact_id()::text::int8 AS clock FROM meta
      WHERE key = 'epoch' AND value = concat(split_part(value, ' ', 1), ' ', ${identity})`;
  }

  /** Begins an epoch if the database is not where the latest one was. */
  static async open(database: Database): Promise<Epoch> {
    const epoch = new Epoch(identityOf(await systemExpression(database)));
    await epoch.renew(database);
    return epoch;
  }

  /** Begins an epoch unless the latest one is that of the database. */
  async renew(queries: Queries): Promise<void> {
    const [{ epoch, identity }] = (await queries.rows<IdentityRow>(this.#identity)) as [IdentityRow];
    if (identity === null || isOf(epoch, identity)) return;
    // Before the first opening, there is no clock in the database.
    const number = epoch.includes(' ') ? epochOf(epoch) + 1 : epochOf(epoch);
    if (number > EPOCHS_MAX)
      throw new Error(
        `The database has begun ${EPOCHS_MAX} epochs, and cannot begin another. Copy the store into a new database.`,
      );
    await queries.rows(SET_EPOCH, [epoch, `${number} ${identity}`]);
  }

  /** The clock of a transaction, which is given a number. Rejects with an EpochOverError. */
  async clock(queries: Queries): Promise<number> {
    const [row] = await queries.rows<TransactionRow>(this.#transaction);
    const { xid, epoch, identity } = row!;
    if (identity === null || !isOf(epoch, identity)) throw new EpochOverError();
    return epochOf(epoch) * EPOCH_LENGTH + xid;
  }
}

function isOf(epoch: string, identity: string): boolean {
  return epoch.slice(epoch.indexOf(' ') + 1) === identity;
}

async function systemExpression(queries: Queries): Promise<string> {
  try {
    await queries.rows(`SELECT ${SYSTEM}`);
    return `${SYSTEM}::text`;
  } catch (error) {
    if (codeOf(error) !== INSUFFICIENT_PRIVILEGE) throw error;
    return "'-'";
  }
}
