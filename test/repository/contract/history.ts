import { describe, expect, it } from 'vitest';
import type { Message, MessageRole } from '../../../src/model/message.ts';
import type { HistoryRequest, PageRequest } from '../../../src/repository/repository.ts';
import { naivePage } from './naive.ts';
import { pagesBetween } from './pages.ts';
import { ALL, conversation, type OpenStore, PLENTY_OF_BYTES, say } from './store.ts';

export function describeHistory(store: OpenStore): void {
  const bytesOf = (messages: readonly Message[]) => messages.reduce((sum, message) => sum + message.bytes, 0);

  async function historyOf(sessionId: string, page: PageRequest<number> = ALL, roles?: MessageRole[] | null) {
    const [history] = await store.repository.historyOf([{ sessionId, page, roles }], PLENTY_OF_BYTES);
    return history!;
  }

  describe('a page of a history', () => {
    it('is oldest first, across the appends it came in by', async () => {
      const messages = conversation(8);
      await store.create({ id: 'a', messages: messages.slice(0, 2) });
      for (const [start, end] of [
        [2, 3],
        [3, 7],
        [7, 8],
      ])
        await store.repository.append({ sessionId: 'a', messages: messages.slice(start, end) });
      const { items } = await historyOf('a');
      expect(items.map(({ content, role }) => ({ content, role }))).toEqual(messages);
      expect(items.map(({ position }) => position)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      expect(items.map(({ ordinal }) => ordinal)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    });

    it('is what it should be for every limit, direction, pair of keys and choice of roles', async () => {
      await store.create({ id: 'a', messages: conversation(3) });
      await store.repository.append({ sessionId: 'a', messages: [say('system', { role: 'SYSTEM' })] });
      await store.repository.append({ sessionId: 'a', messages: conversation(3) });
      const { items } = await historyOf('a');
      const choices: (MessageRole[] | null | undefined)[] = [
        undefined,
        null,
        ['USER'],
        ['TOOL', 'ASSISTANT'],
        ['SYSTEM', 'SYSTEM'],
        [],
      ];
      const requests: HistoryRequest[] = choices.flatMap((roles) =>
        pagesBetween([0, 1, 3, 6, 99], [0, 1, 2, 3, 7]).map((page) => ({ sessionId: 'a', roles, page })),
      );
      const pages = await store.repository.historyOf(requests, PLENTY_OF_BYTES);
      for (const [index, request] of requests.entries()) {
        const { roles, page } = request;
        const passing = items.filter((message) => !roles || roles.includes(message.role));
        const expected = naivePage(passing, page, (message, key) => message.ordinal - key);
        expect({ request, ...pages[index] }).toEqual({ request, ...expected });
      }
    });

    it('is limited for each request of a batch by itself', async () => {
      await store.create({ id: 'a', messages: conversation(3) });
      await store.create({ id: 'b', messages: [say('only')] });
      const last: PageRequest<number> = { limit: 2, from: 'end' };
      const pages = await store.repository.historyOf(
        [
          { sessionId: 'b', page: last },
          { sessionId: 'a', page: last },
          { sessionId: 'a', page: { limit: 1, from: 'start' }, roles: ['ASSISTANT'] },
          { sessionId: 'missing', page: last },
        ],
        PLENTY_OF_BYTES,
      );
      const contents = pages.map((page) => page.items.map((message) => message.content));
      expect(contents).toEqual([['only'], ['1', '2'], ['1'], []]);
      expect(pages.map((page) => page.hasMore)).toEqual([false, true, false, false]);
    });

    it('leads to the last one by way of its keys, each message once, also while others arrive', async () => {
      const { repository } = store;
      await store.create({ id: 'a', messages: conversation(10) });
      const visited: Message[] = [];
      for (let page = await historyOf('a', { limit: 3, from: 'start' }); ; ) {
        visited.push(...page.items);
        if (!page.hasMore) break;
        if (visited.length < 9) await repository.append({ sessionId: 'a', messages: conversation(2) });
        page = await historyOf('a', { limit: 3, from: 'start', after: visited.at(-1)!.ordinal });
      }
      expect(visited.map(({ position }) => position)).toEqual([...Array(14).keys()]);
    });

    it('of 3,000 messages comes from either end', async () => {
      await store.create({ id: 'a', messages: conversation(3_000) });
      const first = await historyOf('a', { limit: 2, from: 'start' });
      const last = await historyOf('a', { limit: 2, from: 'end' });
      expect(first.items.map(({ content }) => content)).toEqual(['0', '1']);
      expect(last.items.map(({ content }) => content)).toEqual(['2998', '2999']);
      expect((await historyOf('a')).items.length).toBe(3_000);
    });
  });

  describe('counting a history', () => {
    it('counts what a page would lead through', async () => {
      await store.create({ id: 'a', messages: conversation(7) });
      await store.create({ id: 'b' });
      const counts = await store.repository.countHistory([
        { sessionId: 'a', roles: ['USER'] },
        { sessionId: 'missing' },
        { sessionId: 'a' },
        { sessionId: 'b' },
        { sessionId: 'a', roles: ['TOOL', 'ASSISTANT'] },
        { sessionId: 'a', roles: null },
        { sessionId: 'a', roles: ['SYSTEM'] },
        { sessionId: 'a', roles: [] },
      ]);
      expect(counts).toEqual([3, 0, 7, 0, 4, 7, 0, 0]);
    });
  });

  describe('messages by reference', () => {
    it('answer in the order of the keys, with null where there is none', async () => {
      await store.create({ id: 'a', messages: conversation(3) });
      await store.create({ id: 'b', messages: [say('b', { payload: { kept: [1] } })] });
      const refs = [
        ['b', 0],
        ['a', 2],
        ['a', 3],
        ['missing', 0],
        ['a', 0],
        ['a', 2],
      ] as const;
      const found = await store.repository.findMessages(
        refs.map(([sessionId, ordinal]) => ({ sessionId, ordinal })),
        PLENTY_OF_BYTES,
      );
      expect(found.map((message) => message?.content ?? null)).toEqual(['b', '2', null, null, '0', '2']);
      expect(found[0]).toEqual((await historyOf('b')).items[0]);
    });
  });

  describe('a read that is allowed so many bytes', () => {
    it('reads that many, and refuses more', async () => {
      const { repository } = store;
      await store.create({ id: 'a', messages: conversation(5) });
      const page: PageRequest<number> = { limit: 3, from: 'end' };
      const bytes = bytesOf((await historyOf('a', page)).items);
      expect(bytes).toBeGreaterThan(0);
      const request = { sessionId: 'a', page };
      expect((await repository.historyOf([request], bytes))[0]?.items.length).toBe(3);
      await expect(repository.historyOf([request], bytes - 1)).rejects.toMatchObject({
        name: 'ReadTooLargeError',
        maxBytes: bytes - 1,
      });
      const refs = [1, 4].map((ordinal) => ({ sessionId: 'a', ordinal }));
      const found = await repository.findMessages(refs, PLENTY_OF_BYTES);
      const size = bytesOf(found.filter((message) => message !== null));
      expect(await repository.findMessages(refs, size)).toEqual(found);
      await expect(repository.findMessages(refs, size - 1)).rejects.toMatchObject({
        name: 'ReadTooLargeError',
        maxBytes: size - 1,
      });
    });

    it('reads an exchange for what its messages cost', async () => {
      const { repository } = store;
      await store.create({ id: 'a' });
      const exchange = [say('question'.repeat(100)), say('answer'.repeat(200), { role: 'ASSISTANT' })];
      await repository.append({ sessionId: 'a', messages: exchange });
      const { items } = await historyOf('a');
      const read = await repository.historyOf([{ sessionId: 'a', page: ALL }], bytesOf(items));
      expect(read).toEqual([{ items, hasMore: false }]);
      expect(bytesOf(items)).toBeLessThan(2 * (800 + 1_200 + 500));
    });

    it('counts the whole batch, and only what the pages hold', async () => {
      const { repository } = store;
      const large = say('x'.repeat(10_000));
      await store.create({ id: 'a', messages: [large, large, large] });
      await store.create({ id: 'b', messages: [large] });
      const page: PageRequest<number> = { limit: 1, from: 'start' };
      const requests = ['a', 'b'].map((sessionId) => ({ sessionId, page }));
      expect(await repository.historyOf(requests, 21_000)).toMatchObject([
        { hasMore: true },
        { hasMore: false },
      ]);
      await expect(repository.historyOf(requests, 19_000)).rejects.toMatchObject({
        name: 'ReadTooLargeError',
      });
    });

    it('charges a message for all it holds', async () => {
      const payload = { text: 'p'.repeat(5_000) };
      const metadata = { text: 'm'.repeat(5_000) };
      await store.create({ id: 'a', messages: [say('ä'.repeat(5_000), { payload, metadata })] });
      expect((await historyOf('a')).items[0]!.bytes).toBeGreaterThan(20_000);
    });
  });
}
