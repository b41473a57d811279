import type { FieldNode, GraphQLField } from 'graphql';

/**
 * `extensions` for a field whose resolver gives the source's property of its name, unless a query gives arguments: the executor need not
 * call the resolver. The arguments must have no defaults.
 */
export const PLAIN_WITHOUT_ARGUMENTS = { isPlainWithoutArguments: true } as const;

/** True if the field, selected by `nodes`, gives the source's property of its name. */
export function isPlainField(
  { resolve, extensions }: GraphQLField<unknown, unknown>,
  nodes: readonly FieldNode[],
): boolean {
  if (!resolve) return true;
  // Merged nodes have equal arguments.
  return extensions.isPlainWithoutArguments === true && !nodes[0]!.arguments?.length;
}
