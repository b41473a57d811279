/** The issuer's keys cannot be had: whether a token is valid is not known. */
export class KeysUnavailableError extends Error {
  override readonly name = 'KeysUnavailableError';
}
