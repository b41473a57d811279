import { describe, expect, it } from 'vitest';
import type { Message, NewMessage } from '../../../src/model/message.ts';
import { SEARCH_FIELDS } from '../../../src/model/search/fields.ts';
import { NO_USAGE } from '../../../src/model/usage.ts';
import { everything } from './everything.ts';
import { historyOf, MUCH, type OpenStore, operation, PLENTY_OF_BYTES, RETURNS, say, WHOLE } from './store.ts';

const SECRET = 'sk-hunter2secret';

/** A message that says the secret in each part that is redacted. */
const leak = (more: Partial<NewMessage> = {}): NewMessage =>
  say(`the key is ${SECRET}`, {
    role: 'ASSISTANT',
    reasoning: `use ${SECRET}`,
    name: SECRET,
    toolCalls: [
      { toolCallId: 'call', name: 'shell', arguments: { command: SECRET } },
      { toolCallId: 'b', name: 'ls' },
    ],
    payload: [{ text: SECRET }],
    metadata: { note: SECRET },
    model: 'm',
    usage: { inputTokens: 3, outputTokens: 4, costUsd: 0.5 },
    ...more,
  });

/** All that is left of a message. */
const redacted = (message: Message) => ({
  ...message,
  content: '',
  contentLength: 0,
  reasoning: null,
  name: null,
  toolCalls: message.toolCalls.map((call) => ({ ...call, arguments: null })),
  payload: null,
  metadata: {},
  redactedAt: expect.any(Date),
});

export function describeRedact(store: OpenStore): void {
  const redact = async (
    ordinals: readonly number[],
    more: { sessionId?: string; copies?: boolean; operationId?: string } = {},
  ) => {
    const { sessionId = 'a', copies = true, operationId } = more;
    const input = { messages: ordinals.map((ordinal) => ({ sessionId, ordinal })), copies, reason: 'a leak' };
    const made = operationId === undefined ? undefined : operation(operationId, input);
    return (await store.repository.redact(input, made)).messages;
  };
  const found = async (query = 'hunter2secret') => {
    const { hits } = await store.repository.search({ query, fields: SEARCH_FIELDS, limit: 100 });
    return hits.length;
  };
  const says = async (id: string) => JSON.stringify(await historyOf(store, id)).includes(SECRET);

  describe('redacting messages', () => {
    it.each(RETURNS)('overwrites what they say, and nothing else of them, also when %s', async (how) => {
      await store.create({ id: 'a', messages: [say('q'), leak({ key: 'k' }), say('z')] });
      const before = await historyOf(store, 'a');
      const rollup = await store.repository.rollupsOf(['a']);
      expect(before[1]).toMatchObject({ redactedAt: null });
      const answer = await redact([1]);
      const after = [before[0], redacted(before[1]!), before[2]];
      expect(answer).toEqual([after[1]]);
      expect(await historyOf(store, 'a')).toEqual(after);
      expect(await store.find('a')).toMatchObject({ version: 2, historyLength: 3 });
      expect(await store.repository.rollupsOf(['a'])).toEqual(rollup);
      const all = await everything(store.repository);
      await store.comeBack(how);
      expect(await everything(store.repository)).toEqual(all);
      expect(await historyOf(store, 'a')).toEqual(after);
    });

    it('are told once the texts are gone: whoever then reads them finds none', async () => {
      await store.create({ id: 'a', messages: [leak(), say('z')] });
      await historyOf(store, 'a');
      const mark = await store.repository.mark();
      const texts: string[] = [];
      // The listener can still be called for the creation, before the redaction.
      const readIfTold = async () => {
        const { changes } = await store.repository.changesSince({ within: null, after: mark, limit: 10 });
        if (changes.some(({ kind, sessionId }) => kind === 'REPLACED' && sessionId === 'a'))
          texts.push(JSON.stringify(await historyOf(store, 'a')));
      };
      const reads: Promise<void>[] = [];
      const end = store.repository.onChange(() => reads.push(readIfTold()));
      await redact([0]);
      await expect.poll(() => texts.length).toBeGreaterThan(0);
      end();
      await Promise.all(reads);
      for (const text of texts) expect(text).not.toContain(SECRET);
    });

    it('leaves a message that has no room for more as empty as a long one', async () => {
      await store.create({ id: 'a', messages: [say('x'), say(''), say('y')] });
      await redact([0, 1]);
      const short = [
        { content: '', redactedAt: expect.any(Date) },
        { content: '', redactedAt: expect.any(Date) },
        { content: 'y', redactedAt: null },
      ];
      expect(await historyOf(store, 'a')).toMatchObject(short);
      await store.comeBack('rebuilt');
      expect(await historyOf(store, 'a')).toMatchObject(short);
      await store.repository.fork({ id: 'f', sessionId: 'a', asRoot: true });
      expect(await historyOf(store, 'f')).toMatchObject([
        { content: '', redactedAt: expect.any(Date) },
        { redactedAt: expect.any(Date) },
        { redactedAt: null },
      ]);
    });

    it('takes them out of searches, and leaves the others in', async () => {
      await store.create({ id: 'a', messages: [leak(), say(`another ${SECRET}`)] });
      expect(await found()).toBe(2);
      await redact([0]);
      expect(await found()).toBe(1);
      expect(await found('another')).toBe(1);
    });

    it('covers earlier forms, and messages that left the history, in the order of the input', async () => {
      await store.create({ id: 'a', messages: [leak({ key: 'k' }), leak({ key: 'l' })] });
      await store.repository.append({
        sessionId: 'a',
        messages: [say('clean', { key: 'k' })],
        onKey: 'REPLACE',
      });
      await store.repository.truncate({ sessionId: 'a', keep: 1 }, null);
      const answer = await redact([1, 0, 1]);
      expect(answer).toMatchObject([
        { ordinal: 1, content: '' },
        { ordinal: 0, content: '', replacedAt: expect.any(Date) },
      ]);
      expect(await historyOf(store, 'a')).toMatchObject([{ ordinal: 0, content: '' }]);
      const dropped = operation('drop', {});
      await store.repository.append({ sessionId: 'a', messages: [leak({ key: 'm' })] });
      const truncate = () => store.repository.truncate({ sessionId: 'a', keep: 1 }, MUCH, dropped);
      expect((await truncate()).removed).toMatchObject([{ ordinal: 2, payload: [{ text: SECRET }] }]);
      await redact([2]);
      expect((await truncate()).removed).toMatchObject([{ ordinal: 2, content: '', payload: null }]);
    });

    it('leaves them alone when their keys are replaced, and says so', async () => {
      await store.create({ id: 'a', messages: [leak({ key: 'k' }), say('x', { key: 'l' })] });
      await redact([0, 1]);
      const messages = [leak({ key: 'k' }), say('back', { key: 'l' }), say('new', { key: 'm' })];
      const again = operation('again', messages);
      const write = () =>
        store.repository.append({ sessionId: 'a', messages, onKey: 'REPLACE' }, again, MUCH);
      const answer = await write();
      expect(answer.messages).toMatchObject([
        {
          ordinal: 0,
          content: '',
          payload: null,
          toolCalls: [{ toolCallId: 'call' }, {}],
          redactedAt: expect.any(Date),
        },
        { ordinal: 1, content: '', redactedAt: expect.any(Date) },
        { ordinal: 2, content: 'new' },
      ]);
      expect(await says('a')).toBe(false);
      expect((await write()).messages).toEqual(answer.messages);
    });

    it('answers a retry of the write that brought them with what is left', async () => {
      await store.create({ id: 'a' });
      const messages = [leak({ key: 'k' })];
      const write = () =>
        store.repository.append({ sessionId: 'a', messages }, operation('write', messages), MUCH);
      await write();
      await redact([0]);
      expect((await write()).messages).toMatchObject([
        { content: '', payload: null, redactedAt: expect.any(Date) },
      ]);
    });

    it('tells who watches the session, and whoever watches a fork, that it was replaced', async () => {
      await store.create({ id: 'a', messages: [say('0'), leak()] });
      await store.repository.fork({ id: 'f', sessionId: 'a', asRoot: true });
      const mark = await store.repository.mark();
      await redact([1]);
      const page = await store.repository.changesSince({ within: null, after: mark, limit: 10 });
      expect(page.isReset).toBe(false);
      expect(page.changes).toMatchObject([
        { kind: 'REPLACED', sessionId: expect.any(String), fromPosition: 1, ordinals: [1] },
        { kind: 'REPLACED', sessionId: expect.any(String), fromPosition: 1, ordinals: [1] },
      ]);
      expect(new Set(page.changes.map(({ sessionId }) => sessionId))).toEqual(new Set(['a', 'f']));
    });

    it('of an archived session is allowed', async () => {
      await store.create({ id: 'a', messages: [leak()] });
      await store.repository.archive({ sessionId: 'a', archived: true, subtree: true });
      await redact([0]);
      expect(await says('a')).toBe(false);
    });

    it('of several sessions is one mutation, which a retry does not repeat', async () => {
      await store.create({ id: 'a', messages: [leak()] });
      await store.create({ id: 'b', messages: [leak()] });
      const input = {
        messages: [
          { sessionId: 'b', ordinal: 0 },
          { sessionId: 'a', ordinal: 0 },
        ],
        copies: true,
        reason: 'a leak',
      };
      const run = async () => (await store.repository.redact(input, operation('r', input))).messages;
      const answer = await run();
      expect(answer).toMatchObject([{ sessionId: 'b' }, { sessionId: 'a' }]);
      await store.comeBack('rebuilt');
      expect(await run()).toEqual(answer);
      expect((await store.repository.findMany(['a', 'b'])).map((session) => session?.version)).toEqual([
        2, 2,
      ]);
      await expect(store.repository.redact(input, operation('r', 'other'))).rejects.toMatchObject({
        reason: 'OPERATION',
      });
    });

    it('a second time changes nothing, and is recorded', async () => {
      await store.create({ id: 'a', messages: [leak()] });
      const first = await redact([0]);
      expect(await redact([0])).toEqual(first);
      expect(await redact([0], { operationId: 'r' })).toEqual(first);
      expect(await store.find('a')).toMatchObject({ version: 2 });
      await expect(
        store.repository.update({ sessionId: 'a', title: 't' }, operation('r', 'x')),
      ).rejects.toMatchObject({
        reason: 'OPERATION',
      });
    });

    it('that never were is refused, and nothing changes', async () => {
      await store.create({ id: 'a', messages: [leak()] });
      const before = await everything(store.repository);
      await expect(redact([0], { sessionId: 'none' })).rejects.toMatchObject({
        name: 'SessionNotFoundError',
        sessionId: 'none',
      });
      await expect(redact([0, 1])).rejects.toMatchObject({
        name: 'InvalidInputError',
        issues: [{ path: ['input', 'messageIds', '1'] }],
      });
      expect(await everything(store.repository)).toEqual(before);
    });
  });

  describe('redacting copies', () => {
    it('covers forks, forks of forks, and what became of the copies there', async () => {
      await store.create({ id: 'a', messages: [say('0'), leak({ key: 'k' }), say('2')] });
      await store.repository.fork({ id: 'f', sessionId: 'a', asRoot: true });
      await store.repository.fork({ id: 'g', sessionId: 'f', asRoot: false });
      await store.repository.append({
        sessionId: 'f',
        messages: [say('clean', { key: 'k' })],
        onKey: 'REPLACE',
      });
      await store.repository.truncate({ sessionId: 'g', keep: 1 }, null);
      const usage = (await store.repository.rollupsOf(['f', 'g'])).map((rollup) => rollup?.usage);
      await redact([1]);
      for (const id of ['a', 'f', 'g']) expect(await says(id)).toBe(false);
      expect(await historyOf(store, 'f')).toMatchObject([
        { content: '0', redactedAt: null },
        { content: '', key: 'k', redactedAt: expect.any(Date) },
        { content: '2', redactedAt: null },
      ]);
      expect((await store.repository.rollupsOf(['f', 'g'])).map((rollup) => rollup?.usage)).toEqual(usage);
      expect(await found()).toBe(0);
    });

    it('covers copies that a client has written, wherever they stand', async () => {
      const original = leak();
      await store.create({ id: 'a', messages: [say('0'), original] });
      await store.create({
        id: 'f',
        forkedFrom: { sessionId: 'a', messageId: 'a:1', historyLength: 1 },
        messages: [{ ...original, isCopy: true }, say('own')],
      });
      await redact([1]);
      expect(await says('f')).toBe(false);
      expect(await historyOf(store, 'f')).toMatchObject([
        { isCopy: true },
        { content: 'own', redactedAt: null },
      ]);
      expect(await store.find('f')).toMatchObject({ usage: NO_USAGE });
    });

    it('takes the message that was there when the fork was made for the original, and no other', async () => {
      await store.create({ id: 'a', messages: [say('0'), say('first')] });
      await store.repository.fork({ id: 'early', sessionId: 'a', asRoot: true });
      await store.repository.truncate({ sessionId: 'a', keep: 1 }, null);
      await store.repository.append({ sessionId: 'a', messages: [leak()] });
      await store.repository.fork({ id: 'late', sessionId: 'a', asRoot: true });
      await redact([2], { copies: false });
      expect(await says('late')).toBe(true);
      await redact([2]);
      expect(await says('late')).toBe(false);
      expect(await historyOf(store, 'early')).toMatchObject([{ content: '0' }, { content: 'first' }]);
    });

    it('leaves them where the originals alone are meant', async () => {
      await store.create({ id: 'a', messages: [leak()] });
      await store.repository.fork({ id: 'f', sessionId: 'a', asRoot: true });
      await redact([0], { copies: false });
      expect([await says('a'), await says('f')]).toEqual([false, true]);
      expect(await store.find('f')).toMatchObject({ version: 1 });
      await redact([0], { sessionId: 'f' });
      expect(await says('f')).toBe(false);
    });
  });

  it('what a write drops and brings back under its key is a new message', async () => {
    await store.create({ id: 'a', messages: [say('0'), leak({ key: 'k' })] });
    await redact([1]);
    const write = { sessionId: 'a', keep: 1, messages: [say('again', { key: 'k' })] };
    await store.repository.writeHistory(write, WHOLE);
    expect(await historyOf(store, 'a')).toMatchObject([
      {},
      { ordinal: 2, content: 'again', redactedAt: null },
    ]);
    const [read] = await store.repository.findMessages([{ sessionId: 'a', ordinal: 2 }], PLENTY_OF_BYTES);
    expect(read).toMatchObject({ redactedAt: null });
  });
}
