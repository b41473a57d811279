import { describe, expect, it } from 'vitest';
import { messageId } from '../../../src/model/id.ts';
import type { NewMessage } from '../../../src/model/message.ts';
import { ALL, idsOf, type OpenStore, PLENTY_OF_BYTES, RETURNS, say } from './store.ts';

const call = (...ids: string[]): NewMessage =>
  say('', { role: 'ASSISTANT', toolCalls: ids.map((toolCallId) => ({ toolCallId, name: 'run' })) });
const result = (toolCallId: string, content = ''): NewMessage => say(content, { role: 'TOOL', toolCallId });

/** The store as it is, reopened, and rebuilt. */
const WAYS = [null, ...RETURNS];

export function describeToolCalls(store: OpenStore): void {
  const append = (sessionId: string, ...messages: NewMessage[]) =>
    store.repository.append({ sessionId, messages });

  /** Expects this ordinal of a result, or none, for each call, however the store was opened. */
  async function expectResults(
    sessionId: string,
    expected: [ordinal: number, id: string, found: number | null][],
  ) {
    for (const how of WAYS) {
      if (how) await store.comeBack(how);
      const requests = expected.map(([ordinal, toolCallId]) => ({ sessionId, ordinal, toolCallId }));
      const found = await store.repository.findToolResults(requests, PLENTY_OF_BYTES);
      expect(found.map((message) => message?.ordinal ?? null)).toEqual(
        expected.map(([, , ordinal]) => ordinal),
      );
    }
  }

  async function spawnedBy(...calls: [sessionId: string, ordinal: number, toolCallId: string][]) {
    const refs = calls.map(([sessionId, ordinal, toolCallId]) => ({ sessionId, ordinal, toolCallId }));
    return idsOf(await store.repository.findSpawned(refs));
  }

  describe('the result of a tool call', () => {
    it('is the message that answers it, in the order asked for', async () => {
      await store.create({ id: 'a', messages: [say('hi'), call('x', 'y'), result('y', 'Y')] });
      await store.create({ id: 'b', messages: [call('x'), result('x')] });
      await append('a', result('x', 'X'));
      const requests = [
        { sessionId: 'b', ordinal: 0, toolCallId: 'x' },
        { sessionId: 'a', ordinal: 1, toolCallId: 'y' },
        { sessionId: 'a', ordinal: 1, toolCallId: 'none' },
        { sessionId: 'a', ordinal: 1, toolCallId: 'x' },
        { sessionId: 'none', ordinal: 1, toolCallId: 'x' },
        { sessionId: 'a', ordinal: 9, toolCallId: 'x' },
      ];
      const found = await store.repository.findToolResults(requests, PLENTY_OF_BYTES);
      expect(found.map((message) => message && [messageId(message), message.toolCallId])).toEqual([
        ['b:1', 'x'],
        ['a:2', 'y'],
        null,
        ['a:3', 'x'],
        null,
        null,
      ]);
      const refs = [{ sessionId: 'a', ordinal: 2 }];
      expect(found[1]).toEqual((await store.repository.findMessages(refs, PLENTY_OF_BYTES))[0]);
    });

    it('is read without texts where none is asked for', async () => {
      await store.create({ id: 'a', messages: [call('x'), result('x', 'text')] });
      const requests = [{ sessionId: 'a', ordinal: 0, toolCallId: 'x', shown: null }];
      const read: number[] = [];
      const options = { onRead: (bytes: number) => read.push(bytes) };
      expect(await store.repository.findToolResults(requests, 0, options)).toEqual([
        { sessionId: 'a', ordinal: 1, position: 1, role: 'TOOL', createdAt: expect.any(Date) },
      ]);
      expect(read.reduce((sum, bytes) => sum + bytes, 0)).toBe(0);
    });

    it('is the next one where a later turn uses the id again', async () => {
      await store.create({ id: 'a', messages: [result('c'), call('c'), result('c'), result('c')] });
      await append('a', call('c'), result('d'), result('c'));
      await expectResults('a', [
        [1, 'c', 2],
        [2, 'c', 3],
        [4, 'c', 6],
        [6, 'c', null],
      ]);
    });

    it('is only a TOOL message', async () => {
      await store.create({ id: 'a' });
      await append('a', call('c'), { ...result('c'), role: 'EVENT' }, { ...result('c'), role: 'USER' });
      await expectResults('a', [[0, 'c', null]]);
      await append('a', result('c'));
      await expectResults('a', [[0, 'c', 3]]);
    });

    it('has exactly the id of the call', async () => {
      const ids = ['', 'k', 'K', ' k', 'é', 'e\u0301', '1', '01', '1.0', "'", '%', '😀'];
      await store.create({ id: 'a', messages: [call(...ids), ...ids.map((id) => result(id))] });
      await expectResults(
        'a',
        ids.map((id, n) => [0, id, n + 1]),
      );
    });

    it('is gone once it is rolled back, and comes anew', async () => {
      await store.create({ id: 'a' });
      await append('a', call('c', 'd'), result('c'), result('d'));
      await append('a', call('c'), result('c'));
      await store.repository.truncate({ sessionId: 'a', keep: 2 }, null);
      await expectResults('a', [
        [0, 'c', 1],
        [0, 'd', null],
        [3, 'c', null],
      ]);
      await append('a', result('d'), result('c'));
      await expectResults('a', [
        [0, 'c', 1],
        [0, 'd', 5],
        [3, 'c', null],
      ]);
      await store.repository.truncate({ sessionId: 'a', keep: 0 }, null);
      await append('a', result('c'));
      await expectResults('a', [[0, 'c', null]]);
    });

    it('is none once its message got another form that answers another call, or none', async () => {
      const keyed = (toolCallId: string, more: Partial<NewMessage> = {}): NewMessage => ({
        ...result(toolCallId),
        key: 'k',
        ...more,
      });
      const replace = (message: NewMessage) =>
        store.repository.append({ sessionId: 'a', messages: [message], onKey: 'REPLACE' });
      await store.create({ id: 'a', messages: [call('x', 'y'), keyed('x')] });
      await replace(keyed('y'));
      await expectResults('a', [
        [0, 'x', null],
        [0, 'y', 1],
      ]);
      await replace(keyed('y', { role: 'ASSISTANT' }));
      await expectResults('a', [
        [0, 'x', null],
        [0, 'y', null],
      ]);
      await replace(keyed('x'));
      await expectResults('a', [[0, 'x', 1]]);
    });

    it('is the copy in a fork', async () => {
      await store.create({ id: 'a', messages: [call('c', 'd'), result('c'), result('d')] });
      const through = { sessionId: 'a', ordinal: 1 };
      await store.repository.fork({ sessionId: 'a', id: 'short', throughMessage: through, asRoot: true });
      await store.repository.fork({ sessionId: 'a', id: 'f', asRoot: false });
      await expectResults('f', [
        [0, 'c', 1],
        [0, 'd', 2],
      ]);
      await expectResults('short', [
        [0, 'c', 1],
        [0, 'd', null],
      ]);
    });

    it('is the copy in a fork of thousands of messages', async () => {
      await store.create({ id: 'a' });
      for (let n = 0; n < 3; n += 1)
        await append(
          'a',
          ...Array.from({ length: 450 }, (_, k) => [call(`${n}/${k}`), result(`${n}/${k}`)]).flat(),
        );
      await store.repository.fork({ sessionId: 'a', id: 'f', asRoot: true });
      await expectResults('f', [
        [0, '0/0', 1],
        [998, '1/49', 999],
        [1_000, '1/50', 1_001],
        [2_698, '2/449', 2_699],
      ]);
    });

    it('goes with its session when that is deleted', async () => {
      await store.create({ id: 'a', messages: [call('c'), result('c')] });
      await store.repository.delete({ sessionId: 'a', mode: 'RESTRICT' });
      await expectResults('a', [[0, 'c', null]]);
    });
  });

  describe('the session that a tool call spawned', () => {
    it('is the one whose origin names the call, as soon as it is created', async () => {
      await store.create({ id: 'a', messages: [call('x', 'y'), call('x')] });
      await store.create({ id: 'b', messages: [call('x')] });
      await store.create({ id: 'a1', parentId: 'a', spawnedBy: { messageId: 'a:0', toolCallId: 'x' } });
      expect(await spawnedBy(['a', 0, 'x'])).toEqual(['a1']);
      await store.create({ id: 'a2', parentId: 'a', spawnedBy: { toolCallId: 'y' } });
      await store.create({ id: 'a3', parentId: 'a', spawnedBy: { messageId: 'a:1' } });
      await store.create({ id: 'b1', parentId: 'b', spawnedBy: { messageId: 'b:0', toolCallId: 'x' } });
      for (const how of WAYS) {
        if (how) await store.comeBack(how);
        const found = await spawnedBy(
          ['b', 0, 'x'],
          ['a', 0, 'y'],
          ['a', 1, 'x'],
          ['a', 0, 'x'],
          ['none', 0, 'x'],
        );
        expect(found).toEqual(['b1', 'a2', null, 'a1', null]);
      }
      const [found] = await store.repository.findSpawned([{ sessionId: 'a', ordinal: 0, toolCallId: 'x' }]);
      expect(found).toEqual(await store.find('a1'));
    });

    it('is the first of several, and one that names the message before one that names the call alone', async () => {
      await store.create({ id: 'a', messages: [call('c'), call('c')] });
      for (const [id, spawned] of [
        ['z-call', { toolCallId: 'c' }],
        ['y-call', { toolCallId: 'c' }],
        ['x-message', { messageId: 'a:1', toolCallId: 'c' }],
        ['w-message', { messageId: 'a:1', toolCallId: 'c' }],
      ] as const)
        await store.create({ id, parentId: 'a', spawnedBy: spawned });
      for (const how of WAYS) {
        if (how) await store.comeBack(how);
        expect(await spawnedBy(['a', 0, 'c'], ['a', 1, 'c'])).toEqual(['z-call', 'x-message']);
      }
    });

    it('is found wherever it is, and from the moment in which it says so', async () => {
      await store.chain('a', 'b');
      await store.create({ id: 'other' });
      await store.create({ id: 'c', parentId: 'b' });
      expect(await spawnedBy(['b', 0, 'c'])).toEqual([null]);
      await store.repository.update({ sessionId: 'c', spawnedBy: { toolCallId: 'c' } });
      expect(await spawnedBy(['b', 0, 'c'])).toEqual(['c']);
      await store.repository.move({ sessionId: 'c', parentId: 'other' });
      await store.repository.archive({ sessionId: 'c', subtree: true, archived: true });
      expect(await spawnedBy(['b', 0, 'c'], ['other', 0, 'c'])).toEqual(['c', null]);
      await store.repository.archive({ sessionId: 'c', subtree: true, archived: false });
      await store.repository.update({ sessionId: 'c', spawnedBy: { toolCallId: 'd' } });
      await store.repository.append({ sessionId: 'c', messages: [say('more')] });
      for (const how of WAYS) {
        if (how) await store.comeBack(how);
        expect(await spawnedBy(['b', 0, 'c'], ['other', 0, 'd'])).toEqual([null, 'c']);
      }
      await store.repository.delete({ sessionId: 'c', mode: 'RESTRICT' });
      expect(await spawnedBy(['other', 0, 'd'])).toEqual([null]);
    });

    it('is that of the original only: a fork has spawned nothing', async () => {
      await store.create({ id: 'a', messages: [call('c')] });
      await store.create({ id: 'b', parentId: 'a', spawnedBy: { messageId: 'a:0', toolCallId: 'c' } });
      await store.repository.fork({ sessionId: 'a', id: 'f', asRoot: true });
      await store.repository.fork({ sessionId: 'b', id: 'g', asRoot: false });
      expect(await spawnedBy(['a', 0, 'c'], ['f', 0, 'c'])).toEqual(['b', null]);
      expect((await store.repository.forksOf([{ sessionId: 'b', page: ALL }]))[0]!.items).toHaveLength(1);
    });
  });
}
