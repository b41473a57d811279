import { BREAK, type DocumentNode, Kind, type OperationDefinitionNode, visit } from 'graphql';

/**
 * Whether an operation gets a plan. graphql-js executes the others: operations of a document that contains directives (`@skip`,
 * `@include`), introspection, or response keys that begin with `__` (`__proto__` is no ordinary key of an object); and operations
 * with several mutations, which have to be executed one after the other. A subscription is executed once for each of its events.
 */
export function isPlanned(
  document: DocumentNode,
  { operation, selectionSet }: OperationDefinitionNode,
): boolean {
  const { selections } = selectionSet;
  const isAlone = selections.length === 1 && selections[0]!.kind === Kind.FIELD;
  if (operation !== 'query' && !isAlone) return false;
  let isPlanned = true;
  const giveUp = () => {
    isPlanned = false;
    return BREAK;
  };
  visit(document, {
    Directive: giveUp,
    Field({ name: { value: name }, alias }) {
      const isReserved = name.startsWith('__') && name !== '__typename';
      return isReserved || alias?.value.startsWith('__') ? giveUp() : undefined;
    },
  });
  return isPlanned;
}
