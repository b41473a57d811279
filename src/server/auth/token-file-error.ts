/** The file of tokens cannot be used. The message says why, and what to do. */
export class TokenFileError extends Error {
  override readonly name = 'TokenFileError';
}
