import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changesSince } from './changes.ts';
import { FollowedStore, happenings } from './changes-model.ts';
import { ALL, conversation, historyOf, type OpenStore, RETURNS, say } from './store.ts';

export function describeMarks(store: OpenStore): void {
  describe('a mark', () => {
    it.each(RETURNS)('is honoured by a store that was %s', async (how) => {
      await store.chain('a', 'b');
      const before = await store.repository.mark();
      await store.repository.append({ sessionId: 'a', messages: [say('x'), say('y')] });
      await store.repository.truncate({ sessionId: 'a', keep: 1 }, null);
      await store.repository.update({ sessionId: 'b', title: 'x' });
      const expected = await changesSince(store.repository, before);
      const now = await store.repository.mark();
      await store.comeBack(how);
      expect(await store.repository.mark()).toBe(now);
      expect(await changesSince(store.repository, now)).toEqual([]);
      expect(await changesSince(store.repository, before)).toEqual(expected);
      await store.create({ id: 'c' });
      expect(await changesSince(store.repository, now)).toEqual([{ kind: 'CREATED', sessionId: 'c' }]);
    });

    it('in the middle of many pages is honoured after a restart', async () => {
      const after = await store.repository.mark();
      for (let n = 0; n < 4; n += 1) await store.create({ id: `s${n}` });
      const { mark } = await store.repository.changesSince({ within: null, after, limit: 2 });
      await store.comeBack('rebuilt');
      const rest = await changesSince(store.repository, mark);
      expect(rest.map(({ sessionId }) => sessionId)).toEqual(['s2', 's3']);
    });

    it.each(['future', '', '-', 'x', '1-', '1-2.', '-1', '1e3', '9'.repeat(17), '1@', '0@ff'])(
      'that cannot be honoured ("%s") resets the reader',
      async (text) => {
        await store.create({ id: 'a' });
        const earlier = await store.repository.mark();
        let after = text;
        if (text === 'future') {
          // As if an older copy of the store had been put back.
          for (let n = 0; n < 3; n += 1) await store.create();
          after = (await store.repository.mark()).replace(/\d+/, (number) => `${Number(number) + 1}`);
        }
        const page = await store.repository.changesSince({ within: 'a', after, limit: 5 });
        const mark = await store.repository.mark();
        const end = { isUpToDate: true, isReset: true, isOver: false };
        expect(page).toEqual({ changes: [], mark, rootId: 'a', ...end });
        expect(await changesSince(store.repository, page.mark)).toEqual([]);
        expect((await changesSince(store.repository, earlier)).length).toBe(text === 'future' ? 3 : 0);
      },
    );

    it('covers everything that was acknowledged before, of many writes at once', async () => {
      await store.create({ id: 'a' });
      const marks: string[] = [];
      const writes = Array.from({ length: 20 }, async (_, n) => {
        await store.repository.append({ sessionId: 'a', messages: [say(`${n}`)] });
        const { length } = (await store.repository.historyOf([{ sessionId: 'a', page: ALL }], 1e9))[0]!.items;
        marks.push(await store.repository.mark());
        return length;
      });
      const lengths = await Promise.all(writes);
      for (const [n, mark] of marks.entries()) {
        const [appended] = await changesSince(store.repository, mark);
        expect(appended?.fromPosition ?? 20).toBeGreaterThanOrEqual(lengths[n]!);
      }
    });
  });

  describe('the trees in which something happened', () => {
    /** The roots of the trees in which `work` changes something; null if the store does not know. */
    async function changedBy(work: () => Promise<unknown>): Promise<string[] | null> {
      const before = await store.repository.mark();
      await work();
      const { rootIds, mark } = await store.repository.changedTrees(before);
      expect(mark).toBe(await store.repository.mark());
      return rootIds && [...rootIds].sort();
    }

    it('are those of the sessions that are created, forked or changed', async () => {
      const { repository } = store;
      await store.chain('a', 'b', 'c');
      await store.chain('x', 'y');
      await store.create({ id: 'z' });
      expect(await changedBy(async () => {})).toEqual([]);
      const append = (sessionId: string) => repository.append({ sessionId, messages: [say('m')] });
      expect(await changedBy(() => append('c'))).toEqual(['a']);
      expect(await changedBy(() => Promise.all([append('c'), append('a'), append('y')]))).toEqual(['a', 'x']);
      expect(await changedBy(() => repository.update({ sessionId: 'y', title: 't' }))).toEqual(['x']);
      expect(await changedBy(() => repository.truncate({ sessionId: 'c', keep: 1 }, null))).toEqual(['a']);
      expect(await changedBy(() => store.create({ parentId: 'b' }))).toEqual(['a']);
      expect(await changedBy(() => store.create({ id: 'new' }))).toEqual(['new']);
      expect(await changedBy(() => repository.fork({ sessionId: 'c', asRoot: false }))).toEqual(['a']);
      expect(await changedBy(() => repository.fork({ sessionId: 'c', id: 'f', asRoot: true }))).toEqual([
        'f',
      ]);
    });

    it('are those of the sessions that are archived, moved within a tree, or deleted', async () => {
      const { repository } = store;
      await store.chain('a', 'b', 'c', 'd', 'e');
      await store.chain('x', 'y');
      const archive = { sessionId: 'b', subtree: true };
      expect(await changedBy(() => repository.archive({ ...archive, archived: true }))).toEqual(['a']);
      expect(await changedBy(() => repository.archive({ ...archive, archived: false }))).toEqual(['a']);
      expect(await changedBy(() => repository.move({ sessionId: 'd', parentId: 'b' }))).toEqual(['a']);
      expect(await changedBy(() => repository.delete({ sessionId: 'b', mode: 'REPARENT' }))).toEqual(['a']);
      expect(await changedBy(() => repository.delete({ sessionId: 'd', mode: 'CASCADE' }))).toEqual(['a']);
      expect(await changedBy(() => repository.delete({ sessionId: 'a', mode: 'CASCADE' }))).toEqual(['a']);
      expect(await changedBy(() => repository.delete({ sessionId: 'y', mode: 'RESTRICT' }))).toEqual(['x']);
      expect(await changedBy(() => repository.delete({ sessionId: 'x', mode: 'REPARENT' }))).toEqual(['x']);
    });

    it('are those of many sessions that are archived or deleted at once', async () => {
      const { repository } = store;
      await store.create({ id: 'a' });
      await Promise.all(Array.from({ length: 201 }, () => store.create({ parentId: 'a' })));
      await store.create({ id: 'x' });
      const archive = { sessionId: 'a', subtree: true, archived: true };
      expect(await changedBy(() => repository.archive(archive))).toEqual(['a']);
      expect(await changedBy(() => repository.delete({ sessionId: 'a', mode: 'CASCADE' }))).toEqual(['a']);
    });

    it.each(RETURNS)('are those of long histories that are copied in a store that was %s', async (how) => {
      await store.create({ id: 'a' });
      await store.create({ id: 'b', parentId: 'a', messages: conversation(1_001) });
      await store.comeBack(how);
      const fork = { sessionId: 'b', asRoot: false };
      expect(await changedBy(() => store.repository.fork(fork))).toEqual(['a']);
      expect(await changedBy(() => store.repository.fork({ ...fork, id: 'f', asRoot: true }))).toEqual(['f']);
      const original = await store.find('b');
      const messages = await historyOf(store, 'b');
      const copy = {
        ...original,
        metadata: {},
        nextOrdinal: 0,
        paid: null,
        async *messages() {
          yield* messages;
        },
      };
      expect(await changedBy(() => store.repository.restore({ ...copy, id: 'c' }))).toEqual(['a']);
      const root = { ...copy, id: 'r', parentId: null };
      expect(await changedBy(() => store.repository.restore(root))).toEqual(['r']);
    });

    it('are not known after a session has come into a tree or left one, but after that', async () => {
      const { repository } = store;
      await store.chain('a', 'b', 'c');
      await store.chain('x', 'y');
      expect(await changedBy(() => repository.move({ sessionId: 'b', parentId: 'y' }))).toBeNull();
      const append = (sessionId: string) => repository.append({ sessionId, messages: [say('m')] });
      expect(await changedBy(() => append('c'))).toEqual(['x']);
      expect(await changedBy(() => repository.delete({ sessionId: 'x', mode: 'REPARENT' }))).toBeNull();
      expect(await changedBy(() => append('c'))).toEqual(['y']);
    });

    it('are not known after a session has come into a tree that was deleted since', async () => {
      const { repository } = store;
      await store.chain('a', 'b');
      await store.create({ id: 'x' });
      const work = async () => {
        await repository.move({ sessionId: 'a', parentId: 'x' });
        await repository.delete({ sessionId: 'x', mode: 'CASCADE' });
      };
      expect(await changedBy(work)).toBeNull();
    });

    it.each(['-', '9999', '0@ff'])(
      'are not known for a mark that cannot be honoured ("%s")',
      async (text) => {
        await store.create();
        expect((await store.repository.changedTrees(text)).rootIds).toBeNull();
      },
    );

    it('are the same, or not known, for a mark from before a restart, and not known in the middle of many pages', async () => {
      await store.chain('a', 'b');
      const after = await store.repository.mark();
      await store.create({ id: 'c' });
      await store.comeBack('reopened');
      expect([null, new Set(['c'])]).toContainEqual((await store.repository.changedTrees(after)).rootIds);
      await store.chain('x', 'y');
      const { mark } = await store.repository.changesSince({ within: null, after, limit: 1 });
      expect((await store.repository.changedTrees(mark)).rootIds).toBeNull();
    });
  });

  describe('a listener for changes', () => {
    it('is called after each change is visible, once for changes that come together, and not once it has ended', async () => {
      await store.create({ id: 'a' });
      const { repository } = store;
      let mark = await repository.mark();
      let calls = 0;
      let heard: () => void = () => {};
      const end = repository.onChange(() => {
        calls += 1;
        heard();
      });
      const next = () => new Promise<void>((resolve) => (heard = resolve));
      const works: (() => Promise<unknown>)[] = [
        () => repository.append({ sessionId: 'a', messages: [say('x')] }),
        () => repository.move({ sessionId: 'a', parentId: null }),
        () => repository.delete({ sessionId: 'a', mode: 'RESTRICT' }),
      ];
      for (const work of works) {
        const called = next();
        await work();
        await called;
        expect(await changesSince(repository, mark)).toHaveLength(1);
        mark = await repository.mark();
      }
      const before = calls;
      const begun = performance.now();
      const called = next();
      await Promise.all(Array.from({ length: 50 }, () => store.create()));
      await called;
      // A database commits them one by one, perhaps all in turns of their own. It is also asked once a second, and once its notices are heard.
      const asked = 2 + (performance.now() - begun) / 1_000;
      expect(calls - before).toBeLessThanOrEqual(50 + asked);
      end();
      const after = calls;
      await store.create();
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      expect(calls).toBe(after);
    });
  });

  it('whoever applies changes, from whatever mark and in whatever pages, has what a fresh read gives', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(happenings, async (all) => {
        run += 1;
        const followed = new FollowedStore(() => store.repository, `r${run}-`);
        for (const each of all) await followed.happen(each);
        await followed.end();
      }),
      { numRuns: 8, endOnFailure: true },
    );
  });
}
