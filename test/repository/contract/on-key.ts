import { describe, expect, it } from 'vitest';
import { messageId } from '../../../src/model/id.ts';
import type { KeyConflict, NewMessage } from '../../../src/model/message.ts';
import { everything } from './everything.ts';
import {
  ALL,
  contentsOf,
  historyOf,
  MUCH,
  type OpenStore,
  operation,
  PLENTY_OF_BYTES,
  RETURNS,
  say,
  WHOLE,
} from './store.ts';

export function describeOnKey(store: OpenStore): void {
  const append = (onKey: KeyConflict, ...messages: NewMessage[]) =>
    store.repository.append({ sessionId: 'a', messages, onKey }, undefined, MUCH);
  const keyed = (key: string, more: Partial<NewMessage> = {}) => say(`first of ${key}`, { key, ...more });
  const usageOf = async (id = 'a') => (await store.find(id)).usage;

  describe('a key that is there already', () => {
    it('is an error unless another way is named, and then nothing is written', async () => {
      await store.create({ id: 'a', messages: [keyed('k')] });
      const before = await everything(store.repository);
      for (const onKey of ['ERROR', null, undefined] as const)
        await expect(
          store.repository.append({ sessionId: 'a', messages: [keyed('l'), keyed('k')], onKey }),
        ).rejects.toMatchObject({ name: 'ConflictError', reason: 'KEY', key: 'k' });
      expect(await everything(store.repository)).toEqual(before);
    });

    it('is ignored: the message stays, and is the answer; the others are appended', async () => {
      await store.create({ id: 'a', messages: [keyed('k', { payload: [1] }), say('1')] });
      const [there] = await historyOf(store, 'a');
      const given = [say('new'), say('ignored', { key: 'k' }), say('newer', { key: 'l' })];
      const { session, messages } = await append('IGNORE', ...given);
      expect(session).toMatchObject({ version: 2, historyLength: 4 });
      expect(messages).toMatchObject([{ position: 2, content: 'new' }, there, { position: 3, key: 'l' }]);
      expect(messages).toEqual([2, 0, 3].map((n) => expect.objectContaining({ position: n })));
      expect(await contentsOf(store, 'a')).toEqual(['first of k', '1', 'new', 'newer']);
      const all = await append('IGNORE', say('', { key: 'l' }), say('', { key: 'k' }));
      expect(all.session).toEqual(await store.find('a'));
      expect(all).toMatchObject({ session: { version: 2 }, messages: [{ content: 'newer' }, there] });
    });

    it('is replaced: the message keeps its id, its position and its time, and all else is as given', async () => {
      const createdAt = new Date('2020-01-01');
      const usage = { inputTokens: 1, outputTokens: 1 };
      const full = { payload: [1], model: 'm', name: 'n', reasoning: 'r', metadata: { a: 1 }, usage };
      await store.create({ id: 'a', messages: [say('0'), keyed('k', { ...full, createdAt }), say('2')] });
      const before = await historyOf(store, 'a');
      const { session, messages } = await append('REPLACE', { role: 'EVENT', content: 'other', key: 'k' });
      const replaced = {
        ...before[1],
        role: 'EVENT',
        content: 'other',
        contentLength: 5,
        payload: null,
        model: null,
        name: null,
        reasoning: null,
        metadata: {},
        usage: null,
        replacedAt: session.updatedAt,
      };
      expect(messages).toEqual([replaced]);
      expect(session).toEqual(await store.find('a'));
      expect(session).toMatchObject({ version: 2, historyLength: 3, messageCount: 2 });
      for (const how of [null, ...RETURNS]) {
        if (how) await store.comeBack(how);
        expect(await historyOf(store, 'a')).toEqual([before[0], replaced, before[2]]);
        const id = { sessionId: 'a', ordinal: 1 };
        expect(await store.repository.findMessages([id], PLENTY_OF_BYTES)).toEqual([replaced]);
        const byKey = [{ sessionId: 'a', key: 'k' }];
        expect(await store.repository.findMessagesByKey(byKey, PLENTY_OF_BYTES)).toEqual([replaced]);
      }
    });

    it('is replaced with another time where one is given', async () => {
      await store.create({ id: 'a', messages: [keyed('k', { createdAt: new Date('2020-01-01') })] });
      await append('REPLACE', keyed('k', { createdAt: new Date('2020-01-02') }));
      expect(await historyOf(store, 'a')).toMatchObject([{ createdAt: new Date('2020-01-02') }]);
      const after = (createdAfter: Date) => store.repository.countHistory([{ sessionId: 'a', createdAfter }]);
      expect(await after(new Date('2020-01-02'))).toEqual([1]);
      expect(await after(new Date('2020-01-03'))).toEqual([0]);
    });

    it('is replaced by a message of another role: of user messages there are then fewer, or more', async () => {
      await store.create({ id: 'a', messages: [keyed('k'), keyed('l', { role: 'TOOL' })] });
      const { session } = await append('REPLACE', keyed('k', { role: 'ASSISTANT' }));
      expect(session.messageCount).toBe(0);
      const both = [keyed('l'), keyed('k')];
      expect((await append('REPLACE', ...both, say('new'))).session.messageCount).toBe(3);
      const users = [{ sessionId: 'a', roles: ['USER'] as const }];
      for (const how of [null, ...RETURNS]) {
        if (how) await store.comeBack(how);
        expect(await store.repository.countHistory(users)).toEqual([3]);
        expect(await store.find('a')).toMatchObject({ messageCount: 3 });
        const [page] = await store.repository.historyOf([{ ...users[0]!, page: ALL }], PLENTY_OF_BYTES);
        expect(page!.items.map(({ position }) => position)).toEqual([0, 1, 2]);
      }
    });

    it('is left alone where it is already as given', async () => {
      const full = {
        usage: { inputTokens: 1, outputTokens: 2, costUsd: 0.5 },
        payload: { a: [1, null] },
        metadata: { b: 1 },
        toolCalls: [{ toolCallId: 'c', name: 'n' }],
        model: 'm',
      };
      await store.create({ id: 'a', messages: [keyed('k', full), keyed('l')] });
      const before = await everything(store.repository);
      const { session, messages } = await append(
        'REPLACE',
        keyed('l', { name: null, usage: null, metadata: {}, toolCalls: [], isError: false }),
        keyed('k', { ...full, toolCalls: [{ toolCallId: 'c', name: 'n', arguments: null }] }),
      );
      expect(session.version).toBe(1);
      expect(messages).toEqual((await historyOf(store, 'a')).toReversed());
      expect(messages).toMatchObject([{ replacedAt: null }, { replacedAt: null }]);
      expect(await everything(store.repository)).toEqual(before);
    });

    it('is answered in the order given, whether it is left, replaced or new', async () => {
      await store.create({ id: 'a', messages: ['k', 'l', 'm'].map((key) => keyed(key)) });
      const { messages, session } = await append(
        'REPLACE',
        say('x'),
        say('other', { key: 'm' }),
        keyed('l'),
        say('other', { key: 'k' }),
        keyed('y'),
      );
      const history = await historyOf(store, 'a');
      expect(messages).toEqual([3, 2, 1, 0, 4].map((position) => history[position]));
      expect(history.map(({ content }) => content)).toEqual([
        'other',
        'first of l',
        'other',
        'x',
        'first of y',
      ]);
      expect(history.map(({ replacedAt }) => replacedAt)).toEqual(
        [1, 0, 1, 0, 0].map((isReplaced) => (isReplaced ? session.updatedAt : null)),
      );
      expect(session.version).toBe(2);
    });

    it.each(['IGNORE', 'REPLACE'] as const)(
      'is answered to a retry as the first time, also once the message has left the history: %s',
      async (onKey) => {
        await store.create({ id: 'a', messages: [keyed('k', { createdAt: new Date('2020-01-01') })] });
        const write = () =>
          store.repository.append(
            { sessionId: 'a', messages: [say('given', { key: 'k' })], onKey },
            operation('op', onKey),
            MUCH,
          );
        const { messages } = await write();
        await store.repository.truncate({ sessionId: 'a', keep: 0 }, null);
        expect((await write()).messages).toEqual(messages);
        for (const how of RETURNS) {
          await store.comeBack(how);
          expect((await write()).messages).toEqual(messages);
        }
      },
    );

    it('is replaced in pages that were read before', async () => {
      await store.create({ id: 'a', messages: ['k', 'l', 'm'].map((key) => keyed(key)) });
      const page = { limit: 2, from: 'end' } as const;
      const latest = async () => {
        const [read] = await store.repository.historyOf([{ sessionId: 'a', page }], PLENTY_OF_BYTES);
        return read!.items.map(({ content }) => content);
      };
      expect(await latest()).toEqual(['first of l', 'first of m']);
      await append('REPLACE', say('other', { key: 'l' }));
      expect(await latest()).toEqual(['other', 'first of m']);
      await store.repository.writeHistory({ sessionId: 'a', dropLast: 1 }, WHOLE);
      expect(await latest()).toEqual(['first of k', 'other']);
    });

    it('is refused where the session is archived, missing, or at another version', async () => {
      await store.create({ id: 'a', messages: [keyed('k')] });
      const message = say('other', { key: 'k' });
      const { repository } = store;
      const guarded = { sessionId: 'a', messages: [message], onKey: 'REPLACE', expectedVersion: 2 } as const;
      await expect(repository.append(guarded)).rejects.toMatchObject({ name: 'ConflictError' });
      await repository.archive({ sessionId: 'a', archived: true, subtree: false });
      for (const onKey of ['IGNORE', 'REPLACE'] as const)
        await expect(append(onKey, message)).rejects.toMatchObject({ name: 'SessionArchivedError' });
      await repository.delete({ sessionId: 'a', mode: 'RESTRICT' });
      await expect(append('REPLACE', message)).rejects.toMatchObject({ name: 'SessionNotFoundError' });
    });

    it('that comes many times at once is one message', async () => {
      await store.create({ id: 'a' });
      const texts = Array.from({ length: 30 }, (_, n) => `${n}`);
      const usage = { inputTokens: 1, outputTokens: 1, costUsd: 0.1 };
      const streamed = texts.map((content) => append('REPLACE', say(content, { key: 'k', usage })));
      const ids = (await Promise.all(streamed)).flatMap(({ messages }) => messages.map(messageId));
      expect(ids).toEqual(texts.map(() => 'a:0'));
      expect(await contentsOf(store, 'a')).toEqual([texts.at(-1)]);
      expect(await store.find('a')).toMatchObject({ version: 31, historyLength: 1, usage });
      const ignored = texts.map((content) => append('IGNORE', say(content, { key: 'l' })));
      for (const { messages } of await Promise.all(ignored))
        expect(messages).toMatchObject([{ ordinal: 1, content: '0' }]);
    });

    it('of one of thousands of messages is found', async () => {
      const many = (content: string) =>
        Array.from({ length: 3_000 }, (_, n) => say(content, { key: `${n}` }));
      await store.create({ id: 'a', messages: many('a') });
      const { messages } = await append('REPLACE', ...many('b').filter((_, n) => n % 2), say('last'));
      expect(messages.map(({ position }) => position)).toEqual([
        ...Array.from({ length: 1_500 }, (_, n) => 2 * n + 1),
        3_000,
      ]);
      expect((await contentsOf(store, 'a')).join('')).toBe(`${'ab'.repeat(1_500)}last`);
    });
  });

  describe('the usage of a message that is replaced', () => {
    const paid = (costUsd: number) => ({
      usage: { inputTokens: 100 * costUsd, outputTokens: 1, costUsd },
      model: 'm',
    });
    /** The cost of the session and of its tree, and their input tokens. */
    const sums = async () => {
      const [rollup] = await store.repository.rollupsOf(['root']);
      return [await usageOf(), rollup!.usage].map(({ costUsd, inputTokens }) => [costUsd, inputTokens]);
    };
    /** The same in the running store, and after the index was rebuilt. */
    const expectSums = async (costUsd: number) => {
      const expected = [1, 2].map(() => [costUsd, 100 * costUsd]);
      expect(await sums()).toEqual(expected);
      const before = await everything(store.repository);
      for (const how of RETURNS) {
        await store.comeBack(how);
        expect(await sums()).toEqual(expected);
        expect(await everything(store.repository)).toEqual(before);
      }
    };
    const create = async (...messages: NewMessage[]) => {
      await store.create({ id: 'root' });
      await store.create({ id: 'a', parentId: 'root', messages });
    };

    it('takes the place of the earlier one in every sum', async () => {
      await create(keyed('k', paid(0.25)), keyed('l', paid(0.5)));
      await append('REPLACE', keyed('k', paid(0.75)));
      await expectSums(1.25);
    });

    it('leaves the sums where the new form has none', async () => {
      await create(keyed('k', paid(0.25)), keyed('l', paid(0.5)));
      await append('REPLACE', keyed('k'));
      await expectSums(0.5);
      await append('REPLACE', keyed('k', paid(1)));
      await expectSums(1.5);
    });

    it('stays in the sums once the message is dropped, also under its key by a later write', async () => {
      await create(keyed('k', paid(0.25)));
      await append('REPLACE', keyed('k', paid(0.5)));
      await store.repository.truncate({ sessionId: 'a', keep: 0 }, null);
      await expectSums(0.5);
      await append('REPLACE', keyed('k', paid(0.25)));
      await expectSums(0.75);
    });

    it('is taken over by the message that comes back under its key in the write that drops it', async () => {
      await create(say('0', paid(1)), keyed('k', paid(0.25)), keyed('l', paid(0.5)), keyed('m', paid(2)));
      const before = await historyOf(store, 'a');
      const { messages, removed, session } = await store.repository.writeHistory(
        { sessionId: 'a', keep: 1, messages: [keyed('l', paid(0.75)), keyed('k', paid(0.25))] },
        WHOLE,
      );
      expect(removed).toEqual(before.slice(1));
      expect(messages).toMatchObject([
        { ordinal: 4, position: 1, key: 'l', replacedAt: null, createdAt: session.updatedAt },
        { ordinal: 5, position: 2, key: 'k', replacedAt: null, createdAt: session.updatedAt },
      ]);
      await expectSums(4);
      await store.repository.writeHistory(
        { sessionId: 'a', dropLast: 2, messages: [keyed('l', paid(0.75)), keyed('k')], onKey: 'REPLACE' },
        WHOLE,
      );
      await expectSums(3.75);
    });

    it('of a copy is in no sum while the copy is left alone, and is paid once it is replaced', async () => {
      await create(keyed('k', paid(0.25)), keyed('l', paid(0.5)), keyed('m', paid(1)));
      await store.repository.fork({ sessionId: 'a', id: 'f', asRoot: true });
      const original = await historyOf(store, 'a');
      const replace = (...messages: NewMessage[]) =>
        store.repository.append({ sessionId: 'f', messages, onKey: 'REPLACE' });
      const same = original.map(({ key, content, usage, model }) => say(content, { key, usage, model }));
      expect((await replace(...same)).session).toMatchObject({ version: 1, usage: { costUsd: null } });
      const { session, messages } = await replace(same[0]!, keyed('l', paid(2)), say('new'));
      expect(messages.map(({ isCopy }) => isCopy)).toEqual([true, false, false]);
      expect(session).toMatchObject({ version: 2, usage: { costUsd: 2, inputTokens: 200 } });
      await replace({ ...same[2]!, isCopy: false });
      for (const how of [null, ...RETURNS]) {
        if (how) await store.comeBack(how);
        expect((await historyOf(store, 'f')).map(({ isCopy }) => isCopy)).toEqual([
          true,
          false,
          false,
          false,
        ]);
        expect(await usageOf('f')).toMatchObject({ costUsd: 3, inputTokens: 300 });
        expect(await historyOf(store, 'a')).toEqual(original);
        expect(await usageOf()).toMatchObject({ costUsd: 1.75 });
      }
    });

    it('leaves the sums where the new form was paid for elsewhere', async () => {
      await create(keyed('k', paid(0.25)), keyed('l', paid(0.5)));
      await append('REPLACE', keyed('k', { ...paid(0.25), isCopy: true }));
      await expectSums(0.5);
    });

    it('is not copied by a fork: it has the latest forms, and no usage of its own', async () => {
      await create(keyed('k', paid(0.25)), keyed('l', paid(0.5)));
      await append('REPLACE', say('other', { key: 'k', ...paid(2) }));
      await store.repository.fork({ sessionId: 'a', id: 'f', asRoot: true });
      for (const how of [null, ...RETURNS]) {
        if (how) await store.comeBack(how);
        expect(await contentsOf(store, 'f')).toEqual(['other', 'first of l']);
        expect(await usageOf('f')).toMatchObject({ inputTokens: 0, costUsd: null });
        expect(await usageOf()).toMatchObject({ inputTokens: 250, costUsd: 2.5 });
      }
    });
  });

  describe('a search after a message was replaced', () => {
    const found = async (query: string) => {
      const { hits, isComplete } = await store.repository.search({ query, limit: 100 });
      expect(isComplete).toBe(true);
      return hits.map(messageId).sort();
    };

    it('finds the new text only, however the store comes back', async () => {
      await store.create({
        id: 'a',
        messages: [say('old fox', { key: 'k' }), say('old bear', { key: 'l' })],
      });
      expect(await found('old')).toEqual(['a:0', 'a:1']);
      await append('REPLACE', say('new crow', { key: 'k' }), say('another crow'));
      for (const how of [null, ...RETURNS]) {
        if (how) await store.comeBack(how);
        expect(await found('old')).toEqual(['a:1']);
        expect(await found('fox')).toEqual([]);
        expect(await found('crow')).toEqual(['a:0', 'a:2']);
      }
      await append('REPLACE', say('newer crow', { key: 'k' }));
      expect(await found('new')).toEqual([]);
      expect(await found('newer')).toEqual(['a:0']);
      await store.repository.writeHistory(
        { sessionId: 'a', keep: 0, messages: [say('last owl', { key: 'k' })] },
        WHOLE,
        operation('op', 'write'),
      );
      expect(await found('crow')).toEqual([]);
      expect(await found('owl')).toEqual(['a:3']);
    });

    it('finds the new text of a session that had not been searched before', async () => {
      await store.create({ id: 'a', messages: [say('old', { key: 'k' })] });
      await append('REPLACE', say('new', { key: 'k' }));
      expect([await found('old'), await found('new')]).toEqual([[], ['a:0']]);
    });
  });
}
