/**
 * An error that a client can cause. In the API, each class is a member of result unions, under the same name. Any other error is a
 * bug: it is logged, and masked for the client.
 */
export abstract class ClientError extends Error {
  override get name(): string {
    return this.constructor.name;
  }
}

/** There is no session with this id. */
export class SessionNotFoundError extends ClientError {
  readonly sessionId: string;

  constructor(sessionId: string) {
    super(`There is no session "${sessionId}".`);
    this.sessionId = sessionId;
  }
}

/** The id of a new session is taken. */
export class SessionExistsError extends ClientError {
  readonly sessionId: string;

  /** `why` says what has the id: a session, a deleted session, or an unreadable file. */
  constructor(sessionId: string, why = 'a session has it') {
    super(`The id "${sessionId}" is taken: ${why}. Choose another, or leave it out to be given one.`);
    this.sessionId = sessionId;
  }
}

/** A session with children was to be deleted with mode RESTRICT. */
export class SessionHasChildrenError extends ClientError {
  readonly sessionId: string;
  readonly childCount: number;

  constructor(sessionId: string, childCount: number) {
    super(
      `The session "${sessionId}" has ${childCount} ${childCount === 1 ? 'child' : 'children'}. ` +
        'Delete them first, or delete with mode CASCADE or REPARENT.',
    );
    this.sessionId = sessionId;
    this.childCount = childCount;
  }
}

/** The session is archived: it accepts no messages, rollbacks or spawned children. */
export class SessionArchivedError extends ClientError {
  readonly sessionId: string;

  constructor(sessionId: string) {
    super(`The session "${sessionId}" is archived. Unarchive it first.`);
    this.sessionId = sessionId;
  }
}

/** A fault in an input. */
export interface InputIssue {
  /** The path to the fault: `["input", "messages", "0", "content"]`. */
  readonly path: readonly string[];
  /** What was expected, what came, and what to do. */
  readonly message: string;
}

/** An input breaks a rule of `inputRules`, or a rule that depends on the stored session. */
export class InvalidInputError extends ClientError {
  readonly issues: readonly InputIssue[];

  constructor(issues: readonly InputIssue[]) {
    super(issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
    this.issues = issues;
  }
}

/**
 * `VERSION`: the session is not at the expected version. `OPERATION`: the operation id was used before, with other input or for another
 * mutation.
 */
export class ConflictError extends ClientError {
  readonly reason: 'VERSION' | 'OPERATION';
  readonly expectedVersion: number | null;
  readonly actualVersion: number | null;

  private constructor(
    reason: 'VERSION' | 'OPERATION',
    message: string,
    expected: number | null,
    actual: number | null,
  ) {
    super(message);
    this.reason = reason;
    this.expectedVersion = expected;
    this.actualVersion = actual;
  }

  static version(sessionId: string, expected: number, actual: number): ConflictError {
    return new ConflictError(
      'VERSION',
      `The session "${sessionId}" is at version ${actual}, not ${expected}. Read it again and decide anew.`,
      expected,
      actual,
    );
  }

  static operation(operationId: string): ConflictError {
    return new ConflictError(
      'OPERATION',
      `The operation id "${operationId}" was used before with other input. Use a new one for a new operation.`,
      null,
      null,
    );
  }
}

/** The disk failed, and nothing was changed. `retryable`: a retry can succeed, for example after a full disk. */
export class StorageError extends ClientError {
  readonly retryable: boolean;

  constructor(message: string, retryable: boolean, options?: ErrorOptions) {
    super(message, options);
    this.retryable = retryable;
  }
}
