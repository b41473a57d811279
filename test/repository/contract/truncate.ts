import { describe, expect, it } from 'vitest';
import { NO_TEXTS } from '../../../src/model/message.ts';
import { ReadTooLargeError } from '../../../src/repository/reads.ts';
import { everything } from './everything.ts';
import {
  contentsOf,
  conversation,
  historyOf,
  MUCH,
  type OpenStore,
  operation,
  RETURNS,
  say,
} from './store.ts';

export function describeTruncate(store: OpenStore): void {
  const truncate = (keep: number, expectedVersion?: number) =>
    store.repository.truncate({ sessionId: 'a', keep, expectedVersion: expectedVersion ?? null }, MUCH);
  const plan = (keep: number, expectedVersion?: number) =>
    store.repository.planTruncate({ sessionId: 'a', keep, expectedVersion: expectedVersion ?? null }, MUCH);

  describe('rolling a history back', () => {
    it('keeps the first messages, and answers with the others', async () => {
      await store.create({ id: 'a', messages: conversation(6) });
      const before = await historyOf(store, 'a');
      const { session, removed, removedCount } = await truncate(2);
      expect(removed).toEqual(before.slice(2));
      expect(removedCount).toBe(4);
      expect(session).toMatchObject({ historyLength: 2, messageCount: 1, version: 2 });
      expect(await historyOf(store, 'a')).toEqual(before.slice(0, 2));
      expect(await store.repository.findMessages([{ sessionId: 'a', ordinal: 3 }], 1e9)).toEqual([null]);
    });

    it('goes on at its position, with an ordinal that was not used before', async () => {
      await store.create({ id: 'a', messages: conversation(4) });
      await truncate(1);
      await store.repository.append({ sessionId: 'a', messages: [say('new'), say('newer')] });
      expect(await historyOf(store, 'a')).toMatchObject([
        { ordinal: 0, position: 0, content: '0' },
        { ordinal: 4, position: 1, content: 'new' },
        { ordinal: 5, position: 2, content: 'newer' },
      ]);
      expect((await truncate(2)).removed).toMatchObject([{ ordinal: 5 }]);
      expect(await contentsOf(store, 'a')).toEqual(['0', 'new']);
    });

    it('cuts an exchange in two where that is asked for', async () => {
      await store.create({ id: 'a' });
      await store.repository.append({
        sessionId: 'a',
        messages: [say('q'), say('r', { role: 'ASSISTANT' })],
      });
      expect((await truncate(1)).removed).toMatchObject([{ content: 'r' }]);
      expect(await contentsOf(store, 'a')).toEqual(['q']);
    });

    it('to its length drops nothing, beyond it is refused, and a plan changes nothing', async () => {
      await store.create({ id: 'a', messages: conversation(3) });
      expect((await truncate(3)).removed).toEqual([]);
      const before = await everything(store.repository);
      expect(await plan(1)).toMatchObject({
        session: { version: 2, historyLength: 3 },
        removedCount: 2,
        removed: [{ content: '1' }, { content: '2' }],
      });
      await expect(truncate(4)).rejects.toMatchObject({
        name: 'InvalidInputError',
        issues: [{ path: ['input', 'keep'], message: expect.stringContaining('at most 3') }],
      });
      await expect(truncate(1, 9)).rejects.toMatchObject({ name: 'ConflictError' });
      await expect(plan(1, 9)).rejects.toMatchObject({ name: 'ConflictError' });
      expect(await everything(store.repository)).toEqual(before);
    });

    it('is refused before anything is written where more is dropped than may be read', async () => {
      await store.create({ id: 'a', messages: [say('x'.repeat(1_000)), say('y'.repeat(1_000))] });
      const input = { sessionId: 'a', keep: 0 };
      await expect(store.repository.truncate(input, { messages: 5, bytes: 500 })).rejects.toBeInstanceOf(
        ReadTooLargeError,
      );
      expect(await store.find('a')).toMatchObject({ historyLength: 2, version: 1 });
    });

    it('counts only what is asked for, and reads nothing where nothing is', async () => {
      const payload = { image: 'p'.repeat(10_000) };
      const messages = [say('x', { payload }), say('y', { payload }), say('z', { payload })];
      await store.create({ id: 'a', messages });
      const { repository } = store;
      const input = (keep: number) => ({ sessionId: 'a', keep });
      const shown = { ...NO_TEXTS, content: 2 };
      const limit = { messages: 1, bytes: 1, shown };
      await expect(repository.truncate(input(2), limit)).rejects.toBeInstanceOf(ReadTooLargeError);
      const one = await repository.truncate(input(2), { ...limit, bytes: 2 });
      expect(one.removed).toMatchObject([{ content: 'z' }]);
      const heads = await repository.truncate(input(1), { messages: 1, bytes: 0, shown: null });
      const { createdAt } = await store.find('a');
      expect(heads.removed).toEqual([{ sessionId: 'a', ordinal: 1, position: 1, role: 'USER', createdAt }]);
      expect(await repository.truncate(input(0), null)).toMatchObject({
        removed: [],
        removedCount: 1,
        session: { historyLength: 0 },
      });
    });

    it('answers with the first of what it dropped where only so many are asked for, and counts all', async () => {
      await store.create({ id: 'a', messages: conversation(9) });
      const input = { sessionId: 'a', keep: 1 };
      const shown = { ...NO_TEXTS, content: 1 };
      const limit = { messages: 2, bytes: 2, shown, first: 2 };
      const first = { removedCount: 8, removed: [{ content: '1' }, { content: '2' }] };
      expect(await store.repository.planTruncate(input, limit)).toMatchObject(first);
      const truncated = () => store.repository.truncate(input, limit, operation('op', 'truncate'));
      expect(await truncated()).toMatchObject({
        ...first,
        session: { historyLength: 1, messageCount: 1, version: 2 },
      });
      expect(await truncated()).toMatchObject({ ...first, session: { version: 2 } });
    });

    it('comes in order with appends that wait with it', async () => {
      await store.create({ id: 'a' });
      const { repository } = store;
      const outcomes = await Promise.all([
        repository.append({ sessionId: 'a', messages: conversation(3) }),
        truncate(1),
        repository.append({ sessionId: 'a', messages: [say('after')] }),
      ]);
      expect(outcomes[1].removed).toMatchObject([{ content: '1' }, { content: '2' }]);
      expect(await contentsOf(store, 'a')).toEqual(['0', 'after']);
    });

    it('does not take back what was paid for', async () => {
      const usage = { inputTokens: 10, outputTokens: 5, costUsd: 0.1 };
      await store.create({ id: 'a', messages: [say('1', { usage }), say('2', { usage })] });
      await truncate(1);
      const [rollup] = await store.repository.rollupsOf(['a']);
      expect(rollup).toMatchObject({
        historyLength: 1,
        usage: { inputTokens: 20, outputTokens: 10, costUsd: 0.2 },
      });
    });

    it.each(RETURNS)('stays so after the store was %s', async (how) => {
      await store.create({ id: 'a', messages: conversation(9) });
      await truncate(5);
      await store.repository.append({ sessionId: 'a', messages: conversation(2) });
      await truncate(4);
      const before = await everything(store.repository);
      await store.comeBack(how);
      expect(await everything(store.repository)).toEqual(before);
      expect((await store.find('a')).damage).toEqual([]);
    });
  });
}
