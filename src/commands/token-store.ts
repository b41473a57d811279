import { statSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { findDataDirectory } from '../repository/files/disk/data-directory.ts';
import { makeFolder } from '../repository/files/disk/make-folder.ts';
import { isDatabase } from '../repository/store-place.ts';
import { openAuthTexts } from '../server/auth/open-auth-texts.ts';
import { Quotas } from '../server/auth/quotas.ts';
import { Tokens } from '../server/auth/tokens.ts';
import { CommandError } from './command-error.ts';
import { spanIn } from './span.ts';
import { stderrLogger } from './stderr-logger.ts';
import { placeOf } from './store-option.ts';

export interface AuthStore {
  readonly tokens: Tokens;
  readonly quotas: Quotas;
}

/**
 * Calls `act` with the tokens and quotas of the store that the flags of a command name; its servers need not run. With `isMade`, a data
 * directory that is missing is made: tokens and quotas may come before the first start of the server. Rejects with a CommandError if it is
 * missing otherwise: a name that is mistyped would have no tokens.
 */
export async function withAuthStore<T>(
  command: Command,
  { isMade = false },
  act: (store: AuthStore) => Promise<T>,
): Promise<T> {
  const place = placeOf(command);
  if (!isDatabase(place)) {
    if (isMade) makeDataDirectory(place);
    requireDirectory(place);
  }
  const logger = stderrLogger();
  const texts = await openAuthTexts(place, { logger });
  try {
    return await act({ tokens: new Tokens(texts.tokens, logger), quotas: new Quotas(texts.quotas) });
  } finally {
    await texts.close();
  }
}

function makeDataDirectory(data: string): void {
  const { root } = findDataDirectory(data);
  if (statSync(root, { throwIfNoEntry: false }) === undefined) makeFolder(root);
}

function requireDirectory(data: string): void {
  if (!statSync(data).isDirectory())
    throw new CommandError(`Expected the data directory at ${data}, got something else.`);
}

/** A span from now, or a time with its zone: without one, it would depend on where the command runs. */
export function parseExpiry(text: string): Date {
  const span = spanIn(text);
  const isTime = /^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:\d{2})$/.test(text);
  const time = span === null ? (isTime ? Date.parse(text) : Number.NaN) : Date.now() + span;
  if (!(time > Date.now()))
    throw new InvalidArgumentError(
      'Expected a span (90s, 15m, 12h, 7d, 4w), or a time that is to come (2027-03-01T10:00:00Z).',
    );
  return new Date(time);
}
