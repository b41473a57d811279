import { getOperationAST } from 'graphql';
import type { ServerPlugin } from '../plugin.ts';
import { methodNotAllowed, refusalError } from '../refusal.ts';

/** A GET is a link, an image, a prefetch: it may read, and never change anything. */
export function useReadOnlyGet(): ServerPlugin {
  return {
    onParse() {
      return ({ result, context }) => {
        if (context.request.method !== 'GET' || result === null || result instanceof Error) return;
        const operation = getOperationAST(result, context.params.operationName);
        if (operation?.operation !== 'mutation') return;
        throw refusalError(methodNotAllowed('Expected a POST request: a mutation changes things.', 'POST'));
      };
    },
  };
}
