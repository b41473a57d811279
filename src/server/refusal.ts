import { GraphQLError } from 'graphql';
import type { ServerContext } from './plugin.ts';

/** A request that is not served: the HTTP status, the code in `extensions`, and what was expected and what came. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function badRequest(message: string): Refusal {
  return { status: 400, code: 'BAD_REQUEST', message };
}

export function methodNotAllowed(message: string, allow: string): Refusal {
  return { status: 405, code: 'METHOD_NOT_ALLOWED', message, headers: { allow } };
}

export function unsupportedMediaType(message: string): Refusal {
  return { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE', message };
}

/** `refusal` as an error to throw, from `onRequestParse` on: before that, a throw is answered with its stack. */
export function refusalError({ status, code, message, headers }: Refusal): GraphQLError {
  return new GraphQLError(message, { extensions: { code, http: { status, ...(headers && { headers }) } } });
}

/** A fault of the GraphQL document: 400, or 200 for a client that wants `application/json`, as GraphQL over HTTP has it. */
export function documentError(code: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code, http: { spec: true, status: 400 } } });
}

interface OnRequest {
  readonly fetchAPI: { readonly Response: typeof Response };
  readonly serverContext: ServerContext;
  readonly endResponse: (response: Response) => void;
}

/** Answers a request that goes no further, from `onRequest`. */
export function refuse(
  { fetchAPI, serverContext, endResponse }: OnRequest,
  { status, code, message, headers }: Refusal,
): void {
  serverContext.facts.errorCodes = [code];
  endResponse(
    new fetchAPI.Response(JSON.stringify({ errors: [{ message, extensions: { code } }] }), {
      status,
      headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    }),
  );
}
