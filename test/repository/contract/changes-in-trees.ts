import { describe, expect, it } from 'vitest';
import { Replica, readsOf } from '../../support/replica.ts';
import { changesSince, type Told, told } from './changes.ts';
import { MUCH, type OpenStore, RETURNS, say } from './store.ts';

type Work = (store: OpenStore) => Promise<unknown>;

const move =
  (sessionId: string, parentId: string | null): Work =>
  ({ repository }) =>
    repository.move({ sessionId, parentId });
const remove =
  (sessionId: string, mode: 'CASCADE' | 'REPARENT'): Work =>
  ({ repository }) =>
    repository.delete({ sessionId, mode });
const append =
  (sessionId: string): Work =>
  ({ repository }) =>
    repository.append({ sessionId, messages: [say('x')] });

/** What a reader of the tree beneath `top` is told: top > a > b > c, and, outside of it, other > x > y. */
const CASES: [what: string, work: Work[], expected: Told[]][] = [
  ['nothing of what happens outside', [append('x'), move('y', null), remove('x', 'CASCADE')], []],
  ['one that came in, and nothing beneath it', [move('x', 'b')], [{ kind: 'ENTERED', sessionId: 'x' }]],
  [
    'one that came in with others and changed there',
    [append('y'), move('x', 'b'), append('y'), append('x')],
    [{ kind: 'ENTERED', sessionId: 'x' }],
  ],
  ['one that left', [move('b', 'x')], [{ kind: 'LEFT', sessionId: 'b', formerParentId: 'a' }]],
  [
    'one that left and then changed there',
    [move('b', 'x'), append('b'), append('c')],
    [{ kind: 'LEFT', sessionId: 'b', formerParentId: 'a' }],
  ],
  ['one that moved within', [move('c', 'a')], [{ kind: 'MOVED', sessionId: 'c', formerParentId: 'b' }]],
  [
    'one that moved, with what else happened to it',
    [append('c'), move('c', 'a')],
    [
      { kind: 'MOVED', sessionId: 'c', formerParentId: 'b' },
      { kind: 'APPENDED', sessionId: 'c', fromPosition: 0 },
    ],
  ],
  [
    'one that left and is back: it may have changed in between',
    [move('b', 'x'), move('b', 'a')],
    [{ kind: 'ENTERED', sessionId: 'b' }],
  ],
  [
    'one above which another left, that stayed',
    [move('c', 'top'), move('a', 'x')],
    [
      { kind: 'ENTERED', sessionId: 'c' },
      { kind: 'LEFT', sessionId: 'a', formerParentId: 'top' },
    ],
  ],
  [
    'one that came back out of another that left',
    [move('a', 'x'), move('c', 'top')],
    [
      { kind: 'LEFT', sessionId: 'a', formerParentId: 'top' },
      { kind: 'ENTERED', sessionId: 'c' },
    ],
  ],
  [
    'one that moved beneath another that came in: it is read with that one',
    [move('x', 'top'), move('c', 'y')],
    [{ kind: 'ENTERED', sessionId: 'x' }],
  ],
  [
    'a new one beneath another that came in: it is read with that one',
    [move('x', 'top'), (store) => store.create({ id: 'new', parentId: 'y' })],
    [{ kind: 'ENTERED', sessionId: 'x' }],
  ],
  [
    'a move of the top itself, and of one above it',
    [move('top', 'x'), move('x', null)],
    [{ kind: 'MOVED', sessionId: 'top' }],
  ],
  [
    'a deletion with all beneath it',
    [remove('b', 'CASCADE')],
    [
      { kind: 'DELETED', sessionId: 'b', formerParentId: 'a' },
      { kind: 'DELETED', sessionId: 'c', formerParentId: 'b' },
    ],
  ],
  [
    'a deletion that leaves children, wherever it is',
    [remove('b', 'REPARENT'), remove('a', 'REPARENT')],
    [
      { kind: 'DELETED', sessionId: 'b', formerParentId: 'a' },
      { kind: 'MOVED', sessionId: 'c', formerParentId: 'b' },
      { kind: 'DELETED', sessionId: 'a', formerParentId: 'top' },
    ],
  ],
  [
    'a deletion outside that gives its children to the tree: none',
    [move('x', 'a'), remove('x', 'REPARENT')],
    [
      { kind: 'ENTERED', sessionId: 'y' },
      { kind: 'DELETED', sessionId: 'x', formerParentId: 'other' },
    ],
  ],
  [
    'one that was created and deleted: whoever has read it in between must hear of it',
    [(store) => store.create({ id: 'new', parentId: 'c' }), remove('new', 'CASCADE')],
    [{ kind: 'DELETED', sessionId: 'new', formerParentId: 'c' }],
  ],
];

export function describeChangesInTrees(store: OpenStore): void {
  const populate = async () => {
    await store.chain('top', 'a', 'b', 'c');
    await store.chain('other', 'x', 'y');
    return store.repository.mark();
  };

  describe('changes in a tree', () => {
    it.each(CASES)('tell of %s', async (_, work, expected) => {
      const mark = await populate();
      for (const each of work) await each(store);
      const found = await changesSince(store.repository, mark, 'top');
      expect(found).toEqual(expected);
      for (const how of RETURNS) {
        await store.comeBack(how);
        expect(await changesSince(store.repository, mark, 'top')).toEqual(expected);
      }
    });

    it('are the same for a reader of the whole store, who hears of moves alone', async () => {
      const mark = await populate();
      await move('b', 'x')(store);
      await move('b', 'a')(store);
      await move('y', 'c')(store);
      expect(await changesSince(store.repository, mark)).toEqual([
        { kind: 'MOVED', sessionId: 'b', formerParentId: 'a' },
        { kind: 'MOVED', sessionId: 'y', formerParentId: 'x' },
      ]);
    });

    it('end with the deletion of its top, of which every later mark hears, too', async () => {
      const before = await populate();
      await append('a')(store);
      await remove('top', 'REPARENT')(store);
      const gone = [{ kind: 'DELETED', sessionId: 'top' }];
      for (const after of [before, await store.repository.mark()]) {
        const page = await store.repository.changesSince({ within: 'top', after, limit: 1 });
        expect(page).toMatchObject({ isOver: true, isReset: false, isUpToDate: true });
        expect(told(page)).toEqual(gone);
      }
      const never = store.repository.changesSince({ within: 'never', after: before, limit: 1 });
      await expect(never).rejects.toMatchObject({ name: 'SessionNotFoundError', sessionId: 'never' });
    });

    it('tell a reader that reads page by page of one that came and left between two of its pages', async () => {
      const mark = await populate();
      await move('x', 'c')(store);
      await append('a')(store);
      const request = { within: 'top', limit: 1 };
      const first = await store.repository.changesSince({ ...request, after: mark });
      expect(told(first)).toEqual([{ kind: 'ENTERED', sessionId: 'x' }]);
      expect(first.isUpToDate).toBe(false);
      await move('x', 'other')(store);
      expect(await changesSince(store.repository, first.mark, 'top')).toEqual([
        { kind: 'APPENDED', sessionId: 'a', fromPosition: 0 },
        { kind: 'LEFT', sessionId: 'x', formerParentId: 'other' },
      ]);
    });

    it('bring back what a reader dropped with another session, beneath which it saw it for a moment', async () => {
      let after = await populate();
      const replica = new Replica(
        readsOf(() => store.repository),
        'top',
      );
      await replica.readAll();
      const page = async () => {
        const found = await store.repository.changesSince({ within: 'top', after, limit: 100 });
        after = found.mark;
        return found;
      };
      await append('b')(store);
      await move('x', 'top')(store);
      const { changes, ...rest } = await page();
      const [appended, entered] = changes;
      await move('b', 'x')(store);
      await replica.apply({ ...rest, changes: [appended!] });
      await move('b', 'a')(store);
      await replica.apply({ ...rest, changes: [entered!] });
      expect([...replica.held.keys()].sort()).toEqual(['a', 'top', 'x', 'y']);
      const last = await page();
      expect(told(last)).toEqual([{ kind: 'MOVED', sessionId: 'b', formerParentId: 'a' }]);
      await replica.apply(last);
      expect([...replica.held.keys()].sort()).toEqual(['a', 'b', 'c', 'top', 'x', 'y']);
    });

    it('tell of a rollback and what came after it, in one', async () => {
      await populate();
      const { repository } = store;
      await repository.append({ sessionId: 'c', messages: ['0', '1', '2', '3'].map((each) => say(each)) });
      const mark = await repository.mark();
      await repository.truncate({ sessionId: 'c', keep: 3 }, MUCH);
      await append('c')(store);
      await repository.truncate({ sessionId: 'c', keep: 1 }, MUCH);
      await append('c')(store);
      await append('c')(store);
      const expected = [
        { kind: 'TRUNCATED', sessionId: 'c', fromPosition: 1 },
        { kind: 'APPENDED', sessionId: 'c', fromPosition: 1 },
      ];
      expect(await changesSince(repository, mark, 'top')).toEqual(expected);
    });
  });
}
