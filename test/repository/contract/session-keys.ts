import { describe, expect, it } from 'vitest';
import type { CreateSession } from '../../../src/repository/mutations.ts';
import { naiveList } from './naive.ts';
import { ALL, idsOf, type OpenStore, operation, RETURNS, say } from './store.ts';

export function describeSessionKeys(store: OpenStore): void {
  /** The ids of the sessions with these keys, of trees of nobody or of `ownerId`. */
  async function byKey(keys: readonly string[], ownerId: string | null = null) {
    return idsOf(await store.repository.findByKeys(keys.map((key) => ({ key, ownerId }))));
  }

  const update = (id: string, key: string | null) => store.repository.update({ sessionId: id, key });
  const getOrCreate = (input: CreateSession) => store.repository.getOrCreate(input);
  const taken = (key: string) => ({ name: 'SessionExistsError', key, sessionId: null });
  const clash = (key: string) => ({ name: 'ConflictError', reason: 'KEY', key });

  describe('the key of a session', () => {
    it('finds the session, in the order asked for, however the store comes back', async () => {
      await store.create({ id: 'a', key: 'k' });
      await store.create({ id: 'b', parentId: 'a', key: 'l' });
      expect(await store.find('b')).toMatchObject({ key: 'l' });
      for (const how of WAYS) {
        if (how) await store.comeBack(how);
        expect(await byKey(['l', 'none', 'k', 'l'])).toEqual(['b', null, 'a', 'b']);
        const [found] = await store.repository.findByKeys([{ key: 'l', ownerId: null }]);
        expect(found).toEqual(await store.find('b'));
      }
    });

    it('distinguishes keys that look alike', async () => {
      const keys = ['k', 'K', ' k', 'é', 'e\u0301', '1', '01', "'", '%', 'x'.repeat(1_024)];
      for (const [n, key] of keys.entries()) await store.create({ id: `${n}`, key });
      expect(await byKey(keys)).toEqual(keys.map((_, n) => `${n}`));
    });

    it('is unique among the sessions of one owner: of the user of the root', async () => {
      await store.create({ id: 'nobody', key: 'k' });
      await store.create({ id: 'ann', userId: 'ann', key: 'k' });
      await store.create({ id: 'empty', userId: '', key: 'k' });
      await store.create({ id: 'bob', userId: 'bob' });
      await store.create({ id: 'child', parentId: 'bob', userId: 'ann', key: 'k' });
      await store.create({ id: 'below', parentId: 'child' });
      for (const how of WAYS) {
        if (how) await store.comeBack(how);
        expect(await byKey(['k'])).toEqual(['nobody']);
        expect(await byKey(['k'], 'ann')).toEqual(['ann']);
        expect(await byKey(['k'], '')).toEqual(['empty']);
        expect(await byKey(['k'], 'bob')).toEqual(['child']);
        await expect(store.create({ key: 'k' })).rejects.toMatchObject(taken('k'));
        await expect(store.create({ parentId: 'below', userId: 'eve', key: 'k' })).rejects.toMatchObject(
          taken('k'),
        );
        await expect(update('bob', 'k')).rejects.toMatchObject(taken('k'));
      }
    });

    it('is refused before anything is written, and the id that came with it stays free', async () => {
      await store.create({ id: 'a', key: 'k' });
      await expect(store.create({ id: 'b', key: 'k', messages: [say('')] })).rejects.toMatchObject(
        taken('k'),
      );
      await store.create({ id: 'b', key: 'l' });
      await expect(store.create({ id: 'b', key: 'm' })).rejects.toMatchObject({ sessionId: 'b', key: null });
      expect(await byKey(['k', 'l', 'm'])).toEqual(['a', 'b', null]);
    });

    it('can be changed and removed, and is then free', async () => {
      await store.create({ id: 'a', key: 'k' });
      await store.create({ id: 'b' });
      await expect(update('b', 'k')).rejects.toMatchObject(taken('k'));
      expect(await store.find('b')).toMatchObject({ key: null, version: 1 });
      expect(await update('a', 'k')).toMatchObject({ key: 'k', version: 2 });
      expect(await update('a', 'l')).toMatchObject({ key: 'l', version: 3 });
      expect(await store.repository.update({ sessionId: 'a', title: 't' })).toMatchObject({ key: 'l' });
      expect(await update('b', 'k')).toMatchObject({ key: 'k' });
      expect(await byKey(['k', 'l'])).toEqual(['b', 'a']);
      expect(await update('b', null)).toMatchObject({ key: null });
      for (const how of WAYS) {
        if (how) await store.comeBack(how);
        expect(await byKey(['k', 'l'])).toEqual([null, 'a']);
      }
      await store.create({ id: 'c', key: 'k' });
      expect(await byKey(['k'])).toEqual(['c']);
    });

    it('is free again once its session is deleted, alone or with a tree', async () => {
      await store.create({ id: 'root', key: 'root' });
      await store.create({ id: 'a', parentId: 'root', key: 'k' });
      await store.repository.delete({ sessionId: 'a', mode: 'RESTRICT' });
      await store.create({ id: 'b', parentId: 'root', key: 'k' });
      expect(await byKey(['k'])).toEqual(['b']);
      await store.repository.delete({ sessionId: 'root', mode: 'CASCADE' });
      for (const how of WAYS) {
        if (how) await store.comeBack(how);
        expect(await byKey(['root', 'k'])).toEqual([null, null]);
      }
      await store.create({ id: 'c', key: 'k' });
    });

    it('is not copied by a fork, which can have one of its own', async () => {
      await store.create({ id: 'a', userId: 'ann', key: 'k' });
      const fork = (id: string, key?: string) =>
        store.repository.fork({ sessionId: 'a', id, key: key ?? null, asRoot: true });
      expect(await fork('plain')).toMatchObject({ key: null });
      await expect(fork('f', 'k')).rejects.toMatchObject(taken('k'));
      expect(await fork('f', 'l')).toMatchObject({ key: 'l' });
      expect(await byKey(['k', 'l'], 'ann')).toEqual(['a', 'f']);
    });

    it('goes to one of many at once: creations, updates and forks', async () => {
      await store.create({ id: 'a' });
      const settled = await Promise.allSettled([
        ...Array.from({ length: 10 }, () => store.create({ key: 'k' })),
        ...Array.from({ length: 10 }, () => store.create({ parentId: 'a', key: 'k' })),
        ...Array.from({ length: 5 }, () => update('a', 'k')),
        ...Array.from({ length: 5 }, () => store.repository.fork({ sessionId: 'a', key: 'k', asRoot: true })),
      ]);
      const done = settled.filter(({ status }) => status === 'fulfilled');
      // All updates are of one session, which may have the key already.
      const { items } = await store.repository.list({ keyPrefix: 'k' }, OLDEST_FIRST, ALL);
      expect(items.length).toBe(1);
      expect(done.length).toBe(items[0]!.id === 'a' ? 5 : 1);
    });

    it('follows a move to the tree of another owner', async () => {
      await store.create({ id: 'ann', userId: 'ann', key: 'k' });
      await store.create({ id: 'bob', userId: 'bob' });
      await store.create({ id: 'x', parentId: 'bob', userId: 'x', key: 'l' });
      await store.create({ id: 'y', parentId: 'x', key: 'm' });
      await store.repository.move({ sessionId: 'x', parentId: 'ann' });
      for (const how of WAYS) {
        if (how) await store.comeBack(how);
        expect(await byKey(['k', 'l', 'm'], 'ann')).toEqual(['ann', 'x', 'y']);
        expect(await byKey(['l', 'm'], 'bob')).toEqual([null, null]);
        await expect(store.create({ userId: 'ann', key: 'm' })).rejects.toMatchObject(taken('m'));
      }
      await store.repository.move({ sessionId: 'x', parentId: null });
      for (const how of WAYS) {
        if (how) await store.comeBack(how);
        expect(await byKey(['l', 'm'], 'x')).toEqual(['x', 'y']);
        expect(await byKey(['l', 'm'], 'ann')).toEqual([null, null]);
      }
    });

    it('keeps a subtree where it is if another session of the new owner has a key of the subtree', async () => {
      await store.create({ id: 'ann', userId: 'ann' });
      await store.create({ id: 'other', parentId: 'ann', key: 'k' });
      await store.create({ id: 'x', userId: 'bob', key: 'l' });
      await store.create({ id: 'y', parentId: 'x', userId: 'ann', key: 'k' });
      const before = [await store.find('x'), await store.find('y')];
      await expect(store.repository.move({ sessionId: 'x', parentId: 'other' })).rejects.toMatchObject(
        clash('k'),
      );
      await expect(store.repository.move({ sessionId: 'y', parentId: null })).rejects.toMatchObject(
        clash('k'),
      );
      expect([await store.find('x'), await store.find('y')]).toEqual(before);
      await update('other', null);
      await store.repository.move({ sessionId: 'x', parentId: 'other' });
      expect(await byKey(['k', 'l'], 'ann')).toEqual(['y', 'x']);
      // Within the trees of one owner, no key is in the way.
      await store.create({ id: 'more', userId: 'ann' });
      await store.repository.move({ sessionId: 'x', parentId: 'more' });
      expect(await byKey(['k', 'l'], 'ann')).toEqual(['y', 'x']);
    });

    it('follows a REPARENT that makes its tree one of another owner, or keeps the parent', async () => {
      await store.create({ id: 'root', userId: 'bob', key: 'root' });
      for (const id of ['a', 'b']) await store.create({ id, parentId: 'root', userId: id, key: id });
      await store.create({ id: 'c', parentId: 'b', key: 'k' });
      await store.create({ id: 'other', userId: 'b', key: 'k' });
      const reparent = { sessionId: 'root', mode: 'REPARENT' } as const;
      await expect(store.repository.planDelete(reparent)).rejects.toMatchObject(clash('k'));
      await expect(store.repository.delete(reparent)).rejects.toMatchObject(clash('k'));
      expect(await byKey(['root', 'a', 'b', 'k'], 'bob')).toEqual(['root', 'a', 'b', 'c']);
      await update('other', null);
      await store.repository.delete(reparent);
      for (const how of WAYS) {
        if (how) await store.comeBack(how);
        expect(await byKey(['a'], 'a')).toEqual(['a']);
        expect(await byKey(['b', 'k'], 'b')).toEqual(['b', 'c']);
        expect(await byKey(['root', 'a', 'b', 'k'], 'bob')).toEqual([null, null, null, null]);
      }
    });

    it('follows a move of hundreds of sessions', async () => {
      await store.create({ id: 'ann', userId: 'ann' });
      await store.create({ id: 'top', userId: 'bob', key: 'top' });
      await Promise.all(
        Array.from({ length: 300 }, (_, n) =>
          store.create({ id: `s${n}`, parentId: 'top', key: n % 10 ? null : `k${n}` }),
        ),
      );
      await store.repository.move({ sessionId: 'top', parentId: 'ann' });
      for (const how of WAYS) {
        if (how) await store.comeBack(how);
        expect(await byKey(['top', 'k0', 'k290'], 'ann')).toEqual(['top', 's0', 's290']);
        expect(await byKey(['top', 'k0', 'k290'], 'bob')).toEqual([null, null, null]);
      }
    });
  });

  describe('a list by the beginning of keys', () => {
    const PREFIXES = ['', 'a', 'a/', 'a/é', 'A', 'a\ud7ff', 'a\u{10ffff}', 'none'];

    it('has the sessions whose keys begin so, with every other condition', async () => {
      const keys = ['a', 'a/1', 'a/2', 'a/é1', 'a\ud7ff1', 'a\u{10ffff}1', 'a\ue000', 'b', null, null];
      for (const [n, key] of keys.entries()) {
        await store.create({ id: `r${n}`, userId: n % 2 ? 'ann' : 'bob', key });
        await store.create({ id: `c${n}`, parentId: `r${n}`, key: key && `${key}/c`, metadata: { n } });
      }
      await store.repository.archive({ sessionId: 'r1', archived: true, subtree: true });
      const all = (await store.repository.list({ archived: 'INCLUDE' }, OLDEST_FIRST, ALL)).items;
      for (const keyPrefix of PREFIXES) {
        const filters = [
          {},
          { userId: 'ann' },
          { rootsOnly: true },
          { parentId: 'r2' },
          { rootId: 'r3' },
          { metadata: { n: 2 } },
          { createdAfter: new Date(0) },
        ];
        for (const more of filters) {
          const filter = { ...more, keyPrefix, archived: 'INCLUDE' as const };
          const expected = naiveList(all, filter, OLDEST_FIRST, ALL);
          expect(idsOf((await store.repository.list(filter, OLDEST_FIRST, ALL)).items)).toEqual(
            idsOf(expected.items),
          );
          expect(await store.repository.count(filter)).toBe(expected.items.length);
        }
      }
      const page = { limit: 2, from: 'start' } as const;
      const { items, hasMore } = await store.repository.list({ keyPrefix: 'a/' }, OLDEST_FIRST, page);
      expect([idsOf(items), hasMore]).toEqual([['c0', 'r2'], true]);
    });
  });

  describe('getting or creating a session', () => {
    it('by a key creates it once, and then answers with it, unchanged', async () => {
      const created = await getOrCreate({ key: 'k', title: 'first', messages: [say('')] });
      expect(created).toMatchObject({ isNew: true, session: { key: 'k', title: 'first', historyLength: 1 } });
      await update(created.session.id, 'k');
      const now = await store.find(created.session.id);
      expect(await getOrCreate({ key: 'k', title: 'second' })).toEqual({ session: now, isNew: false });
    });

    it('at once by a hundred with one key makes one session, and answers all', async () => {
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, n) => getOrCreate({ key: 'k', title: `${n}` })),
      );
      expect(new Set(answers.map(({ session }) => session.id)).size).toBe(1);
      expect(answers.filter(({ isNew }) => isNew).length).toBe(1);
      expect(await store.repository.count({})).toBe(1);
    });

    it('by an id does the same', async () => {
      await store.create({ id: 'p' });
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => getOrCreate({ id: 'a', parentId: 'p' })),
      );
      expect(answers.filter(({ isNew }) => isNew).length).toBe(1);
      expect(await getOrCreate({ id: 'a', parentId: 'p', key: 'free' })).toEqual({
        session: await store.find('a'),
        isNew: false,
      });
    });

    it('refuses a session that is deleted, under another parent, or two sessions', async () => {
      await store.create({ id: 'a', key: 'k' });
      await store.create({ id: 'b', parentId: 'a', key: 'l' });
      await store.create({ id: 'gone', key: 'm' });
      await store.repository.delete({ sessionId: 'gone', mode: 'RESTRICT' });
      const refusals: [CreateSession, object][] = [
        [{ id: 'gone' }, { sessionId: 'gone', key: null }],
        [
          { id: 'gone', key: 'k' },
          { sessionId: 'gone', key: null },
        ],
        [
          { id: 'a', parentId: 'b' },
          { sessionId: 'a', key: null },
        ],
        [{ key: 'l' }, { sessionId: null, key: 'l' }],
        [
          { id: 'a', key: 'l' },
          { sessionId: 'a', key: 'l' },
        ],
      ];
      for (const [input, error] of refusals)
        await expect(getOrCreate(input), JSON.stringify(input)).rejects.toMatchObject({
          name: 'SessionExistsError',
          ...error,
        });
      // The key of a deleted session is free.
      expect(await getOrCreate({ key: 'm' })).toMatchObject({ isNew: true });
      await expect(getOrCreate({ key: 'n', parentId: 'none' })).rejects.toMatchObject({
        name: 'SessionNotFoundError',
      });
    });

    it('finds an archived session, and a child of an archived one, but creates none there', async () => {
      await store.create({ id: 'a', key: 'k' });
      await store.create({ id: 'b', parentId: 'a', key: 'l' });
      await store.repository.archive({ sessionId: 'a', archived: true, subtree: true });
      expect(await getOrCreate({ key: 'k' })).toMatchObject({ isNew: false, session: { id: 'a' } });
      expect(await getOrCreate({ parentId: 'a', key: 'l' })).toMatchObject({ isNew: false });
      await expect(getOrCreate({ parentId: 'a', key: 'm' })).rejects.toMatchObject({
        name: 'SessionArchivedError',
      });
    });

    it('answers a retry as the first time, and records nothing where nothing was created', async () => {
      const input = { key: 'k' };
      const create = (id: string) => store.repository.getOrCreate(input, operation(id, input));
      const first = await create('1');
      expect(await create('2')).toEqual({ ...first, isNew: false });
      for (const how of WAYS) {
        if (how) await store.comeBack(how);
        expect(await create('1')).toEqual(first);
      }
      await store.repository.delete({ sessionId: first.session.id, mode: 'RESTRICT' });
      expect(await create('1')).toMatchObject({ isNew: true, session: { id: first.session.id, version: 1 } });
      const again = await create('2');
      expect(again.isNew).toBe(true);
      expect(again.session.id).not.toBe(first.session.id);
    });
  });
}

const OLDEST_FIRST = { field: 'CREATED_AT', direction: 'ASC' } as const;

/** The store as it is, reopened, and rebuilt. */
const WAYS = [null, ...RETURNS];
