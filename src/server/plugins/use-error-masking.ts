import { GraphQLError } from 'graphql';
import { isAsyncIterable, mapAsyncIterator } from 'graphql-yoga';
import type { Logger } from '../../repository/observer.ts';
import type { RequestFacts, ServerPlugin } from '../plugin.ts';

export interface ErrorMaskingOptions {
  readonly logger: Logger;
}

interface Result {
  readonly data?: unknown;
  readonly errors?: readonly GraphQLError[];
}

/**
 * The last word on errors: what is meant for the client gets a code and goes out; anything else is a bug, which goes to the
 * log whole and to the client as no more than a request id to quote. It takes the place of Yoga's `maskedErrors`, which
 * knows no request and shows stacks where NODE_ENV is "development".
 */
export function useErrorMasking({ logger }: ErrorMaskingOptions): ServerPlugin {
  return {
    onResultProcess({ result, setResult, serverContext: { facts } }) {
      const mask = <R extends Result>(one: R): R => maskResult(one, facts, logger);
      if (isAsyncIterable(result)) setResult(mapAsyncIterator(result, mask));
      else setResult(Array.isArray(result) ? result.map(mask) : mask(result));
    },
  };
}

/** `result` with no more in its errors than the client may see; what it may not is logged. */
export function maskResult<R extends Result>(result: R, facts: RequestFacts, logger: Logger): R {
  if (!result.errors) return result;
  const refused = !('data' in result);
  const bugs = result.errors.filter((error) => codeOf(error) === null);
  logBugs(bugs, facts, logger);
  const errors = result.errors.map((error) => {
    const code = codeOf(error);
    return code === null ? internalError(error, facts.id, refused) : clientError(error, code, refused);
  });
  facts.errorCodes = [...new Set(errors.map((error) => String(error.extensions.code)))];
  return { ...result, errors };
}

/** The code of an error that is meant for the client; null for one that is not. */
function codeOf(error: GraphQLError): string | null {
  if (!isMeantForClient(error)) return null;
  if (typeof error.extensions.code === 'string') return error.extensions.code;
  // Without a code it is the executor's: the values of variables and arguments are the client's, and it points at them;
  // where it points at a field, what failed is the value that a resolver gave.
  return error.path === undefined || error.nodes?.[0]?.kind !== 'Field' ? 'BAD_USER_INPUT' : null;
}

function isMeantForClient(error: Error): boolean {
  if (!(error instanceof GraphQLError) || error.extensions.unexpected) return false;
  return error.originalError === undefined || isMeantForClient(error.originalError);
}

/** The executor repeats the value that it cannot take, which can be as large as a body may be. */
const MAX_MESSAGE = 1_000;

function clientError(error: GraphQLError, code: string, refused: boolean): GraphQLError {
  const { message, nodes, source, positions, path, extensions } = error;
  const http = extensions.http ?? (refused ? { spec: true, status: 400 } : undefined);
  return new GraphQLError(message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message, {
    nodes,
    source,
    positions,
    path,
    extensions: { ...extensions, code, ...(http !== undefined && { http }) },
  });
}

function internalError({ nodes, path }: GraphQLError, requestId: string, refused: boolean): GraphQLError {
  return new GraphQLError(`Internal error. Request id ${requestId}: the server's log says more under it.`, {
    nodes,
    path,
    extensions: { code: 'INTERNAL_SERVER_ERROR', ...(refused && { http: { status: 500 } }) },
  });
}

/** One line for each kind: the same bug can strike in thousands of places of one answer. */
function logBugs(errors: readonly GraphQLError[], { id }: RequestFacts, logger: Logger): void {
  for (const same of Map.groupBy(errors, (error) => error.message).values()) {
    const [error] = same;
    const err = error?.originalError ?? error;
    logger.error({ requestId: id, err, path: error?.path?.join('.'), times: same.length }, 'Internal error');
  }
}
