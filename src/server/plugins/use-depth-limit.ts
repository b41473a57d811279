import { GraphQLError, type ValidationRule } from 'graphql';
import { type Measure, measureSelections } from '../measure-operation.ts';
import type { ServerPlugin } from '../plugin.ts';

export interface DepthLimitOptions {
  readonly depth: number;
}

const LEVELS: Measure = { field: (_field, inner) => 1 + inner, together: Math.max };

/** Refuses operations whose fields nest too deep, in and out of fragments. */
export function useDepthLimit({ depth }: DepthLimitOptions): ServerPlugin {
  const rule: ValidationRule = function DepthLimitRule(context) {
    return {
      OperationDefinition(operation) {
        const levels = measureSelections(context, operation.selectionSet, LEVELS);
        if (levels <= depth) return;
        context.reportError(
          new GraphQLError(`Expected at most ${depth} levels of fields, got ${levels}.`, {
            nodes: operation,
            extensions: { code: 'QUERY_TOO_DEEP' },
          }),
        );
      },
    };
  };
  return {
    onValidate({ addValidationRule }) {
      addValidationRule(rule);
    },
  };
}
