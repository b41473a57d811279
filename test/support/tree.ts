import type { SessionRepository } from '../../src/repository/repository.ts';

/**
 * A tree below the session `root`: each session has `breadth` children, for `depth` levels. The children of `root` are
 * `root-0`, `root-1` and so on, in this order of arrival. Returns the ids, level by level.
 */
export async function growTree(
  repository: SessionRepository,
  { root = 'root', breadth, depth }: { root?: string; breadth: number; depth: number },
): Promise<string[][]> {
  await repository.create({ id: root, userId: 'ada', title: root });
  const levels = [[root]];
  for (let level = 0; level < depth; level += 1) {
    const parents = levels[level]!;
    // One round per place among siblings: siblings are created in order, cousins concurrently.
    for (let place = 0; place < breadth; place += 1) {
      await Promise.all(
        parents.map((parentId) => {
          const id = `${parentId}-${place}`;
          return repository.create({ id, parentId, title: id });
        }),
      );
    }
    levels.push(parents.flatMap((parentId) => places(breadth).map((place) => `${parentId}-${place}`)));
  }
  return levels;
}

function places(count: number): number[] {
  return Array.from({ length: count }, (_, place) => place);
}
