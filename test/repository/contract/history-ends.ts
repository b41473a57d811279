import { describe, expect, it } from 'vitest';
import { NO_TEXTS } from '../../../src/model/message.ts';
import type { HistoryPage, HistoryRequest } from '../../../src/repository/reads.ts';
import { type OpenStore, PLENTY_OF_BYTES, say } from './store.ts';

const CONTENT = { ...NO_TEXTS, content: 1 };
const BYTES = 1_000;

export function describeHistoryEnds(store: OpenStore): void {
  /** A session with messages of `BYTES` bytes, of which `appends` lists how many came with each append. */
  async function fill(id: string, appends: readonly number[], payload: string | null = null): Promise<void> {
    await store.create({ id });
    const message = say('x'.repeat(BYTES), { payload });
    for (const count of appends)
      await store.repository.append({ sessionId: id, messages: Array(count).fill(message) });
  }

  const page = (sessionId: string, limit = 10, from: 'start' | 'end' = 'start'): HistoryRequest => ({
    sessionId,
    page: { limit, from },
    shown: CONTENT,
  });

  const summary = ({ items, hasMore, textBytes }: HistoryPage) => {
    expect(textBytes).toBe(items.length * BYTES);
    return [items.map(({ position }) => position), hasMore];
  };

  async function read(requests: readonly HistoryRequest[], maxBytes: number) {
    return (await store.repository.historyOf(requests, maxBytes)).map(summary);
  }

  describe('a page of a history with more text than is allowed', () => {
    it.each([[[1, 1, 1, 1, 1]], [[5]], [[2, 3]]])(
      'ends early where it came in by appends of %j',
      async (appends) => {
        await fill('a', appends);
        expect(await read([page('a')], 3_999)).toEqual([[[0, 1, 2], true]]);
        expect(await read([page('a', 10, 'end')], 3_999)).toEqual([[[2, 3, 4], true]]);
        expect(await read([page('a', 3)], 2_999)).toEqual([[[0, 1], true]]);
        const [first, second] = [
          page('a'),
          { ...page('a'), page: { limit: 10, from: 'start', after: 2 } } as const,
        ];
        expect(await read([first], 3_000)).toEqual([[[0, 1, 2], true]]);
        expect(await read([second], 3_000)).toEqual([[[3, 4], false]]);
      },
    );

    it('is whole, and has no more, where its texts fit exactly, however long its lines are', async () => {
      await fill('a', [1, 2, 1], 'p'.repeat(300_000));
      expect(await read([page('a')], 4_000)).toEqual([[[0, 1, 2, 3], false]]);
      expect(await read([page('a', 10, 'end')], 3_000)).toEqual([[[1, 2, 3], true]]);
    });

    it('is refused where not even one message fits', async () => {
      await fill('a', [1, 1]);
      const refused = { name: 'ReadTooLargeError', maxBytes: 999 };
      await expect(read([page('a')], 999)).rejects.toMatchObject(refused);
      await expect(read([page('a', 1, 'end')], 999)).rejects.toMatchObject(refused);
    });

    it('takes what the earlier pages of the batch have left', async () => {
      await fill('a', [1, 1, 1]);
      await fill('b', [1, 1, 1]);
      await fill('none', []);
      const requests = [page('a'), page('none'), page('b', 10, 'end')];
      const none = [[], false];
      expect(await read(requests, 6_000)).toEqual([[[0, 1, 2], false], none, [[0, 1, 2], false]]);
      expect(await read(requests, 5_999)).toEqual([[[0, 1, 2], false], none, [[1, 2], true]]);
      expect(await read(requests, 4_000)).toEqual([[[0, 1, 2], false], none, [[2], true]]);
      await expect(read(requests, 3_999)).rejects.toMatchObject({
        name: 'ReadTooLargeError',
        maxBytes: 3_999,
      });
      const headsOnly = { ...page('b'), shown: null };
      const [, heads] = await store.repository.historyOf([page('a'), headsOnly], 3_000);
      expect(heads).toMatchObject({ hasMore: false, textBytes: 0 });
      expect(heads!.items).toHaveLength(3);
    });

    it('is the same whichever pages were read before', async () => {
      for (const id of ['a', 'b', 'c']) await fill(id, [1, 2]);
      const requests = ['a', 'b', 'c'].map((id) => page(id));
      const read = (maxBytes: number) => store.repository.historyOf(requests, maxBytes);
      const cut = await read(8_000);
      expect(cut.map(summary)).toEqual([
        [[0, 1, 2], false],
        [[0, 1, 2], false],
        [[0, 1], true],
      ]);
      expect(await read(8_000)).toEqual(cut);
      await store.repository.historyOf([page('c')], PLENTY_OF_BYTES);
      expect(await read(8_000)).toEqual(cut);
      expect((await read(9_000)).map(summary)).toEqual(Array(3).fill([[0, 1, 2], false]));
      expect(await read(8_000)).toEqual(cut);
    });

    it('ends early where parsed JSON would take more memory than that, and is charged for the memory', async () => {
      await store.create({ id: 'a' });
      // Each list counts for its place and for itself: 201 with the list of lists.
      const [payload, memory] = [Array.from({ length: 100 }, () => []), 32 * 201];
      const messages = Array.from({ length: 4 }, () => say('', { payload }));
      await store.repository.append({ sessionId: 'a', messages });
      const request = { ...page('a'), shown: { ...NO_TEXTS, payload: 1 } };
      let read = 0;
      const onRead = (more: number) => {
        read += more;
      };
      const [cut] = await store.repository.historyOf([request], 3 * memory, { onRead });
      expect([cut!.items.length, cut!.hasMore, cut!.textBytes]).toEqual([3, true, 3 * memory]);
      expect(read).toBeGreaterThanOrEqual(3 * memory);
      // Also where a store begins anew, because the page is shorter than expected.
      expect(read).toBeLessThan(5 * memory);
      const [whole] = await store.repository.historyOf([request], 4 * memory);
      expect([whole!.items.length, whole!.hasMore]).toEqual([4, false]);
      read = 0;
      const found = { sessionId: 'a', ordinal: 0, shown: request.shown };
      await store.repository.findMessages([found], memory, { onRead });
      expect(read).toBeGreaterThanOrEqual(memory);
    });

    it('is charged for the lines that were read, and for no others', async () => {
      await fill('a', Array(10).fill(1), 'p'.repeat(200_000));
      let bytes = 0;
      const onRead = (more: number) => {
        bytes += more;
      };
      await store.repository.historyOf([page('a')], 1_999, { onRead });
      expect(bytes).toBeGreaterThan(400_000);
      expect(bytes).toBeLessThan(1_000_000);
    });
  });
}
