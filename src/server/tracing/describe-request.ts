import { SOCKET_METHOD } from '../live/socket-request.ts';
import { ASSETS_PATH, EXPLORER_PATH, GRAPHQL_PATH, METRICS_PATH } from '../paths.ts';
import type { RequestFacts } from '../request-facts.ts';
import { type LoggedRequest, refusedMutations, rootFields, shownPath } from '../request-log.ts';
import type { OperationNames } from './operation-names.ts';
import type { EndedSpan } from './request-trace.ts';

/** Methods that have a value of their own: a client may send any. */
const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'OPTIONS',
  'PUT',
  'DELETE',
  'PATCH',
  'CONNECT',
]);

/** The value of semantic conventions for all other methods. */
const OTHER_METHOD = '_OTHER';

/** Codes for which the server is at fault, also in an answer with the status 200. */
const FAULTS: ReadonlySet<string> = new Set(['INTERNAL_SERVER_ERROR', 'STORE_UNAVAILABLE']);

/**
 * The span of a request by the semantic conventions for HTTP and GraphQL: names, codes and numbers, and nothing else of what a client sent but
 * the path and the name of the operation.
 */
export function describeRequest(
  facts: RequestFacts,
  { method, path, status }: LoggedRequest,
  names: OperationNames,
): EndedSpan {
  const { operation, errorCodes = [] } = facts;
  const http = method === SOCKET_METHOD ? null : httpOf(method, path);
  const type = operation?.operation;
  const fault = errorCodes.find((code) => FAULTS.has(code));
  return {
    name: nameOf(facts, http),
    attributes: {
      'http.request.method': http?.method,
      'http.route': http?.route,
      'url.path': http ? shownPath(path) : undefined,
      'http.response.status_code': http ? status : undefined,
      'network.protocol.name': http ? undefined : 'websocket',
      'graphql.operation.type': type,
      'graphql.operation.name': operation?.name && names.shown(operation.name.value),
      'sessiontree.request.id': facts.id,
      'sessiontree.error.codes': errorCodes.length > 0 ? errorCodes : undefined,
      'sessiontree.refused': refusedMutations(facts),
    },
    failure: status >= 500 ? (errorCodes[0] ?? String(status)) : (fault ?? null),
  };
}

interface Http {
  readonly method: string;
  readonly route: string | undefined;
}

function httpOf(method: string, path: string): Http {
  return { method: METHODS.has(method) ? method : OTHER_METHOD, route: routeOf(path) };
}

/** `query session`, `mutation appendMessages`; `query` alone for several fields. Without an operation `GET /explorer/*`. */
function nameOf({ operation }: RequestFacts, http: Http | null): string {
  if (operation) {
    const [field, ...others] = rootFields(operation);
    return field !== undefined && others.length === 0
      ? `${operation.operation} ${field}`
      : operation.operation;
  }
  if (!http) return 'GraphQL Operation';
  const method = http.method === OTHER_METHOD ? 'HTTP' : http.method;
  return http.route === undefined ? method : `${method} ${http.route}`;
}

function routeOf(path: string): string | undefined {
  if (path === GRAPHQL_PATH || path === METRICS_PATH || path === '/') return path;
  if (path.startsWith(ASSETS_PATH)) return `${ASSETS_PATH}*`;
  return path.startsWith(EXPLORER_PATH) ? `${EXPLORER_PATH}*` : undefined;
}
