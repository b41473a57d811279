import {
  type ExecutionArgs,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isInputObjectType,
  isInputType,
  isListType,
  type OperationDefinitionNode,
  typeFromAST,
  type VariableValues,
} from 'graphql';
import type { Limits } from '../model/limits.ts';
import type { SchemaContext } from '../schema/context.ts';
import { LIST_LIMITS } from '../schema/list-limits.ts';

/** A list in the variables of an operation whose length a limit bounds. */
interface BoundedList {
  /** The name of the variable, then those of members. */
  readonly path: readonly string[];
  readonly limit: keyof Limits;
}

type Values = Readonly<Record<string, unknown>>;

/** The bounded lists of each operation. An entry lives as long as its document, which a cache holds. */
const listsOf = new WeakMap<OperationDefinitionNode, readonly BoundedList[]>();

export interface Shortened {
  readonly args: ExecutionArgs;
  /** Gives the lists their lengths again, in coerced variables, but no items. */
  readonly lengthen: (variables: VariableValues) => void;
}

/**
 * Replaces lists in variables that are longer than their limit by empty ones: a body can have a hundred thousand messages, and to coerce
 * them takes half a second. Whatever checks the lengths afterwards, when they are given back, refuses the lists as it does otherwise. The
 * lists of a document need no such care: its tokens bound their length.
 */
export function shortenLists(args: ExecutionArgs, operation: OperationDefinitionNode): Shortened {
  const { limits } = args.contextValue as SchemaContext;
  let variableValues: Values = args.variableValues ?? {};
  const long: { path: readonly string[]; length: number }[] = [];
  for (const { path, limit } of boundedLists(args.schema, operation)) {
    const list = valueAt(variableValues, path);
    if (!Array.isArray(list) || list.length <= limits[limit]) continue;
    long.push({ path, length: list.length });
    variableValues = withEmptyList(variableValues, path);
  }
  if (long.length === 0) return { args, lengthen: NOTHING };
  return {
    args: { ...args, variableValues },
    lengthen({ coerced }) {
      for (const { path, length } of long) (valueAt(coerced, path) as unknown[]).length = length;
    },
  };
}

const NOTHING = () => {};

function boundedLists(schema: GraphQLSchema, operation: OperationDefinitionNode): readonly BoundedList[] {
  let lists = listsOf.get(operation);
  if (!lists) {
    lists = (operation.variableDefinitions ?? []).flatMap(({ variable, type: node }) => {
      const type = typeFromAST(schema, node);
      return isInputType(type) ? listsIn(type, [variable.name.value]) : [];
    });
    listsOf.set(operation, lists);
  }
  return lists;
}

/** Without those within lists: no input has any. */
function listsIn(type: GraphQLInputType, path: readonly string[]): BoundedList[] {
  const present = getNullableType(type);
  if (isListType(present)) {
    const limit = LIST_LIMITS[getNamedType(present).name];
    return limit === undefined ? [] : [{ path, limit }];
  }
  // An input that contained itself would not end here. None does.
  if (!isInputObjectType(present)) return [];
  return Object.values(present.getFields()).flatMap((field) => listsIn(field.type, [...path, field.name]));
}

function valueAt(values: unknown, path: readonly string[]): unknown {
  let value = values;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Values)[key];
  }
  return value;
}

/** A copy of `values` with an empty list at `path`. */
function withEmptyList(values: Values, [key, ...below]: readonly string[]): Values {
  const inner = below.length === 0 ? [] : withEmptyList(values[key!] as Values, below);
  return { ...values, [key!]: inner };
}
