/** No store can be at the place, or there is none. The message says what was expected. */
export class StorePlaceError extends Error {
  override readonly name = 'StorePlaceError';
}

export const EXPECTED_DATABASE = 'postgres://user:password@host:port/database';

/** True if a place is the URL of a database; any other place is a data directory. */
export function isDatabase(place: string): boolean {
  return /^postgres(ql)?:\/\//i.test(place);
}

/**
 * Throws a StorePlaceError unless the place can be a data directory or a database. No message has the text of a URL: what is wrong with
 * it may be in its password.
 */
export function checkPlace(place: string): void {
  if (!isDatabase(place)) {
    if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(place)) return;
    throw new StorePlaceError(
      `Expected a data directory or ${EXPECTED_DATABASE}, got a URL with another scheme.`,
    );
  }
  const url = URL.parse(place);
  const isWhole = url !== null && url.pathname.length > 1 && url.hash === '' && !url.pathname.includes('@');
  if (isWhole && [url.username, url.password, url.pathname].every(isDecodable)) return;
  throw new StorePlaceError(
    `Expected ${EXPECTED_DATABASE}, got something else. Characters of the password that mean something in a URL are written as %40 for @, ` +
      '%23 for #, %2F for /, %3A for : and %25 for %.',
  );
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** A place as it may be shown: without a password, and without the parameters of a URL, which can hold one. */
export function shownPlace(place: string): string {
  if (!isDatabase(place)) return place;
  const url = URL.parse(place);
  if (!url) return 'the database';
  const user = url.username === '' ? '' : `${url.username}@`;
  return `postgres://${user}${url.host}${url.pathname}`;
}
