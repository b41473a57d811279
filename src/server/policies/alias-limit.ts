import { GraphQLError } from 'graphql';
import { type Measure, measureSelections } from '../measure-operation.ts';
import type { Policy } from './policy.ts';

const ALIASES: Measure = {
  field: ({ alias }, inner) => (alias ? 1 : 0) + inner,
  together: (one, other) => one + other,
};

/** Refuses operations with too many aliases, which can request the same field over and over. */
export function aliasLimit(aliases: number): Policy {
  return {
    name: 'alias limit',
    document: function AliasLimitRule(context) {
      return {
        OperationDefinition(operation) {
          const found = measureSelections(context, operation.selectionSet, ALIASES);
          if (found <= aliases) return;
          context.reportError(
            new GraphQLError(
              `Expected at most ${aliases} aliases, those of a fragment counted at each spread, got ${found}.`,
              { nodes: operation, extensions: { code: 'TOO_MANY_ALIASES' } },
            ),
          );
        },
      };
    },
  };
}
