import { describe, expect, it } from 'vitest';
import type { Session } from '../../../src/model/session.ts';
import type { PageRequest } from '../../../src/repository/reads.ts';
import { childrenRequests } from '../../support/children.ts';
import { naivePage } from './naive.ts';
import { ALL, idsOf, type OpenStore } from './store.ts';

/** Every page request with these keys, with limits at and around the ends. */
export function pagesBetween<Key>(keys: readonly Key[], limits: readonly number[]): PageRequest<Key>[] {
  const ends = [undefined, ...keys];
  return limits.flatMap((limit) =>
    (['start', 'end'] as const).flatMap((from) =>
      ends.flatMap((after) => ends.map((before) => ({ limit, from, after, before }))),
    ),
  );
}

export function describePages(store: OpenStore): void {
  const byArrival = (session: Session, key: number) => session.arrival - key;

  async function childrenOf(parentId: string, page: PageRequest<number>) {
    const [children] = await store.repository.childrenOf(childrenRequests([parentId], page));
    return children!;
  }

  async function spawn(count: number, parentId = 'parent'): Promise<Session[]> {
    const children: Session[] = [];
    for (let child = 0; child < count; child += 1) children.push(await store.create({ parentId }));
    return children;
  }

  describe('a page of children', () => {
    it('is in order of arrival, whatever the ids and the times are', async () => {
      await store.create({ id: 'parent' });
      for (const [id, year] of [
        ['m', 2024],
        ['z', 2020],
        ['a', 2022],
      ] as const)
        await store.create({ id, parentId: 'parent', createdAt: new Date(`${year}-01-01`) });
      expect(idsOf((await childrenOf('parent', ALL)).items)).toEqual(['m', 'z', 'a']);
    });

    it('holds whole sessions, as findMany does', async () => {
      await store.create({ id: 'parent', userId: 'u' });
      await store.create({ id: 'child', parentId: 'parent', metadata: { a: 1 } });
      await store.create({ parentId: 'child' });
      const page = await childrenOf('parent', ALL);
      expect(page.items).toEqual([await store.find('child')]);
      expect(page.items[0]).toMatchObject({ childCount: 1, userId: 'u', depth: 1, rootId: 'parent' });
    });

    it('is what it should be for every limit, direction and pair of keys, those of deleted children too', async () => {
      await store.create({ id: 'parent' });
      const children = await spawn(6);
      await store.repository.delete({ sessionId: children[2]!.id, mode: 'RESTRICT' });
      await store.repository.delete({ sessionId: children[5]!.id, mode: 'RESTRICT' });
      const left = (await childrenOf('parent', ALL)).items;
      expect(left.length).toBe(4);
      const keys = [0, ...children.map((child) => child.arrival), children[5]!.arrival + 1_000];
      for (const page of pagesBetween(keys, [0, 1, 2, 3, 4, 5])) {
        const expected = naivePage(left, page, byArrival);
        const got = await childrenOf('parent', page);
        expect({ page, ...got, items: idsOf(got.items) }).toEqual({
          page,
          ...expected,
          items: idsOf(expected.items),
        });
      }
    });

    it('may be another page for each parent of a batch, and twice for one', async () => {
      await store.create({ id: 'parent' });
      await store.create({ id: 'other' });
      const children = await spawn(3);
      const others = await spawn(2, 'other');
      const pages = await store.repository.childrenOf([
        { parentId: 'parent', page: { limit: 1, from: 'end' } },
        { parentId: 'other', page: ALL },
        { parentId: 'parent', page: { limit: 1, from: 'start', after: children[0]!.arrival } },
      ]);
      expect(pages.map(({ items, hasMore }) => [idsOf(items), hasMore])).toEqual([
        [[children[2]!.id], true],
        [idsOf(others), false],
        [[children[1]!.id], true],
      ]);
    });

    it('is limited for each parent of a batch by itself', async () => {
      await store.create({ id: 'parent' });
      await store.create({ id: 'other' });
      const children = idsOf(await spawn(3));
      const others = idsOf(await spawn(1, 'other'));
      const pages = await store.repository.childrenOf(
        childrenRequests(['other', 'parent'], { limit: 2, from: 'start' }),
      );
      expect(pages.map((page) => idsOf(page.items))).toEqual([others, children.slice(0, 2)]);
      expect(pages.map((page) => page.hasMore)).toEqual([false, true]);
      const last = await store.repository.childrenOf(
        childrenRequests(['other', 'parent'], { limit: 2, from: 'end' }),
      );
      expect(last.map((page) => idsOf(page.items))).toEqual([others, children.slice(1)]);
      expect(last.map((page) => page.hasMore)).toEqual([false, true]);
    });

    it('leads to the last one by way of its keys, each child once, also while others arrive', async () => {
      await store.create({ id: 'parent' });
      const children = await spawn(7);
      const visited: Session[] = [];
      for (let page = await childrenOf('parent', { limit: 2, from: 'start' }); ; ) {
        visited.push(...page.items);
        if (!page.hasMore) break;
        if (visited.length < 6) children.push(...(await spawn(1)));
        page = await childrenOf('parent', { limit: 2, from: 'start', after: visited.at(-1)!.arrival });
      }
      expect(children.length).toBe(9);
      expect(idsOf(visited)).toEqual(idsOf(children));
    });

    it('leads to the first one from the end, each child once, also while others arrive', async () => {
      await store.create({ id: 'parent' });
      const children = await spawn(7);
      const visited: Session[] = [];
      for (let page = await childrenOf('parent', { limit: 2, from: 'end' }); ; ) {
        visited.unshift(...page.items);
        if (!page.hasMore) break;
        await spawn(1);
        page = await childrenOf('parent', { limit: 2, from: 'end', before: visited[0]!.arrival });
      }
      expect(idsOf(visited)).toEqual(idsOf(children));
    });
  });
}
