import { GraphQLError } from 'graphql';
import { type Measure, measureSelections } from '../measure-operation.ts';
import type { Policy } from './policy.ts';

const LEVELS: Measure = { field: (_field, inner) => 1 + inner, together: Math.max };

/** Refuses operations whose fields nest too deep, with fragments as if they were inlined. */
export function depthLimit(depth: number): Policy {
  return {
    name: 'depth limit',
    document: function DepthLimitRule(context) {
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
    },
  };
}
