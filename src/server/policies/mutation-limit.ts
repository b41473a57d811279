import { GraphQLError, Kind, type SelectionSetNode, type ValidationContext } from 'graphql';
import type { Policy } from './policy.ts';

/** Refuses operations with too many mutations, with fragments as if they were inlined. */
export function mutationLimit(mutations: number): Policy {
  return {
    name: 'mutation limit',
    document: function MutationLimitRule(context) {
      return {
        OperationDefinition(node) {
          if (node.operation !== 'mutation') return;
          const found = rootKeys(context, node.selectionSet).size;
          if (found <= mutations) return;
          context.reportError(
            new GraphQLError(
              `Expected at most ${mutations} mutations in one request (the limit mutations), got ${found}. Send fewer at a time.`,
              { nodes: node, extensions: { code: 'TOO_MANY_MUTATIONS' } },
            ),
          );
        },
      };
    },
  };
}

/** The response keys of a root selection: each is executed once, however often it is selected. */
function rootKeys(context: ValidationContext, selectionSet: SelectionSetNode): ReadonlySet<string> {
  const keys = new Set<string>();
  const visited = new Set<string>();
  const stack = [selectionSet];
  for (let set = stack.pop(); set; set = stack.pop()) {
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        if (selection.name.value !== '__typename') keys.add((selection.alias ?? selection.name).value);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        stack.push(selection.selectionSet);
      } else if (!visited.has(selection.name.value)) {
        visited.add(selection.name.value);
        const fragment = context.getFragment(selection.name.value);
        if (fragment) stack.push(fragment.selectionSet);
      }
    }
  }
  return keys;
}
