import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { say, TestStore } from '../store.ts';

const CHILDREN = ['a', 'b', 'c', 'd', 'e', 'f'];

test.each(['archive', 'cascade', 'reparent'] as const)(
  '%s leaves out a session whose file is found to be gone while the mutation waits for its queue',
  async (how) => {
    const store = await TestStore.make();
    await store.during(async (repository) => {
      await repository.create({ id: 'root' });
      for (const id of CHILDREN) await repository.create({ id, parentId: 'root' });
      // A write that is running when the file goes finds it gone, while the mutation of the tree waits for that write.
      const appends = CHILDREN.flatMap((sessionId) =>
        [1, 2, 3].map((n) => repository.append({ sessionId, messages: [say(String(n))] })),
      );
      await Promise.race(appends);
      rmSync(store.sessionFile('c'));
      const change =
        how === 'archive'
          ? repository.archive({ sessionId: 'root', subtree: true, archived: true })
          : repository.delete({ sessionId: 'root', mode: how === 'cascade' ? 'CASCADE' : 'REPARENT' });
      await Promise.allSettled([...appends, change]);
      await change;
      const rest = CHILDREN.filter((id) => id !== 'c');
      const found = await repository.findMany(rest);
      if (how === 'archive') expect(found.map((session) => session?.archivedAt)).not.toContain(null);
      if (how === 'cascade') expect(found).toEqual(rest.map(() => null));
      if (how === 'reparent') expect(found.map((session) => session?.parentId)).toEqual(rest.map(() => null));
    });
  },
);
