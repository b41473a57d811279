import { shownPlace } from '../../store-place.ts';
import type { Queries } from './queries.ts';

/** The oldest version of PostgreSQL that the store supports. */
export const POSTGRES_VERSION_MIN = 15;

/** A database that no store can be opened in now. The message says which, and why. */
export class DatabaseUnusableError extends Error {
  override readonly name = 'DatabaseUnusableError';
}

/**
 * Resolves with the version of PostgreSQL, such as "18.4", of the database at `url`. Rejects with a DatabaseUnusableError if it cannot be
 * reached, or if its PostgreSQL is too old.
 */
export async function reachDatabase(queries: Queries, url: string): Promise<string> {
  const { number, version } = await askVersion(queries).catch((error) => {
    throw unusable(url, error);
  });
  if (Math.floor(number / 10_000) >= POSTGRES_VERSION_MIN) return version;
  throw new DatabaseUnusableError(
    `Expected PostgreSQL ${POSTGRES_VERSION_MIN} or later at ${shownPlace(url)}, got ${version}.`,
  );
}

async function askVersion(queries: Queries): Promise<{ number: number; version: string }> {
  const [row] = await queries.rows<{ number: number; version: string }>(
    "SELECT current_setting('server_version_num')::int4 AS number, current_setting('server_version') AS version",
  );
  return { number: row!.number, version: row!.version.split(' ')[0]! };
}

function unusable(url: string, error: unknown): DatabaseUnusableError {
  // A name with several addresses: one error for each.
  const [first] = error instanceof AggregateError ? error.errors : [error];
  const reason = first instanceof Error ? first.message : String(first);
  return new DatabaseUnusableError(
    `The database ${shownPlace(url)} cannot be reached: ${reason}. Does it run, and are its address, the user and the password right?`,
    { cause: error },
  );
}
