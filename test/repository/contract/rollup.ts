import { describe, expect, it } from 'vitest';
import { NO_USAGE } from '../../../src/model/usage.ts';
import { conversation, type OpenStore, RETURNS, say } from './store.ts';

export function describeRollup(store: OpenStore): void {
  const rollupOf = async (id: string) => (await store.repository.rollupsOf([id]))[0];
  const paid = (costUsd: number | null, inputTokens = 1, outputTokens = 2) =>
    say('paid', { usage: { inputTokens, outputTokens, costUsd } });

  describe('a rollup', () => {
    it('adds up a session and all beneath it, each in one read', async () => {
      await store.create({ id: 'a', messages: [paid(0.1), ...conversation(3)] });
      await store.create({ id: 'b', parentId: 'a', messages: [paid(0.2), paid(null)] });
      await store.create({ id: 'c', parentId: 'b', messages: conversation(2) });
      await store.create({ id: 'd', parentId: 'a' });
      const late = (await store.repository.append({ sessionId: 'c', messages: [say('late')] })).session;
      const c = {
        sessionCount: 1,
        messageCount: 2,
        historyLength: 3,
        usage: { ...NO_USAGE, inputTokens: 0, outputTokens: 0, costUsd: null },
        lastActiveAt: late.lastActiveAt,
        maxDepth: 2,
        byStatus: [{ status: 'IDLE', count: 1 }],
      };
      const b = {
        ...c,
        sessionCount: 2,
        byStatus: [{ status: 'IDLE', count: 2 }],
        messageCount: 4,
        historyLength: 5,
        usage: { ...NO_USAGE, inputTokens: 2, outputTokens: 4, costUsd: 0.2 },
      };
      const a = {
        ...b,
        sessionCount: 4,
        byStatus: [{ status: 'IDLE', count: 4 }],
        messageCount: 6,
        historyLength: 9,
        usage: { ...NO_USAGE, inputTokens: 3, outputTokens: 6, costUsd: 0.3 },
      };
      expect(await store.repository.rollupsOf(['c', 'none', 'a', 'b'])).toEqual([c, null, a, b]);
    });

    it('counts sessions by status, in the order of the statuses', async () => {
      await store.create({ id: 'a', status: 'COMPLETED' });
      for (const status of ['WAITING', 'RUNNING', 'WAITING', 'FAILED'] as const) {
        const { id } = await store.create({ parentId: 'a', status });
        await store.create({ parentId: id });
      }
      await store.repository.update({ sessionId: 'a', status: 'RUNNING' });
      expect((await rollupOf('a'))!.byStatus).toEqual([
        { status: 'IDLE', count: 4 },
        { status: 'RUNNING', count: 2 },
        { status: 'WAITING', count: 2 },
        { status: 'FAILED', count: 1 },
      ]);
    });

    it('adds money in decimal', async () => {
      const costs = [0.1, 0.2, 1e-7, 3e-7, 1234.56, 1e21, 5e-324];
      await store.create({ id: 'few', messages: costs.slice(0, 5).map((cost) => paid(cost)) });
      expect((await rollupOf('few'))!.usage.costUsd).toBe(1234.860_000_4);
      await store.create({ id: 'many', messages: Array.from({ length: 1_000 }, () => paid(0.1)) });
      expect((await rollupOf('many'))!.usage.costUsd).toBe(100);
      await store.create({ id: 'far', messages: costs.map((cost) => paid(cost)) });
      expect((await rollupOf('far'))!.usage.costUsd).toBe(1e21 + 1234.86);
    });

    it('keeps tokens within what a number holds', async () => {
      await store.create({ id: 'a', messages: [paid(0, Number.MAX_SAFE_INTEGER), paid(0, 5)] });
      await store.create({ id: 'b', parentId: 'a', messages: [paid(0, Number.MAX_SAFE_INTEGER)] });
      expect((await rollupOf('a'))!.usage.inputTokens).toBe(Number.MAX_SAFE_INTEGER);
    });

    it('does not add what a fork copied, but adds what came after', async () => {
      await store.create({ id: 'a', messages: [paid(1), say('x')] });
      await store.repository.fork({ sessionId: 'a', id: 'b', asRoot: true });
      expect(await rollupOf('b')).toMatchObject({
        messageCount: 2,
        historyLength: 2,
        usage: { ...NO_USAGE, inputTokens: 0, outputTokens: 0, costUsd: null },
      });
      await store.repository.append({ sessionId: 'b', messages: [paid(2)] });
      expect(await rollupOf('b')).toMatchObject({ usage: { inputTokens: 1, costUsd: 2 } });
    });

    it.each(RETURNS)('of thousands is the same after the store was %s', async (how) => {
      await store.create({ id: 'top' });
      await Promise.all(
        Array.from({ length: 2_500 }, (_, n) =>
          store.create({ parentId: 'top', messages: n % 50 ? [] : [paid(0.1)] }),
        ),
      );
      const before = await rollupOf('top');
      expect(before).toMatchObject({
        sessionCount: 2_501,
        historyLength: 50,
        usage: { costUsd: 5 },
        maxDepth: 1,
      });
      await store.comeBack(how);
      expect(await rollupOf('top')).toEqual(before);
    });
  });
}
