import { type DocumentNode, GraphQLError, Kind, type OperationDefinitionNode } from 'graphql';
import type { Policy } from './policy.ts';

/** Refuses operations with too many mutations, with fragments as if they were inlined. */
export function mutationLimit(mutations: number): Policy {
  return {
    name: 'mutation limit',
    document: function MutationLimitRule(context) {
      return {
        OperationDefinition(node) {
          if (node.operation !== 'mutation') return;
          const found = rootKeys(context.getDocument(), node).size;
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

/** The response keys of an operation's root selection: each is executed once, however often it is selected. */
export function rootKeys(
  { definitions }: DocumentNode,
  { selectionSet }: OperationDefinitionNode,
): ReadonlySet<string> {
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
        for (const each of definitions)
          if (each.kind === Kind.FRAGMENT_DEFINITION && each.name.value === selection.name.value)
            stack.push(each.selectionSet);
      }
    }
  }
  return keys;
}
