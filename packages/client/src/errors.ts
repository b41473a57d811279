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
  /** True if the same request may succeed later. Default: false. */
  readonly isRetryable?: boolean;
  readonly cause?: unknown;
}

// The fields come by Object.assign: `declare` keeps the classes from setting them to undefined.

/**
 * Any failure of a request. Its class says what happened: a subclass of `MutationError` that the server refused a mutation for a reason
 * that its schema names, `RequestError` that it refused the request, `ConnectionError` and `TimeoutError` that no answer came.
 */
export class SessiontreeError extends Error {
  /** For programs, in capitals: `SESSION_NOT_FOUND` of a mutation, `BUDGET_EXCEEDED` of a request. docs/errors.md lists them. */
  declare readonly code: string;
  /** The HTTP status; null if there was no answer. */
  declare readonly status: number | null;
  /** The id under which the server's log has the request; null if there was no answer. */
  declare readonly requestId: string | null;
  /** True if the same request may succeed later. The client has then sent it `maxRetries` times more already. */
  declare readonly isRetryable: boolean;
  override name = 'SessiontreeError';

  constructor(message: string, details: ErrorDetails) {
    super(message, details);
    Object.assign(this, { status: null, requestId: null, isRetryable: false }, details);
  }
}

/** No connection, or one that broke before the whole answer was there. `cause` is the error of `fetch`. */
export class ConnectionError extends SessiontreeError {
  override name = 'ConnectionError';

  constructor(message: string, cause?: unknown) {
    super(message, { code: 'CONNECTION_FAILED', isRetryable: true, cause });
  }
}

/** No answer within `timeoutMs`. A mutation may have taken effect: send it again with the same `operationId`. */
export class TimeoutError extends SessiontreeError {
  override name = 'TimeoutError';

  constructor(message: string) {
    super(message, { code: 'TIMEOUT', isRetryable: true });
  }
}

/** An entry of `errors` in an answer of GraphQL. */
export interface GraphQLErrorEntry {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: { readonly code?: string };
}

/** The statuses, and the codes with any status, for which docs/errors.md says to try again. */
const RETRYABLE = /^(408|429|5..) | (OVERLOADED|RATE_\w+|\w+_UNAVAILABLE)$/;

interface RequestErrorDetails extends ErrorDetails {
  readonly errors?: readonly GraphQLErrorEntry[];
  readonly data?: unknown;
  readonly retryAfterMs?: number | null;
}

/** The server, or a proxy before it, refused the request or a part of it. `code` is that of the first of `errors`. */
export class RequestError extends SessiontreeError {
  override name = 'RequestError';
  /** All errors of the answer; empty if it was not one of GraphQL. */
  declare readonly errors: readonly GraphQLErrorEntry[];
  /** The data that the answer has beside its errors, for example where one of several fields failed. */
  declare readonly data: unknown;
  /** How long the server asks to wait, in milliseconds; null if it did not say. */
  declare readonly retryAfterMs: number | null;

  constructor(message: string, details: RequestErrorDetails) {
    const isRetryable = RETRYABLE.test(`${details.status} ${details.code}`);
    super(message, { errors: [], data: null, retryAfterMs: null, ...details, isRetryable } as ErrorDetails);
  }
}

/** The error of an answer with these `errors`, or with none of them. */
export function requestError(
  errors: readonly GraphQLErrorEntry[],
  code: string,
  message: string,
  details?: Omit<RequestErrorDetails, 'code' | 'errors'>,
): RequestError {
  const [first] = errors;
  return new RequestError(first?.message ?? message, {
    code: first?.extensions?.code ?? code,
    errors,
    ...details,
  });
}

/** A typed error of a mutation: the server refused it, and nothing of it was done. */
export class MutationError extends SessiontreeError {
  /** The type in the schema, also of one that this client does not know. */
  declare readonly typename: string;

  constructor({ __typename: name, message, ...fields }: Refused, details: Omit<ErrorDetails, 'code'> = {}) {
    super(message, { ...details, name, typename: name, code: codeOf(name), ...fields } as ErrorDetails);
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
    .replace(/\B[A-Z]/g, '_$&')
    .toUpperCase();
}

/** Another version was expected, the `operationId` was used for another mutation, or a key is taken: see `reason`. Never retried. */
export class ConflictError extends MutationError implements ConflictErrorFields {
  declare readonly reason: ConflictReason;
  declare readonly key: string | null;
  declare readonly expectedVersion: number | null;
  declare readonly actualVersion: number | null;
}

/** The token gives no right to this. */
export class ForbiddenError extends MutationError {}

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
  declare readonly isRetryable: boolean;
  /** True if the mutation may have taken effect all the same: send it again with the same `operationId`. */
  declare readonly isOutcomeUnknown: boolean;
}

const CLASSES = {
  ConflictError,
  ForbiddenError,
  InvalidInputError,
  SessionArchivedError,
  SessionExistsError,
  SessionHasChildrenError,
  SessionNotFoundError,
  StorageError,
};

/** The typed error of an answer, as an instance of its class; a plain `MutationError` of a type that this client does not know. */
export function mutationError(refusal: Refused, details?: Omit<ErrorDetails, 'code'>): MutationError {
  const Class = CLASSES[refusal.__typename as keyof typeof CLASSES] ?? MutationError;
  return new Class(refusal, details);
}
