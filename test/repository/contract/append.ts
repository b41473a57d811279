import { describe, expect, it } from 'vitest';
import { canonicalJson, type JsonValue } from '../../../src/model/json.ts';
import type { NewMessage } from '../../../src/model/message.ts';
import { NO_USAGE } from '../../../src/model/usage.ts';
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
          key: null,
          content: 'hi',
          contentLength: 2,
          kind: null,
          reasoning: null,
          toolCalls: [],
          name: null,
          toolCallId: null,
          isError: false,
          model: null,
          isCopy: false,
          payload: null,
          usage: null,
          metadata: {},
          createdAt: expect.any(Date),
          replacedAt: null,
          redactedAt: null,
        },
      ]);
      const time = messages[0]!.createdAt.getTime();
      expect(time).toBeGreaterThanOrEqual(before);
      expect(time).toBeLessThanOrEqual(Date.now());
    });

    it('keeps every field exactly', async () => {
      const given: NewMessage = {
        role: 'TOOL',
        content: 'result 😀',
        key: 'kéy 😀\n"',
        kind: 'k',
        reasoning: 'hmm\n…',
        toolCalls: [
          { toolCallId: 'c1', name: 'read', arguments: JSON.parse('{"path":"\\u0000\\ud800"}') },
          { toolCallId: 'c2', name: 'stop', arguments: null },
        ],
        name: 'read_fïle',
        toolCallId: 'call_1:"x"',
        isError: true,
        model: 'a-model',
        isCopy: true,
        payload: JSON.parse('{"parts":["\\ud83d","\\u0000"]}'),
        usage: {
          inputTokens: Number.MAX_SAFE_INTEGER,
          outputTokens: 3,
          cacheReadTokens: 1,
          cacheWriteTokens: 2,
          reasoningTokens: 3,
          costUsd: 0.000_012_3,
        },
        metadata: { model: 'm', nested: { a: [1] } },
        createdAt: new Date('2020-02-29T12:34:56.789Z'),
      };
      await store.create({ id: 'a' });
      await store.repository.append({ sessionId: 'a', messages: [given] });
      expect(await historyOf('a')).toMatchObject([given]);
    });

    it('keeps usage without a price, and none', async () => {
      const tokens = { inputTokens: 1, outputTokens: 2 };
      const usages = [tokens, { ...tokens, cacheReadTokens: null, costUsd: null }, null];
      await store.create({ id: 'a', messages: usages.map((usage) => say('', { usage })) });
      const kept = (await historyOf('a')).map(({ usage }) => usage);
      expect(kept).toEqual([{ ...NO_USAGE, ...tokens }, { ...NO_USAGE, ...tokens }, null]);
    });

    it('counts an EVENT in the length of the history, and not as an exchange', async () => {
      await store.create({ id: 'a' });
      const messages = [say('hi'), say('', { role: 'EVENT', kind: 'compaction' })];
      const { session } = await store.repository.append({ sessionId: 'a', messages });
      expect(session).toMatchObject({ historyLength: 2, messageCount: 1 });
    });

    it('whose times are given makes the session active at the latest of them, but never earlier than it was', async () => {
      const at = (year: number) => new Date(Date.UTC(year));
      await store.create({ id: 'a', createdAt: at(2001), messages: [say('')] });
      const append = async (...times: (Date | null)[]) => {
        const messages = times.map((createdAt) => say('', { createdAt }));
        return (await store.repository.append({ sessionId: 'a', messages })).session.lastActiveAt;
      };
      expect(await append(at(2003), at(2002))).toEqual(at(2003));
      expect(await append(at(2002))).toEqual(at(2003));
      const before = Date.now();
      expect((await append(at(2004), null)).getTime()).toBeGreaterThanOrEqual(before);
      expect(await append(at(2200))).toEqual(at(2200));
      expect(await append(null)).toEqual(at(2200));
    });

    it('sums what the messages cost, copies left out', async () => {
      const usage = {
        inputTokens: 10,
        outputTokens: 5,
        cacheReadTokens: 4,
        cacheWriteTokens: 3,
        reasoningTokens: 2,
        costUsd: 0.1,
      };
      await store.create({ id: 'a', messages: [say('', { usage })] });
      const few = { inputTokens: 1, outputTokens: 1, costUsd: 0.2 };
      const messages = [say('', { usage: few }), say('', { usage, isCopy: true }), say('')];
      const { session } = await store.repository.append({ sessionId: 'a', messages });
      expect(session.usage).toEqual({ ...usage, inputTokens: 11, outputTokens: 6, costUsd: 0.3 });
      await store.repository.truncate({ sessionId: 'a', keep: 0 }, null);
      expect((await store.find('a')).usage).toEqual(session.usage);
      const [rollup] = await store.repository.rollupsOf(['a']);
      expect(rollup!.usage).toEqual(session.usage);
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
      const messages = conversation(4);
      const { session } = await store.repository.append({ sessionId: 'a', messages });
      expect(session).toMatchObject({ version: 2, createdAt: past });
      expect(session.lastActiveAt.getTime()).toBeGreaterThanOrEqual(before);
      expect(session.lastActiveAt.getTime()).toBeLessThanOrEqual(Date.now());
      expect(await store.find('parent')).toEqual({ ...parent, treeLastActiveAt: session.lastActiveAt });
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
      await store.repository.delete({ sessionId: 'deleted', mode: 'RESTRICT' });
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
