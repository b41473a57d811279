/** Throws an Error where it is another number. */
export function expectCount(what: string, expected: number, got: number): void {
  if (got !== expected) throw new Error(`${what}: expected ${expected}, got ${got}.`);
}

/** The ids of those that hang together beneath the root, itself first: what a client makes a tree of. */
export function treeIds(
  sessions: readonly { readonly id: string; readonly parentId: string | null | undefined }[],
  root: string,
): string[] {
  const children = Map.groupBy(sessions, (session) => session.parentId);
  const ids = sessions.some(({ id }) => id === root) ? [root] : [];
  for (const id of ids) ids.push(...(children.get(id) ?? []).map((child) => child.id));
  return ids;
}

/** Gives one after another, and then the first again. */
export function inTurn<Value>(values: readonly Value[]): () => Value {
  let turn = 0;
  return () => values[turn++ % values.length]!;
}
