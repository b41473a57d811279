/**
 * What a client can cause. Each becomes the member of a mutation's result union that bears its name; anything else that
 * is thrown is a bug, logged and masked.
 */
export abstract class ClientError extends Error {
  override get name(): string {
    return this.constructor.name;
  }
}

export class SessionNotFoundError extends ClientError {
  readonly sessionId: string;

  constructor(sessionId: string) {
    super(`There is no session "${sessionId}".`);
    this.sessionId = sessionId;
  }
}

export class SessionExistsError extends ClientError {
  readonly sessionId: string;

  /** `why` says what holds the id: a session, a deleted session, a file that cannot be read. */
  constructor(sessionId: string, why = 'a session has it') {
    super(`The id "${sessionId}" is taken: ${why}. Choose another, or leave it out to be given one.`);
    this.sessionId = sessionId;
  }
}

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

/** It takes no more messages and no more children. */
export class SessionArchivedError extends ClientError {
  readonly sessionId: string;

  constructor(sessionId: string) {
    super(`The session "${sessionId}" is archived. Unarchive it first.`);
    this.sessionId = sessionId;
  }
}

/** One fault in an input: where it is (`["input", "messages", "0", "content"]`), and what was expected and what came. */
export interface InputIssue {
  readonly path: readonly string[];
  readonly message: string;
}

export class InvalidInputError extends ClientError {
  readonly issues: readonly InputIssue[];

  constructor(issues: readonly InputIssue[]) {
    super(issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
    this.issues = issues;
  }
}

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

/** What the disk did. `retryable`: trying again can help (it was full, say). */
export class StorageError extends ClientError {
  readonly retryable: boolean;

  constructor(message: string, retryable: boolean, options?: ErrorOptions) {
    super(message, options);
    this.retryable = retryable;
  }
}
