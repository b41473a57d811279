import {
  type DocumentNode,
  type ExecutionArgs,
  type FieldNode,
  type GraphQLError,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type VariableValues,
  visit,
} from 'graphql';
import type { Scope } from '../model/caller.ts';
import type { Limits } from '../model/limits.ts';
import { argumentRulesOf } from '../schema/argument-rules.ts';
import type { SchemaContext } from '../schema/context.ts';
import { CheckedField } from './checked-field.ts';
import { fragmentsOf } from './fragments.ts';
import { type ErrorsOf, placesOf } from './places.ts';

interface ValidFor {
  readonly limits: Limits;
  readonly storeId: string;
  readonly userId: string | null;
  readonly scope: Scope;
}

interface Checks {
  readonly schema: GraphQLSchema;
  /** Fields whose arguments contain no variables. */
  readonly fixed: readonly CheckedField[];
  /** The limits, the store and the caller for which all `fixed` fields were valid. */
  constantsValidFor: ValidFor | null;
  readonly varying: readonly CheckedField[];
}

/** The fields to check, by operation. An entry lives as long as its document, which a cache holds. */
const checksOf = new WeakMap<OperationDefinitionNode, Checks>();

/**
 * Checks the arguments of an operation against the rules that need no data (`argumentRules`), before execution. Returns the errors
 * of the first places in the answer, or null if there are none.
 */
export function wrongArguments(
  { schema, document, contextValue }: ExecutionArgs,
  operation: OperationDefinitionNode,
  variables: VariableValues,
): GraphQLError[] | null {
  let checks = checksOf.get(operation);
  if (checks?.schema !== schema) {
    checks = findChecks(schema, document, operation);
    checksOf.set(operation, checks);
  }
  const { fixed, varying } = checks;
  if (varying.length === 0 && fixed.length === 0) return null;
  const context = contextValue as SchemaContext;
  const isValid = (one: CheckedField) => one.isValid(variables, context);
  if (fixed.length > 0 && !isFor(checks.constantsValidFor, context))
    checks.constantsValidFor = fixed.every(isValid) ? validFor(context) : null;
  const areConstantsValid = fixed.length === 0 || checks.constantsValidFor !== null;
  if (areConstantsValid && varying.every(isValid)) return null;
  // A field that `@skip` or `@include` leaves out has no errors.
  const parts = { schema, fragments: fragmentsOf(document) };
  const errors = placesOf(errorsIn([...fixed, ...varying], variables, context), parts, operation, variables);
  return errors.length > 0 ? errors : null;
}

function isFor(known: ValidFor | null, { limits, repository, caller }: SchemaContext): boolean {
  return (
    known !== null &&
    known.limits === limits &&
    known.storeId === repository.storeId &&
    known.userId === caller.userId &&
    known.scope === caller.scope
  );
}

function validFor({ limits, repository, caller: { userId, scope } }: SchemaContext): ValidFor {
  return { limits, storeId: repository.storeId, userId, scope };
}

/** Checks each field when it is first asked for: of a thousand invalid fields, only a few are reported. */
function errorsIn(
  fields: readonly CheckedField[],
  variables: VariableValues,
  context: SchemaContext,
): ErrorsOf {
  const checked = new Map(fields.map((field) => [field.node, field]));
  const known = new Map<FieldNode, readonly GraphQLError[]>();
  return (node) => {
    const errors = known.get(node) ?? checked.get(node)?.errors(variables, context) ?? [];
    known.set(node, errors);
    return errors;
  };
}

function findChecks(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): Checks {
  const fixed: CheckedField[] = [];
  const varying: CheckedField[] = [];
  const fragments = fragmentsOf(document);
  const visited = new Set<string>();
  const nullable = nullableWithDefault(operation);

  function find({ selections }: SelectionSetNode, type: GraphQLNamedType | undefined): void {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        findIn(selection, type);
        continue;
      }
      const isSpread = selection.kind === Kind.FRAGMENT_SPREAD;
      if (isSpread && visited.has(selection.name.value)) continue;
      if (isSpread) visited.add(selection.name.value);
      const { typeCondition, selectionSet } = isSpread ? fragments[selection.name.value]! : selection;
      find(selectionSet, typeCondition ? schema.getType(typeCondition.name.value) : type);
    }
  }

  function findIn(node: FieldNode, type: GraphQLNamedType | undefined): void {
    const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[node.name.value] : undefined;
    // Introspection, or `__typename`.
    if (!field) return;
    const names: string[] = [];
    for (const argument of node.arguments ?? [])
      visit(argument, { Variable: ({ name }) => void names.push(name.value) });
    if (argumentRulesOf(field).length > 0 || names.some((name) => nullable.has(name)))
      (names.length === 0 ? fixed : varying).push(new CheckedField(node, field));
    if (node.selectionSet) find(node.selectionSet, getNamedType(field.type));
  }

  find(operation.selectionSet, schema.getRootType(operation.operation) ?? undefined);
  return { schema, fixed, constantsValidFor: null, varying };
}

/** Nullable variables with a default. They may stand in a non-null position, where an explicit null is invalid. */
function nullableWithDefault({ variableDefinitions = [] }: OperationDefinitionNode): ReadonlySet<string> {
  return new Set(
    variableDefinitions
      .filter(({ type, defaultValue }) => type.kind !== Kind.NON_NULL_TYPE && defaultValue !== undefined)
      .map(({ variable }) => variable.name.value),
  );
}
