import { type DocumentNode, Kind, visit } from 'graphql';

/** An entry lives as long as its document. */
const known = new WeakMap<DocumentNode, string | null>();

/**
 * The variable by which a document gives `sessionChanges(after:)`; null if there is none, or if something else depends on that variable,
 * too. Subscribers whose variables differ in nothing else see the same.
 */
export function afterVariableOf(document: DocumentNode): string | null {
  let name = known.get(document);
  if (name === undefined) {
    name = find(document);
    known.set(document, name);
  }
  return name;
}

function find(document: DocumentNode): string | null {
  const cursors = new Set<string>();
  const uses = new Map<string, number>();
  visit(document, {
    // Its variable is a definition, not a use.
    VariableDefinition: () => false,
    Variable: ({ name }) => void uses.set(name.value, (uses.get(name.value) ?? 0) + 1),
    Field({ name, arguments: given = [] }) {
      if (name.value !== 'sessionChanges') return;
      for (const { name: argument, value } of given)
        if (argument.value === 'after' && value.kind === Kind.VARIABLE) cursors.add(value.name.value);
    },
  });
  const [cursor] = cursors;
  return cursors.size === 1 && uses.get(cursor!) === 1 ? cursor! : null;
}
