import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../../src/model/message.ts';
import { childrenRequests } from '../../support/children.ts';
import { ALL, conversation, idsOf, type OpenStore, PLENTY_OF_BYTES, say } from './store.ts';

export function describeConcurrency(store: OpenStore): void {
  async function historyOf(sessionId: string): Promise<readonly Message[]> {
    const [page] = await store.repository.historyOf([{ sessionId, page: ALL }], PLENTY_OF_BYTES);
    return page!.items;
  }

  async function arrivalsOf(parentId: string) {
    const [page] = await store.repository.childrenOf(childrenRequests([parentId], ALL));
    return page!.items.map(({ arrival }) => arrival);
  }

  describe('writes at once', () => {
    it('to one session keep every message once, in the order in which they were asked for', async () => {
      await store.create({ id: 'a' });
      const appended = await Promise.all(
        Array.from({ length: 100 }, (_, turn) =>
          store.repository.append({
            sessionId: 'a',
            messages: Array.from({ length: 1 + (turn % 3) }, (_, part) => say(`${turn}.${part}`)),
          }),
        ),
      );
      const history = await historyOf('a');
      expect(history).toEqual(appended.flatMap(({ messages }) => messages));
      expect(history.map(({ content }) => content)).toEqual(
        appended.flatMap((_, turn) => Array.from({ length: 1 + (turn % 3) }, (_, part) => `${turn}.${part}`)),
      );
      expect(history.map(({ ordinal }) => ordinal)).toEqual([...history.keys()]);
      expect(appended.map(({ session }) => session.version)).toEqual(appended.map((_, turn) => turn + 2));
      expect(await store.find('a')).toEqual(appended.at(-1)!.session);
    });

    it('to many sessions are all kept', async () => {
      const ids = Array.from({ length: 50 }, (_, index) => `s${index}`);
      const parents = await store.create({ id: 'root' });
      await Promise.all(ids.map((id) => store.create({ id, parentId: parents.id })));
      await Promise.all(
        [0, 1, 2].flatMap((turn) =>
          ids.map((id) => store.repository.append({ sessionId: id, messages: [say(`${id} ${turn}`)] })),
        ),
      );
      for (const id of ids)
        expect((await historyOf(id)).map(({ content }) => content)).toEqual([
          `${id} 0`,
          `${id} 1`,
          `${id} 2`,
        ]);
      const sequences = (await store.repository.findMany(ids)).map((session) => session!.sequence);
      expect(new Set(sequences).size).toBe(ids.length);
      expect(await store.find('root')).toMatchObject({ childCount: 50, version: 1 });
    });

    it('of every kind to one session are all done, in the order in which they were asked for', async () => {
      const { repository } = store;
      await store.create({ id: 'a' });
      const results = await Promise.all([
        repository.update({ sessionId: 'a', metadata: { n: 1, first: true } }),
        repository.append({ sessionId: 'a', messages: [say('one')] }),
        repository.update({ sessionId: 'a', metadata: { n: 2 } }),
        repository.append({ sessionId: 'a', messages: [say('two')] }),
        repository.update({ sessionId: 'a', metadata: { n: 3 } }),
      ]);
      expect(results.map((each) => ('session' in each ? each.session : each).version)).toEqual([
        2, 3, 4, 5, 6,
      ]);
      expect(await store.find('a')).toMatchObject({ version: 6, metadata: { n: 3, first: true } });
      expect((await historyOf('a')).map(({ content }) => content)).toEqual(['one', 'two']);
    });

    it('that create one id make one session', async () => {
      const results = await Promise.allSettled(
        Array.from({ length: 10 }, (_, index) =>
          store.create({ id: 'a', title: `${index}`, messages: [say(`${index}`)] }),
        ),
      );
      const done = results.filter((result) => result.status === 'fulfilled').map(({ value }) => value);
      const refused = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason);
      expect(done).toEqual([await store.find('a')]);
      expect(refused.length).toBe(9);
      for (const reason of refused)
        expect(reason).toMatchObject({ name: 'SessionExistsError', sessionId: 'a' });
      expect((await historyOf('a')).map(({ content }) => content)).toEqual([done[0]!.title]);
    });

    it('guarded by one version are done once', async () => {
      await store.create({ id: 'a' });
      const results = await Promise.allSettled(
        Array.from({ length: 10 }, (_, index) =>
          store.repository.update({ sessionId: 'a', title: `${index}`, expectedVersion: 1 }),
        ),
      );
      const refused = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason);
      expect(refused.length).toBe(9);
      for (const reason of refused)
        expect(reason).toMatchObject({ name: 'ConflictError', reason: 'VERSION', actualVersion: 2 });
      expect(await store.find('a')).toMatchObject({ version: 2 });
    });
  });

  describe('a deletion beside other writes', () => {
    it('leaves no orphan: each write was done before it and went with it, or is refused', async () => {
      const { repository } = store;
      for (let round = 0; round < 20; round += 1) {
        const [root, child] = [`root-${round}`, `child-${round}`];
        await store.chain(root, child);
        const remove = () => repository.delete({ sessionId: root, mode: 'CASCADE' });
        const writes = [
          () => repository.append({ sessionId: child, messages: [say('x')] }),
          () => repository.create({ id: `a-${round}`, parentId: child }),
          () => repository.create({ id: `b-${round}`, parentId: root }),
          () => repository.update({ sessionId: child, title: 'x' }),
          () => repository.append({ sessionId: root, messages: conversation(3) }),
        ];
        const before = writes.slice(0, round % 6).map((write) => write());
        const deletion = remove();
        const after = writes.slice(round % 6).map((write) => write());
        const results = await Promise.allSettled([...before, ...after]);
        const { deletedIds } = await deletion;
        for (const result of results) {
          if (result.status === 'rejected')
            expect(result.reason).toMatchObject({ name: 'SessionNotFoundError' });
          else if ('id' in result.value) expect(deletedIds).toContain(result.value.id);
        }
        const all = [root, child, `a-${round}`, `b-${round}`];
        expect(idsOf(await repository.findMany(all))).toEqual([null, null, null, null]);
      }
      expect(await repository.count({})).toBe(0);
      expect(await repository.status()).toMatchObject({ sessionCount: 0, messageCount: 0 });
      await store.comeBack('rebuilt');
      expect(await store.repository.count({})).toBe(0);
    });

    it('that children forbid and a spawn: one of the two is refused', async () => {
      const { repository } = store;
      for (let round = 0; round < 20; round += 1) {
        const id = `parent-${round}`;
        await store.create({ id });
        const spawn = () => repository.create({ id: `child-${round}`, parentId: id });
        const remove = () => repository.delete({ sessionId: id, mode: 'RESTRICT' });
        const both = round % 2 ? [spawn(), remove()] : [remove(), spawn()];
        const [spawned, removed] = await Promise.allSettled(round % 2 ? both : both.reverse());
        const [parent, child] = await repository.findMany([id, `child-${round}`]);
        if (spawned!.status === 'fulfilled') {
          expect(removed).toMatchObject({ reason: { name: 'SessionHasChildrenError', childCount: 1 } });
          expect([parent?.childCount, child?.parentId]).toEqual([1, id]);
        } else {
          expect(spawned!.reason).toMatchObject({ name: 'SessionNotFoundError', sessionId: id });
          expect(removed).toMatchObject({ status: 'fulfilled', value: { deletedIds: [id] } });
          expect([parent, child]).toEqual([null, null]);
        }
      }
    });

    it('of the same session is done once', async () => {
      await store.chain('a', 'b', 'c');
      const remove = (id: string) => store.repository.delete({ sessionId: id, mode: 'CASCADE' });
      const results = await Promise.allSettled(['b', 'a', 'c', 'a', 'b'].map(remove));
      const deleted = results.flatMap((result) =>
        result.status === 'fulfilled' ? result.value.deletedIds : [],
      );
      expect(deleted.sort()).toEqual(['a', 'b', 'c']);
      for (const result of results)
        if (result.status === 'rejected')
          expect(result.reason).toMatchObject({ name: 'SessionNotFoundError' });
    });
  });

  describe('reads beside writes', () => {
    it('see all of an append or nothing of it', async () => {
      const { repository } = store;
      await store.create({ id: 'a' });
      const seen = new Set<number>();
      for (let round = 1; round <= 5; round += 1) {
        let done = false;
        const write = repository.append({ sessionId: 'a', messages: conversation(200) }).finally(() => {
          done = true;
        });
        while (!done) {
          const [session] = await repository.findMany(['a']);
          const history = await historyOf('a');
          const [count] = await repository.countHistory([{ sessionId: 'a' }]);
          expect(session!.historyLength).toBe((session!.version - 1) * 200);
          expect(history.length).toBeGreaterThanOrEqual(session!.historyLength);
          expect(count).toBeGreaterThanOrEqual(history.length);
          seen.add(session!.historyLength).add(history.length).add(count!);
          await setImmediate();
        }
        await write;
      }
      for (const length of seen) expect(length % 200).toBe(0);
      expect((await historyOf('a')).length).toBe(1_000);
    });

    it('see children in the order in which they stay, so that a later page misses none', async () => {
      await store.create({ id: 'parent' });
      const seen: number[][] = [];
      const spawns = Array.from({ length: 60 }, async (_, index) => {
        const { id } = await store.create({ parentId: 'parent', messages: conversation(index % 5) });
        const [page] = await store.repository.childrenOf(childrenRequests(['parent'], ALL));
        expect(idsOf(page!.items)).toContain(id);
        seen.push(page!.items.map(({ arrival }) => arrival));
      });
      await Promise.all(spawns);
      const final = await arrivalsOf('parent');
      expect(final.length).toBe(60);
      for (const arrivals of seen) expect(arrivals).toEqual(final.slice(0, arrivals.length));
    });

    it('never meet a child without its parent, nor a message of a session that is gone', async () => {
      const { repository } = store;
      let done = false;
      const writes = (async () => {
        for (let round = 0; round < 15; round += 1) {
          await store.chain(`r${round}`, `c${round}`, `g${round}`);
          await repository.append({ sessionId: `g${round}`, messages: conversation(2) });
          await repository.delete({ sessionId: `r${round}`, mode: 'CASCADE' });
        }
      })().finally(() => {
        done = true;
      });
      let reads = 0;
      while (!done) {
        const { items } = await repository.list({}, { field: 'CREATED_AT', direction: 'ASC' }, ALL);
        const ids = new Set(items.map(({ id }) => id));
        for (const { parentId } of items) if (parentId) expect(ids).toContain(parentId);
        expect(items.length).toBeLessThanOrEqual(3);
        reads += 1;
        // A repository that reads without I/O would otherwise never let the writes proceed.
        await setImmediate();
      }
      await writes;
      expect(reads).toBeGreaterThan(0);
    });
  });
}
