import { getOperationAST } from 'graphql';
import type { Logger } from 'pino';
import type { ServerPlugin } from '../plugin.ts';
import { pathOf } from './use-routes.ts';

export interface RequestLogOptions {
  readonly logger: Logger;
}

/** One line a request. It holds nothing of what the request says but the name of its operation. */
export function useRequestLog({ logger }: RequestLogOptions): ServerPlugin {
  return {
    onExecute({ args: { document, operationName, contextValue } }) {
      const operation = getOperationAST(document, operationName);
      if (operation)
        contextValue.facts.operation = { kind: operation.operation, name: operation.name?.value };
    },
    onResponse({ request, response, serverContext: { facts } }) {
      logger.info(
        {
          requestId: facts.id,
          method: request.method,
          path: shortened(pathOf(request.url)),
          operation: facts.operation?.kind,
          operationName: facts.operation?.name && shortened(facts.operation.name),
          status: response.status,
          milliseconds: Math.round((performance.now() - facts.startedAt) * 100) / 100,
          errors: facts.errorCodes,
        },
        'request',
      );
    },
  };
}

function shortened(text: string): string {
  return text.length > 128 ? `${text.slice(0, 128)}…` : text;
}
