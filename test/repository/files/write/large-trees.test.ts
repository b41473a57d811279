import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { SessionRepository } from '../../../../src/repository/repository.ts';
import { TestStore } from '../store.ts';

/** More sessions than are changed at once. */
const CHILDREN = 250;

/** `top` beneath `root`, with many children, of which every tenth has a child and a grandchild. */
async function makeTree(repository: SessionRepository): Promise<void> {
  for (const id of ['root', 'other']) await repository.create({ id });
  await repository.create({ id: 'top', parentId: 'root' });
  const children = Array.from({ length: CHILDREN }, (_, n) => `child${n}`);
  await Promise.all(children.map((id) => repository.create({ id, parentId: 'top' })));
  for (const parentId of children.filter((_, n) => n % 10 === 0)) {
    await repository.create({ id: `${parentId}-1`, parentId });
    await repository.create({ id: `${parentId}-2`, parentId: `${parentId}-1` });
  }
}

/** Resolves with the result of `change`, and the number of turns of the event loop that it took. */
async function turnsOf<T>(change: Promise<T>): Promise<{ result: T; turns: number }> {
  let isDone = false;
  let turns = 0;
  const done = change.finally(() => {
    isDone = true;
  });
  for (; !isDone; turns += 1) await nextTurn();
  return { result: await done, turns };
}

test('a large tree is moved, archived and cut in steps, as its files say', async () => {
  const store = await TestStore.make();
  await store.during(async (repository) => {
    await makeTree(repository);
    const beneath = CHILDREN + 2 * (CHILDREN / 10);

    const moved = await turnsOf(repository.move({ sessionId: 'top', parentId: 'other' }));
    expect(moved.turns).toBeGreaterThan(1);
    expect(await repository.countDescendants(['other', 'root'], null)).toEqual([beneath + 1, 0]);
    const deep = await repository.findMany(['child10', 'child10-2']);
    expect(deep).toMatchObject([
      { rootId: 'other', depth: 2 },
      { rootId: 'other', depth: 4 },
    ]);

    const archived = await repository.archive({ sessionId: 'top', archived: true, subtree: true });
    expect(archived.changedIds).toHaveLength(beneath + 1);
    expect(await repository.count({ archived: 'ONLY' })).toBe(beneath + 1);
    await repository.archive({ sessionId: 'top', archived: false, subtree: true });

    const planned = await repository.planDelete({ sessionId: 'top', mode: 'REPARENT' });
    const { result } = await turnsOf(repository.delete({ sessionId: 'top', mode: 'REPARENT' }));
    expect(result).toEqual(planned);
    expect(result.reparentedIds).toEqual(Array.from({ length: CHILDREN }, (_, n) => `child${n}`));
    expect(await repository.findMany(['other', 'child10', 'child10-2'])).toMatchObject([
      { childCount: CHILDREN },
      { parentId: 'other', depth: 1, version: 4, childCount: 1 },
      { rootId: 'other', depth: 3 },
    ]);
  });
  // The check compares the index with what the files say.
  expect(await store.problems()).toEqual([]);
  await store.during(async (repository) => {
    const { deletedIds } = await repository.delete({ sessionId: 'other', mode: 'CASCADE' });
    expect(deletedIds).toHaveLength(1 + CHILDREN + 2 * (CHILDREN / 10));
    expect(await repository.count({})).toBe(1);
  });
  expect(await store.problems()).toEqual([]);
});
