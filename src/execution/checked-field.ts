import {
  type FieldNode,
  GraphQLError,
  type GraphQLField,
  getArgumentValues,
  type VariableValues,
} from 'graphql';
import { type ArgumentRule, argumentRulesOf } from '../schema/argument-rules.ts';
import type { SchemaContext } from '../schema/context.ts';

/** A field of a document whose arguments can be invalid whatever the data is. */
export class CheckedField {
  readonly node: FieldNode;
  readonly #field: GraphQLField<unknown, unknown>;
  readonly #rules: readonly ArgumentRule[];

  constructor(node: FieldNode, field: GraphQLField<unknown, unknown>) {
    this.node = node;
    this.#field = field;
    this.#rules = argumentRulesOf(field);
  }

  isValid(variables: VariableValues, context: SchemaContext): boolean {
    return this.errors(variables, context).length === 0;
  }

  /** One error per broken rule, or the one error that the arguments cannot be coerced. */
  errors(variables: VariableValues, context: SchemaContext): GraphQLError[] {
    const errors: GraphQLError[] = [];
    const attempt = <T>(work: () => T): T | undefined => {
      try {
        return work();
      } catch (error) {
        if (!(error instanceof GraphQLError)) throw error;
        errors.push(error);
        return undefined;
      }
    };
    const args = attempt(() => getArgumentValues(this.#field, this.node, variables));
    if (args) for (const rule of this.#rules) attempt(() => rule(args as never, context));
    return errors;
  }
}
