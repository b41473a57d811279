/** What came of a mutation, for records of what was done: who reads them must see no contents. */
export interface MutationOutcome {
  /** The field of `Mutation`. */
  readonly mutation: string;
  /** When it had ended, in milliseconds since 1970. */
  readonly at: number;
  /** The session that it was about, as the input names it or, without an id there, as the payload does; null if neither does. */
  readonly sessionId: string | null;
  /** The parent in the input: of a new session, or of a moved one. */
  readonly parentId: string | null;
  /** The session that it created. */
  readonly createdId: string | null;
  readonly isDryRun: boolean;
  /** `payload`; the type of the typed error; or the code of the error for which there is no payload. */
  readonly result: string;
  /** True if `result` is the type of a typed error: nothing was changed. */
  readonly isRefused: boolean;
}
