import {
  type FieldNode,
  GraphQLIncludeDirective,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  GraphQLSkipDirective,
  getDirectiveValues,
  isAbstractType,
  Kind,
  type NamedTypeNode,
  type SelectionNode,
  type SelectionSetNode,
  typeFromAST,
} from 'graphql';

/** What is needed to collect fields from fragments. */
export type DocumentParts = Pick<GraphQLResolveInfo, 'schema' | 'fragments'>;
type VariableValues = GraphQLResolveInfo['variableValues'];

/**
 * Adds the fields that are selected on `type` (null: on all types) to `fields`, by response key. `visited` contains the names of
 * the fragments that were spread so far.
 * https://spec.graphql.org/draft/#sec-Field-Collection
 */
export function collectFields(
  document: DocumentParts,
  isIncluded: (selection: SelectionNode) => boolean,
  type: GraphQLObjectType | null,
  { selections }: SelectionSetNode,
  fields: Map<string, FieldNode[]>,
  visited: Set<string>,
): void {
  for (const selection of selections) {
    if (!isIncluded(selection)) continue;
    if (selection.kind === Kind.FIELD) {
      const key = (selection.alias ?? selection.name).value;
      const group = fields.get(key);
      if (group) group.push(selection);
      else fields.set(key, [selection]);
      continue;
    }
    const isSpread = selection.kind === Kind.FRAGMENT_SPREAD;
    if (isSpread && visited.has(selection.name.value)) continue;
    if (isSpread) visited.add(selection.name.value);
    const fragment = isSpread ? document.fragments[selection.name.value]! : selection;
    if (type === null || applies(document, fragment, type))
      collectFields(document, isIncluded, type, fragment.selectionSet, fields, visited);
  }
}

/** False if `@skip` or `@include` leaves `node` out. Throws a GraphQLError if the condition is invalid. */
export function isIncluded(variables: VariableValues, node: SelectionNode): boolean {
  if (!node.directives?.length) return true;
  if (getDirectiveValues(GraphQLSkipDirective, node, variables)?.if === true) return false;
  return getDirectiveValues(GraphQLIncludeDirective, node, variables)?.if !== false;
}

function applies(
  { schema }: DocumentParts,
  { typeCondition }: { readonly typeCondition?: NamedTypeNode | undefined },
  type: GraphQLObjectType,
): boolean {
  if (!typeCondition) return true;
  const condition = typeFromAST(schema, typeCondition);
  return condition === type || (isAbstractType(condition) && schema.isSubType(condition, type));
}
