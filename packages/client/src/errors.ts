import type {
  ConflictErrorFields,
  ConflictReason,
  InputIssue,
  InvalidInputErrorFields,
  SessionArchivedErrorFields,
  SessionExistsErrorFields,
  SessionHasChildrenErrorFields,
  SessionNotFoundErrorFields,
  StorageErrorFields,
} from './generated/types.ts';

/** What all errors know of the request that failed. */
export interface ErrorDetails {
  readonly code: string;
  /** The HTTP status; null if there was no answer. */
  readonly status?: number | null;
  /** The id under which the server's log has the request; null if there was no answer. */
  readonly requestId?: string | null;
  readonly cause?: unknown;
}

/**
 * Any failure of a request. Its class says what happened: a subclass of `MutationError` that the server refused a mutation for a reason
 * that its schema names, `RequestError` that it refused the request, `ConnectionError` and `TimeoutError` that no answer came.
 */
export class SessiontreeError extends Error {
  /** For programs, in capitals: `SESSION_NOT_FOUND` of a mutation, `BUDGET_EXCEEDED` of a request. docs/errors.md lists them. */
  readonly code: string;
  /** The HTTP status; null if there was no answer. */
  readonly status: number | null;
  /** The id under which the server's log has the request; null if there was no answer. */
  readonly requestId: string | null;

  constructor(message: string, { code, status = null, requestId = null, cause }: ErrorDetails) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SessiontreeError';
    this.code = code;
    this.status = status;
    this.requestId = requestId;
  }

  /** True if the same request may succeed later. The client has then sent it `maxRetries` times more already. */
  get isRetryable(): boolean {
    return false;
  }
}

/** No connection, or one that broke before the whole answer was there. `cause` is the error of `fetch`. */
export class ConnectionError extends SessiontreeError {
  constructor(message: string, cause: unknown) {
    super(message, { code: 'CONNECTION_FAILED', cause });
    this.name = 'ConnectionError';
  }

  override get isRetryable(): boolean {
    return true;
  }
}

/** No answer within `timeoutMs`. A mutation may have taken effect: send it again with the same `operationId`. */
export class TimeoutError extends SessiontreeError {
  constructor(message: string) {
    super(message, { code: 'TIMEOUT' });
    this.name = 'TimeoutError';
  }

  override get isRetryable(): boolean {
    return true;
  }
}

/** An entry of `errors` in an answer of GraphQL. */
export interface GraphQLErrorEntry {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: { readonly code?: string };
}

/** The codes for which docs/errors.md says to try again, whatever the status is. */
const RETRYABLE_CODES = ['OVERLOADED', 'STORE_UNAVAILABLE', 'SEARCH_UNAVAILABLE'];

/** The server, or a proxy before it, refused the request or a part of it. `code` is that of the first of `errors`. */
export class RequestError extends SessiontreeError {
  /** All errors of the answer; empty if it was not one of GraphQL. */
  readonly errors: readonly GraphQLErrorEntry[];
  /** The data that the answer has beside its errors, for example where one of several fields failed. */
  readonly data: unknown;
  /** How long the server asks to wait, in milliseconds; null if it did not say. */
  readonly retryAfterMs: number | null;

  constructor(
    message: string,
    details: ErrorDetails & {
      readonly errors?: readonly GraphQLErrorEntry[];
      readonly data?: unknown;
      readonly retryAfterMs?: number | null;
    },
  ) {
    super(message, details);
    this.name = 'RequestError';
    this.errors = details.errors ?? [];
    this.data = details.data ?? null;
    this.retryAfterMs = details.retryAfterMs ?? null;
  }

  override get isRetryable(): boolean {
    const { status, code } = this;
    return status === 408 || status === 429 || (status ?? 0) >= 500 || RETRYABLE_CODES.includes(code);
  }
}

/** A typed error of a mutation: the server refused it, and nothing of it was done. */
export class MutationError extends SessiontreeError {
  /** The type in the schema, also of one that this client does not know. */
  readonly typename: string;

  constructor(refusal: Refused, details: Omit<ErrorDetails, 'code'> = {}) {
    const { __typename, message, ...fields } = refusal;
    super(message, { ...details, code: codeOf(__typename) });
    this.name = __typename;
    this.typename = __typename;
    Object.assign(this, fields);
  }
}

/** A typed error as the server answers it. */
export interface Refused {
  readonly __typename: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** `SESSION_NOT_FOUND` of `SessionNotFoundError`. */
function codeOf(typename: string): string {
  return typename
    .replace(/Error$/, '')
    .replace(/(?!^)[A-Z]/g, '_$&')
    .toUpperCase();
}

// The server's fields come by Object.assign: `declare` keeps the classes from setting them to undefined.

/** Another version was expected, the `operationId` was used for another mutation, or a key is taken: see `reason`. Never retried. */
export class ConflictError extends MutationError implements ConflictErrorFields {
  declare readonly reason: ConflictReason;
  declare readonly key: string | null;
  declare readonly expectedVersion: number | null;
  declare readonly actualVersion: number | null;
}

/** The input breaks rules: `issues` has the path and the message of each fault. */
export class InvalidInputError extends MutationError implements InvalidInputErrorFields {
  declare readonly issues: readonly InputIssue[];
}

/** There is no such session. */
export class SessionNotFoundError extends MutationError implements SessionNotFoundErrorFields {
  declare readonly sessionId: string | null;
  declare readonly key: string | null;
}

/** The id is taken, by an existing or a deleted session; or the key, by a session of the same owner. */
export class SessionExistsError extends MutationError implements SessionExistsErrorFields {
  declare readonly sessionId: string | null;
  declare readonly key: string | null;
}

/** A session with children is deleted only with the mode CASCADE or REPARENT. */
export class SessionHasChildrenError extends MutationError implements SessionHasChildrenErrorFields {
  declare readonly sessionId: string | null;
  declare readonly childCount: number;
}

/** The session is archived: it refuses messages, rollbacks and spawned children. */
export class SessionArchivedError extends MutationError implements SessionArchivedErrorFields {
  declare readonly sessionId: string | null;
}

/** The disk or the database failed. */
export class StorageError extends MutationError implements StorageErrorFields {
  // An accessor of the base class: the field of the server takes its place.
  readonly #isRetryable: boolean;
  /** True if the mutation may have taken effect all the same: send it again with the same `operationId`. */
  declare readonly isOutcomeUnknown: boolean;

  constructor({ isRetryable, ...refusal }: Refused, details?: Omit<ErrorDetails, 'code'>) {
    super(refusal as Refused, details);
    this.#isRetryable = isRetryable === true;
  }

  override get isRetryable(): boolean {
    return this.#isRetryable;
  }
}

const CLASSES = {
  ConflictError,
  InvalidInputError,
  SessionArchivedError,
  SessionExistsError,
  SessionHasChildrenError,
  SessionNotFoundError,
  StorageError,
};

/** The typed error of an answer, as an instance of its class; a plain `MutationError` of a type that this client does not know. */
export function mutationError(refusal: Refused, details?: Omit<ErrorDetails, 'code'>): MutationError {
  const Class = Object.hasOwn(CLASSES, refusal.__typename)
    ? CLASSES[refusal.__typename as keyof typeof CLASSES]
    : MutationError;
  return new Class(refusal, details);
}
