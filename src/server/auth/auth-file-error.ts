/** A file beside the store cannot be used that says who may do what. The message says why, and what to do. */
export class AuthFileError extends Error {
  override readonly name = 'AuthFileError';
}
