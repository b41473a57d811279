import type { GraphQLField } from 'graphql';
import type { z } from 'zod';
import { InvalidInputError } from '../model/errors.ts';
import { checkInput } from '../model/input.ts';
import type { SchemaContext } from './context.ts';
import { badUserInput } from './request-error.ts';

/** What a rule may depend on: the settings of the server, the store, and who asks. */
export type RuleContext = Pick<SchemaContext, 'limits' | 'rules' | 'repository' | 'caller'>;

/**
 * A rule for a field's arguments that does not depend on the parent object. Throws a GraphQLError if the rule is broken. The
 * resolver applies the same rule and may use what it returns.
 */
export type ArgumentRule<Args = never> = (args: Args, context: RuleContext) => unknown;

/** `extensions` for a field: the rules of all fields of an operation are checked before it is executed. */
export function argumentRules(...rules: ArgumentRule[]): { argumentRules: ArgumentRule[] } {
  return { argumentRules: rules };
}

const NONE: readonly ArgumentRule[] = [];

export function argumentRulesOf({ extensions }: GraphQLField<unknown, unknown>): readonly ArgumentRule[] {
  return (extensions.argumentRules as ArgumentRule[] | undefined) ?? NONE;
}

/** As `checkInput`, for an argument of a field. Throws BAD_USER_INPUT. */
export function checkArgument<Rule extends z.ZodType>(
  rule: Rule,
  value: unknown,
  name: string,
): z.output<Rule> {
  try {
    return checkInput(rule, value, [name]);
  } catch (error) {
    if (error instanceof InvalidInputError) throw badUserInput(`${error.message}.`);
    throw error;
  }
}
