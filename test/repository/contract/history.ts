import { describe, expect, it } from 'vitest';
import { type Message, type MessageRole, NO_TEXTS, type ShownTexts } from '../../../src/model/message.ts';
import type { HistoryRequest, PageRequest } from '../../../src/repository/reads.ts';
import { naivePage } from './naive.ts';
import { pagesBetween } from './pages.ts';
import { ALL, conversation, type OpenStore, PLENTY_OF_BYTES, say } from './store.ts';

export function describeHistory(store: OpenStore): void {
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
        expect({ request, ...pages[index] }).toMatchObject({ request, ...expected });
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

    it('takes roles as a set, however often one is given', async () => {
      await store.create({ id: 'a', messages: conversation(7) });
      const roles = Array.from({ length: 100_000 }, (_, n) => (n % 2 ? 'TOOL' : 'ASSISTANT') as MessageRole);
      expect(await store.repository.countHistory([{ sessionId: 'a', roles }])).toEqual([4]);
      const page = { limit: 3, from: 'end' } as const;
      const [found] = await store.repository.historyOf([{ sessionId: 'a', roles, page }], PLENTY_OF_BYTES);
      expect(found!.items.map(({ content }) => content)).toEqual(['2', '4', '5']);
      expect(found!.hasMore).toBe(true);
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

  describe('a read that is allowed so many bytes of text', () => {
    const CONTENT = { ...NO_TEXTS, content: 1 };
    const large = say('ä'.repeat(1_000), {
      payload: { image: 'p'.repeat(100_000) },
      metadata: { note: 'm'.repeat(5_000) },
    });
    const tooLarge = (maxBytes: number) => ({ name: 'ReadTooLargeError', maxBytes });

    it('gives that many, and refuses more', async () => {
      const { repository } = store;
      await store.create({ id: 'a', messages: conversation(5) });
      const request = { sessionId: 'a', page: { limit: 3, from: 'end' } as const };
      const [page] = await repository.historyOf([request], PLENTY_OF_BYTES);
      const { textBytes } = page!;
      expect(textBytes).toBeGreaterThan(0);
      expect(await repository.historyOf([request], textBytes)).toEqual([page]);
      const refs = [2, 3, 4].map((ordinal) => ({ sessionId: 'a', ordinal }));
      expect(await repository.findMessages(refs, textBytes)).toEqual(page!.items);
      await expect(repository.findMessages(refs, textBytes - 1)).rejects.toMatchObject(
        tooLarge(textBytes - 1),
      );
    });

    it('counts contents in UTF-8, payload and metadata as JSON, and nothing else', async () => {
      await store.create({ id: 'a', messages: [large] });
      const [page] = await store.repository.historyOf([{ sessionId: 'a', page: ALL }], PLENTY_OF_BYTES);
      const { payload, metadata } = large;
      expect(page!.textBytes).toBe(2_000 + JSON.stringify(payload).length + JSON.stringify(metadata).length);
    });

    it('counts, and gives, only the parts that are asked for, as often as they are shown', async () => {
      const { repository } = store;
      await store.create({ id: 'a', messages: [large, large] });
      const request = (shown: ShownTexts) => ({ sessionId: 'a', page: ALL, shown });
      const [page] = await repository.historyOf([request(CONTENT)], 4_000);
      expect(page).toMatchObject({ textBytes: 4_000, items: [{ content: large.content }, { position: 1 }] });
      expect(page!.items[0]).toMatchObject({ payload: undefined, metadata: undefined, name: null });
      const twice = request({ ...CONTENT, content: 2 });
      expect(await repository.historyOf([twice], 8_000)).toMatchObject([{ textBytes: 8_000 }]);
      expect(await repository.historyOf([twice], 7_999)).toMatchObject([{ textBytes: 4_000, hasMore: true }]);
      await expect(repository.historyOf([twice], 3_999)).rejects.toMatchObject(tooLarge(3_999));
      const found = { sessionId: 'a', ordinal: 0, shown: CONTENT };
      expect(await repository.findMessages([found], 2_000)).toEqual(page!.items.slice(0, 1));
    });

    it('counts the whole batch', async () => {
      await store.create({ id: 'a', messages: [large, large] });
      await store.create({ id: 'b', messages: [large] });
      const requests = ['a', 'b'].map((sessionId) => ({
        sessionId,
        page: { limit: 1, from: 'start' } as const,
        shown: CONTENT,
      }));
      expect(await store.repository.historyOf(requests, 4_000)).toMatchObject([
        { hasMore: true },
        { hasMore: false },
      ]);
      await expect(store.repository.historyOf(requests, 3_999)).rejects.toMatchObject(tooLarge(3_999));
    });

    it('asked only where messages stand reads nothing', async () => {
      const { repository } = store;
      await store.create({ id: 'a', messages: [large, say('r', { role: 'ASSISTANT' })] });
      const told: number[] = [];
      const onRead = (bytes: number) => told.push(bytes);
      const request = { sessionId: 'a', page: ALL, shown: null };
      const { createdAt } = await store.find('a');
      const items = [
        { sessionId: 'a', ordinal: 0, position: 0, role: 'USER', createdAt },
        { sessionId: 'a', ordinal: 1, position: 1, role: 'ASSISTANT', createdAt },
      ];
      expect(await repository.historyOf([request], 0, { onRead })).toEqual([
        { items, hasMore: false, textBytes: 0 },
      ]);
      const refs = [1, 2].map((ordinal) => ({ sessionId: 'a', ordinal, shown: null }));
      expect(await repository.findMessages(refs, 0, { onRead })).toEqual([items[1], null]);
      expect(told.filter((bytes) => bytes > 0)).toEqual([]);
    });

    it('is told what is about to be read, and reads nothing where that is refused', async () => {
      const { repository } = store;
      await store.create({ id: 'a', messages: [large, large] });
      const told: number[] = [];
      const request = { sessionId: 'a', page: ALL, shown: CONTENT };
      const read = () =>
        repository.historyOf([request], PLENTY_OF_BYTES, { onRead: (bytes) => told.push(bytes) });
      await read();
      await read();
      expect(told[0]).toBeGreaterThan(210_000);
      expect(told[0]).toBeLessThan(220_000);
      expect(told[1]).toBe(told[0]);
      const refusal = new Error('too much');
      const refuse = {
        onRead: () => {
          throw refusal;
        },
      };
      await expect(repository.historyOf([request], PLENTY_OF_BYTES, refuse)).rejects.toBe(refusal);
      const ref = { sessionId: 'a', ordinal: 0 };
      await expect(repository.findMessages([ref], PLENTY_OF_BYTES, refuse)).rejects.toBe(refusal);
    });
  });
}
