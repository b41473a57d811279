/**
 * An error that a client can cause. In the API, each class is a member of result unions, under the same name. Any other error is a
 * bug: it is logged, and masked for the client.
 */
export abstract class ClientError extends Error {
  override get name(): string {
    return this.constructor.name;
  }
}

/** There is no session with this id, or with this key. */
export class SessionNotFoundError extends ClientError {
  /** Null if the session was asked for by its key. */
  readonly sessionId: string | null;
  readonly key: string | null;

  constructor(sessionId: string | null, key: string | null = null) {
    super(`There is no session ${key === null ? `"${sessionId}"` : `with the key "${key}"`}.`);
    this.sessionId = sessionId;
    this.key = key;
  }

  static key(key: string): SessionNotFoundError {
    return new SessionNotFoundError(null, key);
  }
}

/** The caller may not do this. What the caller may not even see is a SessionNotFoundError instead. */
export class ForbiddenError extends ClientError {}

/** What can have an id that was to be given to a new session, as an error says it. */
export const ID_HOLDERS = {
  SESSION: 'a session has it',
  DELETED_SESSION: 'a session that was deleted had it',
  UNREADABLE_FILE: 'a file that cannot be read has it (see store { quarantined })',
} as const;
export type IdHolder = keyof typeof ID_HOLDERS;

/** The id or the key of a session is taken. */
export class SessionExistsError extends ClientError {
  /** The id in the input; null if only the key is taken. */
  readonly sessionId: string | null;
  /** The key in the input; null if only the id is taken. */
  readonly key: string | null;
  readonly idHolder: IdHolder;

  private constructor(
    message: string,
    sessionId: string | null,
    key: string | null,
    idHolder: IdHolder = 'SESSION',
  ) {
    super(message);
    this.sessionId = sessionId;
    this.key = key;
    this.idHolder = idHolder;
  }

  static id(sessionId: string, holder: IdHolder): SessionExistsError {
    const message = `The id "${sessionId}" is taken: ${ID_HOLDERS[holder]}. Choose another, or leave it out to be given one.`;
    return new SessionExistsError(message, sessionId, null, holder);
  }

  /** `holder` is the id of the session that has the key. */
  static key(key: string, holder: string): SessionExistsError {
    const message = `The key "${key}" is taken: the session "${holder}" has it. Choose another, or use that session.`;
    return new SessionExistsError(message, null, key);
  }

  /** What is taken is taken by a session that the caller may not see. */
  static hidden({
    id,
    key,
  }: {
    readonly id?: string | null;
    readonly key?: string | null;
  }): SessionExistsError {
    const what = id == null ? `key "${key}"` : `id "${id}"`;
    return new SessionExistsError(
      `The ${what} is taken. Choose another.`,
      id ?? null,
      id == null ? (key ?? null) : null,
    );
  }

  /** The session that was asked for is there, but not under the parent of the input. */
  static elsewhere(
    found: { readonly id: string; readonly parentId: string | null },
    key: string | null,
  ): SessionExistsError {
    const place = found.parentId === null ? 'is a root' : `is a child of "${found.parentId}"`;
    const message = `The session "${found.id}" is there already, but ${place}. Move it, or choose another id or key.`;
    return new SessionExistsError(message, key === null ? found.id : null, key);
  }

  /** An id and a key in one input belong to two sessions. */
  static two(sessionId: string, key: string, holder: string): SessionExistsError {
    const message = `The id "${sessionId}" and the key "${key}" name two sessions: "${holder}" has the key. Leave one of them out.`;
    return new SessionExistsError(message, sessionId, key);
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

type ConflictReason = 'VERSION' | 'OPERATION' | 'KEY';

/**
 * `VERSION`: the session is not at the expected version. `OPERATION`: the operation id was used before, with other input or for another
 * mutation. `KEY`: a message of the history has the key, or a session would come to an owner who has another session with its key.
 */
export class ConflictError extends ClientError {
  readonly reason: ConflictReason;
  /** The key that is taken; null for the other reasons. */
  readonly key: string | null;
  readonly expectedVersion: number | null;
  readonly actualVersion: number | null;

  private constructor(
    reason: ConflictReason,
    message: string,
    {
      key = null,
      expected = null,
      actual = null,
    }: { key?: string | null; expected?: number | null; actual?: number | null } = {},
  ) {
    super(message);
    this.reason = reason;
    this.key = key;
    this.expectedVersion = expected;
    this.actualVersion = actual;
  }

  static version(sessionId: string, expected: number, actual: number): ConflictError {
    return new ConflictError(
      'VERSION',
      `The session "${sessionId}" is at version ${actual}, not ${expected}. Read it again and decide anew.`,
      { expected, actual },
    );
  }

  static operation(operationId: string): ConflictError {
    return new ConflictError(
      'OPERATION',
      `The operation id "${operationId}" was used before with other input. Use a new one for a new operation.`,
    );
  }

  /** `messageId` is the message that has the key. */
  static messageKey(key: string, messageId: string): ConflictError {
    const message = `The message "${messageId}" has the key "${key}". A key is unique in a history: choose another.`;
    return new ConflictError('KEY', message, { key });
  }

  /** The session `id` cannot come to another owner, because `holder` has its key there. */
  static sessionKey(key: string, id: string, holder: string): ConflictError {
    const message =
      `The session "${id}" would come to the owner of "${holder}", which has the same key "${key}". ` +
      'Change or remove one of the keys first.';
    return new ConflictError('KEY', message, { key });
  }
}

/**
 * The storage failed, and nothing was changed. `isRetryable`: a retry can succeed, for example after a full disk or a lost connection.
 *
 * `isOutcomeUnknown`: the mutation may have taken effect all the same. In a store of files, only of redactions and purges, which go on where
 * they ended; of other mutations, it takes back what it could not make durable. In a store on a network, of any mutation whose commit was
 * sent and not answered: the store looks for a record of the mutation first, and says this only if it finds out neither way in good time.
 * A retry with the same `operationId` takes effect once, whichever it was.
 */
export class StorageError extends ClientError {
  readonly isRetryable: boolean;
  readonly isOutcomeUnknown: boolean;

  constructor(
    message: string,
    isRetryable: boolean,
    { isOutcomeUnknown = false, ...options }: ErrorOptions & { readonly isOutcomeUnknown?: boolean } = {},
  ) {
    super(message, options);
    this.isRetryable = isRetryable;
    this.isOutcomeUnknown = isOutcomeUnknown;
  }
}
