import type { Logger } from '../../repository/observer.ts';
import { isDatabase } from '../../repository/store-place.ts';
import type { AuthTexts } from './auth-text.ts';
import { quotasFile } from './quotas.ts';
import { tokensFile } from './tokens.ts';

export interface AuthTextsOptions {
  readonly logger: Logger;
  /** False: no prepared statements. Default: true. */
  readonly prepare?: boolean;
}

/**
 * The texts of the store at a place, a data directory or a database. A data directory need not exist. Rejects with a DatabaseUnusableError or a
 * TablesVersionError.
 */
export async function openAuthTexts(
  place: string,
  { logger, prepare = true }: AuthTextsOptions,
): Promise<AuthTexts> {
  if (!isDatabase(place))
    return { tokens: tokensFile(place), quotas: quotasFile(place), close: async () => {} };
  // Loaded only here: others do without the driver.
  const { AuthDatabase } = await import('./auth-database.ts');
  return AuthDatabase.open({ url: place, prepare, logger });
}
