import { readFileSync } from 'node:fs';
import { createLocalJWKSet, createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose';
import { KeysUnavailableError } from './keys-unavailable-error.ts';

/** The keys in a file, which is read once. Throws if it holds no key set. */
export function keysOfFile(path: string): JWTVerifyGetKey {
  try {
    return createLocalJWKSet(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if ('syscall' in (error as Error)) throw error;
    // The message of the parser would repeat a part of the file, which may be a private key.
    throw new KeysUnavailableError(`Expected a JSON Web Key Set in ${path}, got something else.`);
  }
}

/** Milliseconds after a failure in which the issuer is not asked again: nobody must reach it through us as often as he likes. */
const PAUSE_MS = 5_000;
const FETCH_MS_MAX = 5_000;
/** In UTF-16 units. A key has a few hundred. */
const KEY_SET_LENGTH_MAX = 1024 * 1024;

/**
 * The keys at a URL. They are kept for ten minutes, and read again for a token with an unknown key, at most every 30 seconds. Rejects with
 * a `KeysUnavailableError` while they cannot be read and none are kept.
 */
export function keysAt(url: URL): JWTVerifyGetKey {
  let failedAt = Number.NEGATIVE_INFINITY;
  let failure: unknown;
  return createRemoteJWKSet(url, {
    timeoutDuration: FETCH_MS_MAX,
    [customFetch]: async (address, options) => {
      if (performance.now() - failedAt < PAUSE_MS) throw failure;
      try {
        return Response.json(await readKeys(address, options));
      } catch (cause) {
        failedAt = performance.now();
        failure = new KeysUnavailableError(`Expected a JSON Web Key Set at ${url}, got none.`, { cause });
        throw failure;
      }
    },
  });
}

async function readKeys(url: string, options: RequestInit): Promise<unknown> {
  const response = await fetch(url, options);
  const text = response.status === 200 ? await response.text() : '';
  if (response.status !== 200) throw new Error(`Expected the status 200, got ${response.status}.`);
  if (text.length > KEY_SET_LENGTH_MAX)
    throw new Error(`Expected at most ${KEY_SET_LENGTH_MAX} characters, got ${text.length}.`);
  const keys = JSON.parse(text);
  // Throws if that is no key set.
  createLocalJWKSet(keys);
  return keys;
}
