import { getOperationAST, type OperationDefinitionNode } from 'graphql';
import type { Logger } from '../../repository/observer.ts';
import type { RequestFacts, ServerPlugin } from '../plugin.ts';
import { pathOf } from './use-routes.ts';

export interface RequestLogOptions {
  readonly logger: Logger;
}

/** One line a request. It holds nothing of what the request says but the name of its operation. */
export function useRequestLog({ logger }: RequestLogOptions): ServerPlugin {
  return {
    onExecute({ args: { document, operationName, contextValue } }) {
      const operation = getOperationAST(document, operationName);
      if (operation) contextValue.facts.operation = operationFacts(operation);
    },
    onResponse({ request: { method, url }, response: { status }, serverContext: { facts } }) {
      logRequest(logger, facts, { method, path: pathOf(url), status });
    },
  };
}

/** What the log says of an operation. */
export function operationFacts({ operation, name }: OperationDefinitionNode): RequestFacts['operation'] {
  return { kind: operation, name: name?.value };
}

/** Writes the line of a request that was answered. */
export function logRequest(
  logger: Logger,
  facts: RequestFacts,
  { method, path, status }: { readonly method: string; readonly path: string; readonly status: number },
): void {
  logger.info(
    {
      requestId: facts.id,
      method,
      path: shortened(path),
      operation: facts.operation?.kind,
      operationName: facts.operation?.name && shortened(facts.operation.name),
      status,
      milliseconds: Math.round((performance.now() - facts.startedAt) * 100) / 100,
      errors: facts.errorCodes,
    },
    'request',
  );
}

function shortened(text: string): string {
  return text.length > 128 ? `${text.slice(0, 128)}…` : text;
}
