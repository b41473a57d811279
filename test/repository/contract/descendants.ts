import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Session } from '../../../src/model/session.ts';
import { type PageRequest, UnknownKeyError } from '../../../src/repository/reads.ts';
import { naiveDescendants, naivePage } from './naive.ts';
import { ALL, idsOf, type OpenStore, RETURNS } from './store.ts';

const DEPTHS = [null, 0, 1, 2, 3, 100] as const;

export function describeDescendants(store: OpenStore): void {
  async function descendantsOf(id: string, page: PageRequest<string> = ALL, maxDepth: number | null = null) {
    const [descendants] = await store.repository.descendantsOf([id], page, maxDepth);
    return { ids: idsOf(descendants!.items), hasMore: descendants!.hasMore };
  }

  /** a(z(y(w)) b(c x)), created so that neither the ids nor the times nor the arrivals are in pre-order. */
  async function growTree() {
    await store.chain('a', 'z');
    await store.create({ id: 'b', parentId: 'a', createdAt: new Date('2001-01-01') });
    for (const [id, parentId] of [
      ['c', 'b'],
      ['y', 'z'],
      ['x', 'b'],
      ['w', 'y'],
    ] as const)
      await store.create({ id, parentId });
  }

  /** A tree whose every session but the root has an earlier one as its parent, with some subtrees deleted. */
  async function growTreeOf(parents: readonly number[], deleted: readonly number[]) {
    const tree = [(await store.create()).id];
    const children = new Map<string, string[]>();
    for (const parent of parents) {
      const parentId = tree[parent % tree.length]!;
      const { id } = await store.create({ parentId });
      tree.push(id);
      children.set(parentId, [...(children.get(parentId) ?? []), id]);
    }
    const gone = new Set<string>();
    for (const index of deleted) {
      const id = tree[index % tree.length]!;
      if (id === tree[0] || gone.has(id)) continue;
      const { deletedIds } = await store.repository.delete({ sessionId: id, mode: 'CASCADE' });
      for (const each of deletedIds) gone.add(each);
    }
    return { tree, gone, beneath: (id: string) => naiveDescendants(id, (each) => children.get(each) ?? []) };
  }

  describe('descendants', () => {
    it('come in pre-order, siblings in order of arrival, itself left out', async () => {
      await growTree();
      expect(await descendantsOf('a')).toEqual({ ids: ['z', 'y', 'w', 'b', 'c', 'x'], hasMore: false });
      expect(await descendantsOf('z')).toEqual({ ids: ['y', 'w'], hasMore: false });
      expect(await descendantsOf('w')).toEqual({ ids: [], hasMore: false });
    });

    it('are whole sessions, as findMany gives them', async () => {
      await growTree();
      const [page] = await store.repository.descendantsOf(['a'], ALL, null);
      expect(page!.items).toEqual(await store.repository.findMany(idsOf(page!.items).map((id) => id!)));
    });

    it('may be cut at a depth, and are counted the same way', async () => {
      await growTree();
      expect((await descendantsOf('a', ALL, 1)).ids).toEqual(['z', 'b']);
      expect((await descendantsOf('a', ALL, 2)).ids).toEqual(['z', 'y', 'b', 'c', 'x']);
      expect((await descendantsOf('z', ALL, 1)).ids).toEqual(['y']);
      expect(await store.repository.countDescendants(['a', 'z', 'w', 'a'], 1)).toEqual([2, 1, 0, 2]);
      expect(await store.repository.countDescendants(['a', 'z'], 2)).toEqual([5, 2]);
      expect(await store.repository.countDescendants(['a', 'missing'], null)).toEqual([6, 0]);
    });

    it('are limited for each session of a batch by itself', async () => {
      await growTree();
      const pages = await store.repository.descendantsOf(
        ['z', 'missing', 'a'],
        { limit: 2, from: 'end' },
        null,
      );
      expect(pages.map((page) => idsOf(page.items))).toEqual([['y', 'w'], [], ['c', 'x']]);
      expect(pages.map((page) => page.hasMore)).toEqual([false, false, true]);
    });

    it.each(['itself', 'an ancestor', 'another tree', 'no session'])(
      'go on from no key that is not beneath: %s',
      async (key) => {
        await growTree();
        await store.create({ id: 'other' });
        const id = {
          itself: 'z',
          'an ancestor': 'a',
          'another tree': 'other',
          'a deleted session': 'deleted',
        }[key];
        for (const page of [{ after: id ?? 'missing' }, { before: id ?? 'missing' }])
          for (const from of ['start', 'end'] as const)
            await expect(descendantsOf('z', { limit: 5, from, ...page })).rejects.toBeInstanceOf(
              UnknownKeyError,
            );
      },
    );

    it.each(['at once', ...RETURNS] as const)('go on from a deleted key, where it was: %s', async (how) => {
      await growTree();
      await store.repository.delete({ sessionId: 'y', mode: 'CASCADE' });
      await store.create({ id: 'v', parentId: 'z' });
      if (how !== 'at once') await store.comeBack(how);
      for (const key of ['y', 'w']) {
        expect((await descendantsOf('a', { ...ALL, after: key })).ids).toEqual(['v', 'b', 'c', 'x']);
        expect((await descendantsOf('a', { ...ALL, before: key })).ids).toEqual(['z']);
        expect((await descendantsOf('z', { ...ALL, after: key })).ids).toEqual(['v']);
      }
      await expect(descendantsOf('b', { ...ALL, after: 'y' })).rejects.toBeInstanceOf(UnknownKeyError);
    });

    it('lead to the last one by way of their keys, each once, also while others arrive', async () => {
      await growTree();
      const visited: (string | null)[] = [];
      for (let page = await descendantsOf('a', { limit: 1, from: 'start' }); ; ) {
        visited.push(...page.ids);
        if (!page.hasMore) break;
        if (visited.length === 2) await store.create({ id: 'before-the-key', parentId: 'w' });
        if (visited.length === 4) await store.create({ id: 'after-the-key', parentId: 'c' });
        if (visited.length === 6) await store.create({ id: 'too-late', parentId: 'z' });
        page = await descendantsOf('a', { limit: 1, from: 'start', after: visited.at(-1)! });
      }
      expect(visited).toEqual(['z', 'y', 'w', 'before-the-key', 'b', 'c', 'after-the-key', 'x']);
    });

    it('of very many siblings are right after each change, however often all were read before', async () => {
      const { repository } = store;
      await store.chain('top', 'other');
      for (let n = 0; n < 300; n += 1)
        await store.create({ id: `child-${n}`, parentId: 'top', title: 'before' });
      await store.create({ id: 'grandchild', parentId: 'child-7' });
      await store.create({ id: 'stranger' });
      /** Small pages from a key on: no store gives them from what it keeps of the whole family. */
      async function inSmallPages() {
        const found: Session[] = [];
        for (let after = 'other'; ; after = found.at(-1)!.id) {
          const [page] = await repository.descendantsOf(['top'], { limit: 50, from: 'start', after }, null);
          found.push(...page!.items);
          if (!page!.hasMore) return found;
        }
      }
      const changes = {
        none: () => repository.findMany([]),
        message: () =>
          repository.append({ sessionId: 'child-3', messages: [{ role: 'USER', content: 'hello' }] }),
        title: () => repository.update({ sessionId: 'top', title: 'after' }),
        'title of a child': () => repository.update({ sessionId: 'child-299', title: 'after' }),
        child: () => store.create({ id: 'latest', parentId: 'top' }),
        grandchild: () => store.create({ id: 'new-grandchild', parentId: 'child-100' }),
        'message in the new child': () =>
          repository.append({ sessionId: 'latest', messages: [{ role: 'USER', content: 'hello' }] }),
        'leaving child': () => repository.move({ sessionId: 'child-5', parentId: null }),
        'coming child': () => repository.move({ sessionId: 'stranger', parentId: 'top' }),
        archival: () => repository.archive({ sessionId: 'child-8', archived: true, subtree: true }),
        'deleted child': () => repository.delete({ sessionId: 'child-9', mode: 'CASCADE' }),
        'deleted parent': () => repository.delete({ sessionId: 'child-7', mode: 'REPARENT' }),
      };
      for (const [name, change] of Object.entries(changes)) {
        for (const from of ['start', 'end'] as const)
          await repository.descendantsOf(['top'], { limit: 1_000, from }, null);
        await change();
        const expected = [await store.find('other'), ...(await inSmallPages())];
        for (const from of ['end', 'start'] as const) {
          const [page] = await repository.descendantsOf(['top'], { limit: 1_000, from }, null);
          expect({ name, from, ids: idsOf(page!.items) }).toEqual({ name, from, ids: idsOf(expected) });
          expect(page!.items).toEqual(expected);
          expect(page!.items).toEqual(await repository.findMany(expected.map(({ id }) => id)));
        }
      }
      const ids = idsOf(await inSmallPages());
      expect(ids.slice(-4)).toEqual(['child-299', 'latest', 'stranger', 'grandchild']);
      expect(ids).toHaveLength(301);
    });

    it('of any tree are what a naive walk gives, for every key, direction and depth', async () => {
      const { repository } = store;
      const shape = fc.record({
        parents: fc.array(fc.nat(), { minLength: 1, maxLength: 16 }),
        deleted: fc.array(fc.nat(), { maxLength: 2 }),
        limit: fc.integer({ min: 0, max: 6 }),
      });
      await fc.assert(
        fc.asyncProperty(shape, async ({ parents, deleted, limit }) => {
          const { tree, gone, beneath } = await growTreeOf(parents, deleted);
          const root = tree[0]!;
          // A deleted session keeps its place as a key, as does one below `maxDepth`.
          const order = beneath(root).map(({ id }) => id);
          const place = (id: string, key: string) => order.indexOf(id) - order.indexOf(key);

          for (const maxDepth of DEPTHS) {
            const passes = (each: { id: string; level: number }) =>
              !gone.has(each.id) && each.level <= (maxDepth ?? each.level);
            const expected = tree.map((id) => (gone.has(id) ? [] : beneath(id).filter(passes)));
            const counts = await repository.countDescendants(tree, maxDepth);
            expect(counts).toEqual(expected.map((each) => each.length));
            const fromRoot = expected[0]!.map(({ id }) => id);
            for (const from of ['start', 'end'] as const) {
              const got = await repository.descendantsOf(tree, { limit, from }, maxDepth);
              const want = expected.map((each) => naivePage(each, { limit, from }, () => 0));
              expect(got.map((page) => ({ ids: idsOf(page.items), hasMore: page.hasMore }))).toEqual(
                want.map((page) => ({ ids: page.items.map(({ id }) => id), hasMore: page.hasMore })),
              );
              for (const [index, key] of order.entries()) {
                const other = order[(index * 7 + 3) % order.length]!;
                for (const keys of [{ after: key }, { before: key }, { after: key, before: other }]) {
                  const page = { limit, from, ...keys };
                  const { items, hasMore } = naivePage(fromRoot, page, place);
                  const answer = await descendantsOf(root, page, maxDepth);
                  expect({ maxDepth, page, ...answer }).toEqual({ maxDepth, page, ids: items, hasMore });
                }
              }
            }
          }
        }),
        { numRuns: 12 },
      );
    });
  });
}
