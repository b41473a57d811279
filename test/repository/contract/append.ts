import { describe, expect, it } from 'vitest';
import { canonicalJson, type JsonValue } from '../../../src/model/json.ts';
import type { NewMessage } from '../../../src/model/message.ts';
import { ALL, conversation, type OpenStore, PLENTY_OF_BYTES, say } from './store.ts';

const TEXTS = [
  '',
  ' ',
  'line\nline\r\nline\rline\u2028line\u2029line\u0085',
  '"quoted" \\back\\ {"json":"[1]"}',
  '\u0001\u001f\u007f\ufeff\ufffe',
  'e\u0301 \u00e9 \u1e9b\u0323',
  '😀 👩‍👩‍👧‍👦 🇩🇪 𝕏 你好 مرحبا ‮rtl',
  `${'x'.repeat(1_000_000)}😀`,
];

const PAYLOADS: JsonValue[] = [
  null,
  false,
  0,
  '',
  [],
  {},
  [1e21, 1e-7, 0.1, -1.5, Number.MAX_SAFE_INTEGER, Number.MIN_VALUE, Number.MAX_VALUE],
  { type: 'tool_use', input: { path: 'a/b', lines: [1, 2, null] }, ä: '\u2028' },
  JSON.parse('{"__proto__":{"x":1},"constructor":null}'),
];

export function describeAppend(store: OpenStore): void {
  async function historyOf(sessionId: string) {
    const [page] = await store.repository.historyOf([{ sessionId, page: ALL }], PLENTY_OF_BYTES);
    return page!.items;
  }

  describe('appending messages', () => {
    it('answers with the session and the messages as they now are', async () => {
      await store.create({ id: 'a', messages: conversation(1) });
      const { session, messages } = await store.repository.append({
        sessionId: 'a',
        messages: conversation(3),
      });
      expect(session).toEqual(await store.find('a'));
      expect(session).toMatchObject({ historyLength: 4, messageCount: 2, version: 2 });
      expect(messages).toEqual((await historyOf('a')).slice(1));
      expect(messages.map(({ position, ordinal }) => [position, ordinal])).toEqual([
        [1, 1],
        [2, 2],
        [3, 3],
      ]);
    });

    it('of which only the role and the content are given fills in the rest', async () => {
      await store.create({ id: 'a' });
      const before = Date.now();
      const { messages } = await store.repository.append({ sessionId: 'a', messages: [say('hi')] });
      expect(messages).toEqual([
        {
          sessionId: 'a',
          ordinal: 0,
          position: 0,
          role: 'USER',
          content: 'hi',
          name: null,
          toolCallId: null,
          payload: null,
          usage: null,
          metadata: {},
          createdAt: expect.any(Date),
        },
      ]);
      const time = messages[0]!.createdAt.getTime();
      expect(time).toBeGreaterThanOrEqual(before);
      expect(time).toBeLessThanOrEqual(Date.now());
    });

    it('keeps every field exactly', async () => {
      const given: NewMessage = {
        role: 'TOOL',
        content: 'result',
        name: 'read_fïle',
        toolCallId: 'call_1:"x"',
        payload: { parts: [{ type: 'text' }] },
        usage: { inputTokens: Number.MAX_SAFE_INTEGER, outputTokens: 0, costUsd: 0.000_012_3 },
        metadata: { model: 'm', nested: { a: [1] } },
        createdAt: new Date('2020-02-29T12:34:56.789Z'),
      };
      await store.create({ id: 'a' });
      await store.repository.append({ sessionId: 'a', messages: [given] });
      expect(await historyOf('a')).toMatchObject([given]);
    });

    it('keeps usage without a price, and none', async () => {
      const usages = [
        { inputTokens: 1, outputTokens: 2 },
        { inputTokens: 1, outputTokens: 2, costUsd: null },
        null,
      ];
      await store.create({ id: 'a', messages: usages.map((usage) => say('', { usage })) });
      const kept = (await historyOf('a')).map(
        ({ usage }) => usage && { ...usage, costUsd: usage.costUsd ?? null },
      );
      expect(kept).toEqual([usages[1], usages[1], null]);
    });

    it('keeps any text', async () => {
      await store.create({ id: 'a' });
      await store.repository.append({ sessionId: 'a', messages: TEXTS.map((text) => say(text)) });
      expect((await historyOf('a')).map(({ content }) => content)).toEqual(TEXTS);
    });

    it('keeps any payload and metadata, null and absent being one', async () => {
      await store.create({ id: 'a' });
      const messages = PAYLOADS.map((payload) => say('', { payload, metadata: { payload } }));
      await store.repository.append({ sessionId: 'a', messages: [...messages, say('')] });
      const kept = await historyOf('a');
      expect(kept.map(({ payload }) => canonicalJson(payload))).toEqual(
        [...PAYLOADS, null].map(canonicalJson),
      );
      expect(kept.slice(0, -1).map(({ metadata }) => canonicalJson(metadata))).toEqual(
        PAYLOADS.map((payload) => canonicalJson({ payload })),
      );
    });

    it('adds one to the version, however many they are, and makes the session active now', async () => {
      const past = new Date('2020-01-01');
      await store.chain('parent');
      await store.create({ id: 'a', parentId: 'parent', createdAt: past });
      const parent = await store.find('parent');
      const before = Date.now();
      const messages = conversation(4).map((message) => ({ ...message, createdAt: past }));
      const { session } = await store.repository.append({ sessionId: 'a', messages });
      expect(session).toMatchObject({ version: 2, createdAt: past });
      expect(session.lastActiveAt.getTime()).toBeGreaterThanOrEqual(before);
      expect(session.lastActiveAt.getTime()).toBeLessThanOrEqual(Date.now());
      expect(await store.find('parent')).toEqual(parent);
    });

    it('counts the messages of the user, whatever else comes with them', async () => {
      await store.create({ id: 'a' });
      for (const roles of [
        ['USER', 'ASSISTANT'],
        ['SYSTEM', 'TOOL'],
        ['USER', 'USER'],
      ] as const)
        await store.repository.append({ sessionId: 'a', messages: roles.map((role) => say('', { role })) });
      expect(await store.find('a')).toMatchObject({ messageCount: 3, historyLength: 6, version: 4 });
    });

    it.each(['missing', 'deleted'])('refuses a session that is not there: %s', async (sessionId) => {
      await store.create({ id: 'deleted' });
      await store.repository.delete({ id: 'deleted', mode: 'RESTRICT' });
      await expect(store.repository.append({ sessionId, messages: [say('hi')] })).rejects.toMatchObject({
        name: 'SessionNotFoundError',
        sessionId,
      });
      expect(await historyOf(sessionId)).toEqual([]);
    });

    it('guards against a version that has moved on', async () => {
      await store.create({ id: 'a' });
      const append = (expectedVersion: number) =>
        store.repository.append({ sessionId: 'a', messages: [say(`${expectedVersion}`)], expectedVersion });
      await append(1);
      await expect(append(1)).rejects.toMatchObject({
        name: 'ConflictError',
        reason: 'VERSION',
        expectedVersion: 1,
        actualVersion: 2,
      });
      expect((await append(2)).session.version).toBe(3);
      expect((await historyOf('a')).map(({ content }) => content)).toEqual(['1', '2']);
    });
  });
}
