import { GraphQLError, type ValidationRule } from 'graphql';
import { type Measure, measureSelections } from '../measure-operation.ts';
import type { ServerPlugin } from '../plugin.ts';

export interface AliasLimitOptions {
  readonly aliases: number;
}

const ALIASES: Measure = {
  field: ({ alias }, inner) => (alias ? 1 : 0) + inner,
  together: (one, other) => one + other,
};

/** Refuses operations that ask for the same thing over and over under other names. */
export function useAliasLimit({ aliases }: AliasLimitOptions): ServerPlugin {
  const rule: ValidationRule = function AliasLimitRule(context) {
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
  };
  return {
    onValidate({ addValidationRule }) {
      addValidationRule(rule);
    },
  };
}
