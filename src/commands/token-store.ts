import { statSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { findDataDirectory } from '../repository/files/disk/data-directory.ts';
import { makeFolder } from '../repository/files/disk/make-folder.ts';
import { Tokens } from '../server/auth/tokens.ts';
import { CommandError } from './failure.ts';
import { spanIn } from './span.ts';
import { stderrLogger } from './stderr-logger.ts';

/** The tokens of the server on this data directory, which need not run. */
export function openTokens(data: string): Tokens {
  return new Tokens(findDataDirectory(data).auth, stderrLogger());
}

/** Tokens and quotas may be made before the first start of the server. */
export function makeDataDirectory(data: string): void {
  const { root } = findDataDirectory(data);
  if (statSync(root, { throwIfNoEntry: false }) === undefined) makeFolder(root);
}

/** A name that is mistyped would have no tokens. */
export function existing(data: string): string {
  if (statSync(data).isDirectory()) return data;
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
