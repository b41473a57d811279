import { GraphQLError } from 'graphql';
import { StorageError } from '../model/errors.ts';
import type { Logger } from '../repository/observer.ts';
import { loggedMessages } from './logged-messages.ts';
import type { RequestFacts } from './request-facts.ts';
import { shortened } from './shortened.ts';

export interface Result {
  readonly data?: unknown;
  readonly errors?: readonly GraphQLError[];
}

/** A copy of `result` whose errors contain nothing internal. Internal errors are logged. Notes all codes and messages in `facts`. */
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
  facts.messages = loggedMessages(errors);
  return { ...result, errors };
}

/** The error that stands for a bug, for `maskResult`. */
export function bugOf(error: unknown): GraphQLError {
  return new GraphQLError('', { originalError: error instanceof Error ? error : new Error(String(error)) });
}

const OF_STORAGE = { code: 'STORE_UNAVAILABLE' } as const;

/** The code of an error that is meant for the client; null for an internal error. */
function codeOf(error: GraphQLError): string | null {
  // A mutation answers with it; a query has no type for it.
  if (error.originalError instanceof StorageError) return OF_STORAGE.code;
  if (!isMeantForClient(error)) return null;
  if (typeof error.extensions.code === 'string') return error.extensions.code;
  // An error without a code comes from the executor. If it points at variables or arguments, their values are wrong, which is the
  // client's fault. If it points at a field, a resolver returned a wrong value.
  return error.path === undefined || error.nodes?.[0]?.kind !== 'Field' ? 'BAD_USER_INPUT' : null;
}

function isMeantForClient(error: Error): boolean {
  if (!(error instanceof GraphQLError) || error.extensions.unexpected) return false;
  return error.originalError === undefined || isMeantForClient(error.originalError);
}

/** In UTF-16 units. The executor's messages repeat the wrong value, which can be as large as a body. */
const MAX_MESSAGE_CHARACTERS = 1_000;

function clientError(error: GraphQLError, code: string, refused: boolean): GraphQLError {
  const { message, nodes, source, positions, path, extensions } = error;
  const http = extensions.http ?? (refused ? { spec: true, status: 400 } : undefined);
  return new GraphQLError(shortened(message, MAX_MESSAGE_CHARACTERS), {
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

/** Logs one line for each message: the same bug can occur in thousands of places of one answer. */
function logBugs(errors: readonly GraphQLError[], { id }: RequestFacts, logger: Logger): void {
  for (const same of Map.groupBy(errors, (error) => error.message).values()) {
    const [error] = same;
    const err = error?.originalError ?? error;
    logger.error({ requestId: id, err, path: error?.path?.join('.'), times: same.length }, 'Internal error');
  }
}
