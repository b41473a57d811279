import { GraphQLError } from 'graphql';

/** Why a request is not served: the HTTP status, the code in `extensions`, and a message with what was expected and what came. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function badRequest(message: string): Refusal {
  return { status: 400, code: 'BAD_REQUEST', message };
}

/** The methods of /graphql, for `Allow`. */
export const SERVED_METHODS = 'GET, HEAD, POST';

export function methodNotAllowed(message: string, allow = SERVED_METHODS): Refusal {
  return { status: 405, code: 'METHOD_NOT_ALLOWED', message, headers: { allow } };
}

export function unsupportedMediaType(message: string): Refusal {
  return { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE', message };
}

export function tooLarge(maxBytes: number): Refusal {
  return {
    status: 413,
    code: 'PAYLOAD_TOO_LARGE',
    message: `Expected a body of at most ${maxBytes} bytes. Send less at a time.`,
  };
}

export function tooManyValues(most: number): Refusal {
  return {
    status: 413,
    code: 'PAYLOAD_TOO_LARGE',
    message: `Expected a body of at most ${most} JSON values and keys (the limit bodyValues), got more. Send less at a time.`,
  };
}

/** The error for a refusal. Throw it in `onRequestParse` or later: Yoga would answer an earlier error with its stack. */
export function refusalError({ status, code, message, headers }: Refusal): GraphQLError {
  return new GraphQLError(message, { extensions: { code, http: { status, ...(headers && { headers }) } } });
}

/** An error in a GraphQL document. The status is 400, or 200 for `application/json`, as GraphQL over HTTP demands. */
export function documentError(code: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code, http: { spec: true, status: 400 } } });
}

export const JSON_TYPE = 'application/json; charset=utf-8';

export function refusalBody({ code, message }: Pick<Refusal, 'code' | 'message'>): string {
  return JSON.stringify({ errors: [{ message, extensions: { code } }] });
}
