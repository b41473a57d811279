import { type DocumentNode, type OperationDefinitionNode, visit } from 'graphql';
import type { SchemaContext } from '../context.ts';

/** Whether an operation may show `StoreStatus.cursor`. An entry lives as long as its document, which a cache holds. */
const known = new WeakMap<OperationDefinitionNode, boolean>();

/** True if an operation may show the cursor of the store: if the fields of its document have the names that lead there. */
export function showsCursor(document: DocumentNode, operation: OperationDefinitionNode): boolean {
  if (operation.operation !== 'query') return false;
  let shows = known.get(operation);
  if (shows === undefined) {
    const names = new Set<string>();
    visit(document, { Field: ({ name }) => void names.add(name.value) });
    shows = names.has('store') && names.has('cursor');
    known.set(operation, shows);
  }
  return shows;
}

/** Reads where the store is, before anything else of the operation. Resolves in any case: the field of the cursor fails if this did. */
export async function readCursor(context: SchemaContext): Promise<void> {
  await markOf(context).catch(() => {});
}

/** Where the store was when the operation began, or is now if nothing has asked for that before. */
export function markOf(context: SchemaContext): Promise<string> {
  context.mark ??= context.budget.read(() => context.repository.mark());
  return context.mark;
}
