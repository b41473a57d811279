/** Throws an Error if the number differs from the expected one. */
export function expectCount(what: string, expected: number, got: number): void {
  if (got !== expected) throw new Error(`${what}: expected ${expected}, got ${got}.`);
}

/** The ids of the tree that the sessions form, the root first, as a client builds it from them. */
export function treeIds(
  sessions: readonly { readonly id: string; readonly parentId: string | null | undefined }[],
  root: string,
): string[] {
  const children = Map.groupBy(sessions, (session) => session.parentId);
  const ids = sessions.some(({ id }) => id === root) ? [root] : [];
  for (const id of ids) ids.push(...(children.get(id) ?? []).map((child) => child.id));
  return ids;
}

/** Returns the items in turn, cyclically. */
export function inTurn<Value>(values: readonly Value[]): () => Value {
  let turn = 0;
  return () => values[turn++ % values.length]!;
}
