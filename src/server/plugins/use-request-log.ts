import { getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { SchemaContext } from '../../schema/context.ts';
import { pathOf } from '../paths.ts';
import type { ServerContext } from '../plugin.ts';
import { noteExecution } from '../request-facts.ts';
import { logRequest, type ServerLogger } from '../request-log.ts';

export interface RequestLogOptions {
  readonly logger: ServerLogger;
}

/**
 * Logs one line for each request. Names are all that it contains of the request: that of the operation, or its root fields if it has no
 * name; those in the errors of a refused document; a refused origin or host.
 */
export function useRequestLog({
  logger,
}: RequestLogOptions): Plugin<ServerContext & SchemaContext, ServerContext> {
  return {
    onExecute({ args: { document, operationName, contextValue } }) {
      const operation = getOperationAST(document, operationName);
      if (operation) noteExecution(contextValue.facts, operation, contextValue);
    },
    onResponse({ request: { method, url }, response: { status }, serverContext: { facts, handedOn } }) {
      // Logged when its stream ends.
      if (handedOn?.subscription) return;
      logRequest(logger, facts, { method: facts.method ?? method, path: pathOf(url), status });
    },
  };
}
