import { copyFileSync, cpSync, renameSync } from 'node:fs';
import { beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { sessionPath } from '../../../../src/repository/files/format/layout.ts';
import { contents, say, TestStore } from '../store.ts';

/* Files can be restored at any time, also during a move or a deletion. */

let store: TestStore;

beforeEach(async () => {
  store = await TestStore.make();
});

/** Repetitions, so that some hit the moment between the plan of a deletion or a move and its commit. */
const TIMES = 20;

it('a session that is put back while its parent is deleted has no parent, and is reported', async () => {
  for (let n = 0; n < TIMES; n += 1) {
    const [top, child] = [`top${n}`, `child${n}`];
    await store.during(async (repository) => {
      await repository.create({ id: top });
      await repository.create({ id: child, parentId: top });
    });
    renameSync(store.sessionFile(child), store.path('away'));
    const repository = await store.open();
    expect(await repository.findMany([child])).toEqual([null]);
    renameSync(store.path('away'), store.sessionFile(child));
    const deleted = repository.delete({ sessionId: top, mode: 'CASCADE' });
    for (let turns = 0; turns < n; turns += 1) await Promise.resolve();
    const [found] = await Promise.all([repository.findMany([child]), deleted]);
    const { deletedIds } = await deleted;
    if (deletedIds.includes(child)) {
      expect(await repository.findMany([child])).toEqual([null]);
    } else {
      expect(found[0]).not.toBeNull();
      expect(await repository.ancestorsOf([child])).toEqual([[]]);
      expect(await repository.findMany([child])).toMatchObject([{ rootId: child, depth: 0 }]);
      const { quarantined } = await repository.status();
      expect(quarantined.map(({ path }) => path)).toContain(sessionPath(child));
      await repository.delete({ sessionId: child, mode: 'RESTRICT' });
    }
    await repository.close();
    expect(await store.problems()).toEqual([]);
  }
});

it('a session that is put back between two of which one is moved beneath the other makes no circle', async () => {
  for (let n = 0; n < TIMES; n += 1) {
    const [top, middle, bottom] = [`top${n}`, `middle${n}`, `bottom${n}`];
    const repository = await store.open();
    await repository.create({ id: top });
    await repository.create({ id: middle, parentId: top });
    await repository.create({ id: bottom, parentId: middle });
    await repository.close();
    renameSync(store.sessionFile(middle), store.path('away'));
    const again = await store.open();
    const moved = again.move({ sessionId: top, parentId: bottom });
    for (let turns = 0; turns < n; turns += 1) await Promise.resolve();
    renameSync(store.path('away'), store.sessionFile(middle));
    await Promise.all([again.findMany([middle]), moved]);
    const above = (await again.ancestorsOf([top, middle, bottom])).map((each) => each.map(({ id }) => id));
    for (const [k, id] of [top, middle, bottom].entries()) expect(above[k]).not.toContain(id);
    await again.close();
    expect((await store.problems()).filter(({ path }) => path === 'index.db')).toEqual([]);
  }
});

it('what is written after a file of a later copy came in has a later number and a later time than all in that file', async () => {
  await store.during((repository) => repository.create({ id: 'a' }));
  const later = await TestStore.make();
  cpSync(store.directory, later.directory, { recursive: true });
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 });
  onTestFinished(() => void vi.useRealTimers());
  await later.during(async (repository) => {
    for (let n = 0; n < 5; n += 1) await repository.append({ sessionId: 'a', messages: [say(`${n}`)] });
  });
  vi.useRealTimers();
  const repository = await store.open();
  copyFileSync(later.sessionFile('a'), store.sessionFile('a'));
  expect(await contents(repository, 'a')).toHaveLength(5);
  const { seq, at } = JSON.parse(store.lines('a').at(-1)!) as { seq: number; at: string };
  const created = await repository.create({ id: 'b' });
  expect(created.sequence).toBeGreaterThan(seq);
  expect(created.createdAt.getTime()).toBeGreaterThan(Date.parse(at));
});
