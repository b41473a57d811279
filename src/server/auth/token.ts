import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { MintedToken } from '../../model/token-issuer.ts';

const ID_BYTES = 8;
const SECRET_BYTES = 32;

/** `st_<id>_<secret>`: scanners for secrets recognise a token by its beginning, and its id may be written down anywhere. */
const TOKEN = /^st_([0-9a-f]{16})_[A-Za-z0-9_-]{43}$/;

export function createToken(): MintedToken {
  const id = randomBytes(ID_BYTES).toString('hex');
  return { id, token: `st_${id}_${randomBytes(SECRET_BYTES).toString('base64url')}` };
}

/** Whether the text begins as the server's own tokens do. */
export function isOwnToken(text: string): boolean {
  return text.startsWith('st_');
}

/** The id in a token; null if the text is no token of the server. */
export function idOfToken(text: string): string | null {
  return TOKEN.exec(text)?.[1] ?? null;
}

/**
 * The hash that is stored of a token. A fast hash without salt suffices: it is slow hashes that protect passwords, which can be guessed,
 * while nobody finds a text with 256 random bits by trying.
 */
export function hashOfToken(token: string): string {
  return hash('sha256', token, 'hex');
}

/** Whether `token` has the hash. The time says nothing of how much of it was right. */
export function hasHash(token: string, expected: string): boolean {
  return timingSafeEqual(Buffer.from(hashOfToken(token), 'hex'), Buffer.from(expected, 'hex'));
}
