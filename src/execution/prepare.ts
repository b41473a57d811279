import {
  type ExecutionArgs,
  type GraphQLError,
  getVariableValues,
  type OperationDefinitionNode,
  type VariableValues,
} from 'graphql';
import { abbreviateWideObjects } from './abbreviate-wide-objects.ts';
import { wrongArguments } from './argument-checks.ts';
import { shortenLists } from './long-lists.ts';

/** An operation whose variables are coerced, and whose arguments follow all rules that need no data. */
export interface Prepared {
  readonly args: ExecutionArgs;
  readonly operation: OperationDefinitionNode;
  readonly variableValues: VariableValues;
  readonly errors?: undefined;
}

/** Coerces the variables of an operation, and checks its arguments. */
export function prepare(
  given: ExecutionArgs,
  operation: OperationDefinitionNode,
): Prepared | { readonly errors: readonly GraphQLError[] } {
  const { args, lengthen } = shortenLists(given, operation);
  const { variableValues } = getVariableValues(
    args.schema,
    operation.variableDefinitions ?? [],
    args.variableValues ?? {},
    ANY_ERROR,
  );
  if (!variableValues) {
    abbreviateWideObjects(args.variableValues);
    return { errors: variableErrors(args, operation) };
  }
  lengthen(variableValues);
  const errors = wrongArguments(args, operation, variableValues);
  return errors ? { errors } : { args, operation, variableValues };
}

/** One error is enough to know that variables are invalid. */
const ANY_ERROR = { maxErrors: 0, hideSuggestions: true };

/** A body can have a fault in each of a hundred thousand places. The last error says that there are more than these. */
const REPORTED = { maxErrors: 20 };

function variableErrors(
  { schema, variableValues }: ExecutionArgs,
  { variableDefinitions = [] }: OperationDefinitionNode,
): readonly GraphQLError[] {
  const { errors } = getVariableValues(schema, variableDefinitions, variableValues ?? {}, REPORTED);
  if (!errors) throw new Error('Expected errors of variables that were invalid a moment ago, got none.');
  return errors;
}
