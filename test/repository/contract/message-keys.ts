import { describe, expect, it } from 'vitest';
import type { MessageRef } from '../../../src/model/id.ts';
import { conversation, type OpenStore, operation, PLENTY_OF_BYTES, RETURNS, say } from './store.ts';

export function describeMessageKeys(store: OpenStore): void {
  const append = (sessionId: string, ...keys: (string | null)[]) =>
    store.repository.append({ sessionId, messages: keys.map((key) => say(`of ${key}`, { key })) });

  async function byKey(...requests: [sessionId: string, key: string][]) {
    const asked = requests.map(([sessionId, key]) => ({ sessionId, key }));
    return await store.repository.findMessagesByKey(asked, PLENTY_OF_BYTES);
  }

  async function ordinalsByKey(sessionId: string, ...keys: string[]) {
    const found = await byKey(...keys.map((key) => [sessionId, key] as [string, string]));
    return found.map((message) => message?.ordinal ?? null);
  }

  const taken = (key: string) => ({ name: 'ConflictError', reason: 'KEY', key });

  describe('the key of a message', () => {
    it('finds the message in its session, in the order asked for', async () => {
      await store.create({ id: 'a', messages: [say('0'), say('1', { key: 'k' })] });
      await store.create({ id: 'b' });
      await append('a', 'l', null, 'm');
      await append('b', 'k');
      const found = await byKey(['b', 'k'], ['a', 'm'], ['a', 'none'], ['a', 'k'], ['none', 'k'], ['a', 'k']);
      expect(found.map((message) => message && [message.sessionId, message.ordinal, message.key])).toEqual([
        ['b', 0, 'k'],
        ['a', 4, 'm'],
        null,
        ['a', 1, 'k'],
        null,
        ['a', 1, 'k'],
      ]);
      const refs: MessageRef[] = [{ sessionId: 'a', ordinal: 4 }];
      expect(found[1]).toEqual((await store.repository.findMessages(refs, PLENTY_OF_BYTES))[0]);
    });

    it('is read without texts where none is asked for', async () => {
      await store.create({ id: 'a', messages: [say('x', { key: 'k' })] });
      const requests = [{ sessionId: 'a', key: 'k', shown: null }];
      const read: number[] = [];
      const options = { onRead: (bytes: number) => read.push(bytes) };
      expect(await store.repository.findMessagesByKey(requests, 0, options)).toEqual([
        { sessionId: 'a', ordinal: 0, position: 0, role: 'USER', createdAt: expect.any(Date) },
      ]);
      expect(read.reduce((sum, bytes) => sum + bytes, 0)).toBe(0);
    });

    it('distinguishes keys that look alike', async () => {
      const keys = ['k', 'K', ' k', 'é', 'e\u0301', '1', '01', "'", '%'];
      await store.create({ id: 'a' });
      await append('a', ...keys);
      expect(await ordinalsByKey('a', ...keys)).toEqual(keys.map((_, ordinal) => ordinal));
    });

    it('is refused while a message of the history has it, and then nothing is appended', async () => {
      await store.create({ id: 'a', messages: [say('', { key: 'k' })] });
      await append('a', 'l');
      const before = await store.find('a');
      await expect(append('a', 'new', 'k')).rejects.toMatchObject(taken('k'));
      await expect(append('a', 'l', 'new')).rejects.toMatchObject(taken('l'));
      expect(await store.find('a')).toEqual(before);
      await append('a', 'new');
    });

    it('goes to one of many appends at once', async () => {
      await store.create({ id: 'a' });
      const appends = Array.from({ length: 20 }, (_, n) => append('a', n % 2 ? 'k' : null, `${n}`));
      const settled = await Promise.allSettled(appends);
      expect(settled.filter(({ status }) => status === 'fulfilled').length).toBe(11);
      expect(await store.find('a')).toMatchObject({ historyLength: 22, version: 12 });
    });

    it('is free again once its message was rolled back', async () => {
      await store.create({ id: 'a' });
      await append('a', 'k', 'l', 'm');
      await store.repository.truncate({ sessionId: 'a', keep: 1 }, null);
      expect(await ordinalsByKey('a', 'k', 'l', 'm')).toEqual([0, null, null]);
      await append('a', 'm', 'n');
      for (const how of WAYS) {
        if (how) await store.comeBack(how);
        expect(await ordinalsByKey('a', 'k', 'l', 'm', 'n')).toEqual([0, null, 3, 4]);
        await expect(append('a', 'm')).rejects.toMatchObject(taken('m'));
      }
      await store.repository.truncate({ sessionId: 'a', keep: 0 }, null);
      await append('a', 'k');
      expect(await ordinalsByKey('a', 'k')).toEqual([5]);
    });

    it('is that of the copy, too, in a fork', async () => {
      await store.create({ id: 'a', messages: [say('', { key: 'k' }), say(''), say('', { key: 'l' })] });
      const through = { sessionId: 'a', ordinal: 1 };
      await store.repository.fork({ sessionId: 'a', id: 'short', throughMessage: through, asRoot: true });
      await store.repository.fork({ sessionId: 'a', id: 'f', asRoot: false });
      await append('short', 'l');
      for (const how of WAYS) {
        if (how) await store.comeBack(how);
        expect(await ordinalsByKey('f', 'k', 'l')).toEqual([0, 2]);
        expect(await ordinalsByKey('short', 'k', 'l')).toEqual([0, 2]);
        await expect(append('f', 'l')).rejects.toMatchObject(taken('l'));
      }
    });

    it('is that of the copy in a fork of thousands of messages', async () => {
      await store.create({ id: 'a' });
      for (let n = 0; n < 3; n += 1)
        await append('a', ...Array.from({ length: 900 }, (_, k) => (k % 7 ? null : `${n}/${k}`)));
      await store.repository.fork({ sessionId: 'a', id: 'f', asRoot: true });
      expect(await ordinalsByKey('f', '0/0', '1/7', '2/896', '2/895')).toEqual([0, 907, 2_696, null]);
    });

    it('goes with its session when that is deleted', async () => {
      await store.create({ id: 'a', messages: [say('', { key: 'k' })] });
      await store.repository.delete({ sessionId: 'a', mode: 'RESTRICT' });
      expect(await ordinalsByKey('a', 'k')).toEqual([null]);
    });

    it('does not stand in the way of a retry', async () => {
      await store.create({ id: 'a' });
      const input = { sessionId: 'a', messages: [say('x', { key: 'k' }), ...conversation(3)] };
      const first = await store.repository.append(input, operation('1', input));
      expect(await store.repository.append(input, operation('1', input))).toEqual(first);
      expect(first.messages[0]).toMatchObject({ key: 'k' });
    });
  });
}

/** The store as it is, reopened, and rebuilt. */
const WAYS = [null, ...RETURNS];
