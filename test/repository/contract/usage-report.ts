import { describe, expect, it } from 'vitest';
import type { NewMessage } from '../../../src/model/message.ts';
import { USAGE_DIMENSIONS, type UsageDimension } from '../../../src/model/usage-report.ts';
import type { UsageReportRequest } from '../../../src/repository/reads.ts';
import { naiveReport, naiveSum, type Response } from './naive-usage.ts';
import { ALL, conversation, type OpenStore, RETURNS, say } from './store.ts';

const at = (time: string) => new Date(`2026-03-${time}Z`);

const DAYS = ['01T00:00:00.000', '01T09:30:00.000', '01T23:59:59.999', '02T00:00:00.000', '03T12:00:00.000'];
const MODELS = ['opus', 'haiku', null, ''];
const COSTS = [0.1, 0.2, null, 1e-7, 0, 0.003_702_000_000_000_000_4, 1234.5, 0.1 + 0.2];

const response = (n: number, more: Partial<NewMessage> = {}): NewMessage =>
  say('paid', {
    role: 'ASSISTANT',
    model: MODELS[n % MODELS.length]!,
    createdAt: at(DAYS[n % DAYS.length]!),
    usage: {
      inputTokens: 100 + n,
      outputTokens: n,
      cacheReadTokens: n % 7,
      reasoningTokens: n % 3,
      costUsd: COSTS[n % COSTS.length]!,
    },
    ...more,
  });

const OLDEST_FIRST = { field: 'CREATED_AT', direction: 'ASC' } as const;

export function describeUsageReport(store: OpenStore): void {
  const report = (request: UsageReportRequest) => store.repository.usageReport(request);

  /** What was paid in the running test. */
  let paid: Response[] = [];
  const pay = (sessionId: string, messages: readonly NewMessage[]) => {
    for (const { usage, isCopy, model = null, createdAt } of messages)
      if (usage && !isCopy) paid.push({ sessionId, model, createdAt: createdAt!, usage });
  };
  const create = async (id: string, of: object, ...messages: NewMessage[]) => {
    await store.create({ id, ...of, messages });
    pay(id, messages);
  };
  const append = async (sessionId: string, ...messages: NewMessage[]) => {
    await store.repository.append({ sessionId, messages });
    pay(sessionId, messages);
  };
  const responses = (from: number, count: number) =>
    Array.from({ length: count }, (_, n) => response(from + n));

  async function expectAsPaid(request: UsageReportRequest): Promise<void> {
    const { items } = await store.repository.list({ archived: 'INCLUDE' }, OLDEST_FIRST, ALL);
    const { within, subtree } = request;
    const [beneath] = within == null ? [] : await store.repository.descendantsOf([within], ALL, null);
    const ids =
      within == null ? null : [within, ...(subtree === false ? [] : beneath!.items).map(({ id }) => id)];
    const sessions = ids ? items.filter(({ id }) => ids.includes(id)) : items;
    expect([request, await report(request)]).toEqual([request, naiveReport(paid, sessions, request)]);
  }

  async function expectAllAsPaid(request: Partial<UsageReportRequest> = {}): Promise<void> {
    for (const dimension of USAGE_DIMENSIONS) await expectAsPaid({ ...request, by: [dimension] });
    await expectAsPaid({ ...request, by: ['DAY', 'MODEL'] });
    await expectAsPaid({ ...request, by: [...USAGE_DIMENSIONS] });
    await expectAsPaid({ ...request, by: ['STATUS', 'ROOT', 'DAY'], first: 3 });
  }

  /** Two trees, one of nobody, with a fork, a rollback, copies, and an archived session. */
  async function populate(): Promise<void> {
    paid = [];
    await create('a', { userId: 'ann', project: 'p', agentName: 'planner' }, ...responses(0, 6));
    await create('b', { parentId: 'a', agentName: 'coder' }, say('free'), response(7));
    await create('c', { parentId: 'b', userId: 'bob', status: 'FAILED' }, ...responses(20, 40));
    await create('d', {}, response(3, { isCopy: true }), response(4));
    await store.create({ id: 'free', messages: conversation(3) });
    await store.repository.fork({ sessionId: 'a', id: 'f', asRoot: false });
    await append('f', response(11), response(12));
    await append('c', response(13));
    await store.repository.truncate({ sessionId: 'c', keep: 5 }, null);
    await append('c', response(14), say('more'));
    await store.repository.archive({ sessionId: 'b', subtree: false, archived: true });
  }

  /** Beneath `a`: messages that got other forms, or were dropped and came back, once and again; and some of a fork's copies. */
  async function rewrite(): Promise<void> {
    const keyed = (n: number, key: number, more: Partial<NewMessage> = {}) =>
      response(n, { key: `k${key}`, ...more });
    const unpaid = (sessionId: string, message: NewMessage) => {
      const model = message.model ?? null;
      const index = paid.findIndex(
        (one) => one.sessionId === sessionId && one.usage === message.usage && one.model === model,
      );
      expect(index).not.toBe(-1);
      paid.splice(index, 1);
    };
    const replace = async (sessionId: string, before: NewMessage | null, message: NewMessage) => {
      await store.repository.append({ sessionId, messages: [message], onKey: 'REPLACE' });
      if (before) unpaid(sessionId, before);
      pay(sessionId, [message]);
    };
    const first = [keyed(60, 0), keyed(61, 1), keyed(62, 2), keyed(63, 3)];
    await create('k', { parentId: 'a' }, ...first);
    await store.repository.fork({ sessionId: 'k', id: 'l', asRoot: false });
    const again = keyed(70, 1, { createdAt: at('02T06:00:00.000') });
    await replace('k', first[1]!, again);
    await replace('k', first[2]!, say('free now', { key: 'k2', createdAt: at('03T00:00:00.000') }));
    const back = [keyed(71, 1), keyed(72, 3, { isCopy: true }), keyed(73, 4)];
    await store.repository.writeHistory(
      { sessionId: 'k', keep: 1, messages: back },
      { messages: null, removed: null },
    );
    for (const before of [again, first[3]!]) unpaid('k', before);
    pay('k', back);
    await replace('k', back[0]!, keyed(74, 1));
    // A copy that is as it was stays one; one that gets another form is paid for.
    await replace('l', null, keyed(75, 0));
    await store.repository.append({ sessionId: 'l', messages: [first[1]!], onKey: 'REPLACE' });
  }

  describe('a usage report', () => {
    it('says what the responses that are alike cost, and leaves the rest null', async () => {
      await populate();
      const none = { day: null, model: null, userId: null, project: null, agentName: null, status: null };
      expect(await report({ by: ['ROOT'] })).toEqual([
        {
          ...none,
          rootId: 'a',
          sessionCount: 4,
          responseCount: 51,
          usage: naiveSum(paid.filter(({ sessionId }) => sessionId !== 'd')),
        },
        {
          ...none,
          rootId: 'd',
          sessionCount: 1,
          responseCount: 1,
          usage: {
            inputTokens: 104,
            outputTokens: 4,
            cacheReadTokens: 4,
            cacheWriteTokens: 0,
            reasoningTokens: 1,
            costUsd: 0,
          },
        },
      ]);
    });

    it.each(RETURNS)(
      'is equal in each dimension to a plain sum, also after the store was %s',
      async (how) => {
        await populate();
        await rewrite();
        await expectAllAsPaid();
        await store.comeBack(how);
        await expectAllAsPaid();
      },
    );

    it('is about the sessions within another, or about that alone', async () => {
      await populate();
      await expectAllAsPaid({ within: 'a' });
      await expectAllAsPaid({ within: 'b' });
      await expectAllAsPaid({ within: 'a', subtree: false });
      expect(await report({ by: ['DAY'], within: 'none' })).toEqual([]);
      expect(await report({ by: ['DAY'], within: 'free' })).toEqual([]);
    });

    it('is about the sessions that match a filter, archived ones too', async () => {
      await populate();
      await expectAllAsPaid({ filter: { userId: 'ann' } });
      await expectAllAsPaid({ filter: { archived: 'ONLY' } });
      await expectAllAsPaid({ filter: { archived: 'EXCLUDE' } });
      await expectAllAsPaid({ filter: { project: 'p', statuses: ['FAILED', 'RUNNING'] } });
      await expectAllAsPaid({ filter: { agentName: 'nobody' } });
      await expectAllAsPaid({ filter: { rootsOnly: true, metadata: {} } });
      await expectAllAsPaid({ filter: { userId: 'bob' }, within: 'b' });
      await expectAllAsPaid({ filter: { userId: 'bob' }, within: 'a', subtree: false });
    });

    it('is about the messages between two times, whether these are at midnight or not', async () => {
      await populate();
      await rewrite();
      const more = ['01T09:30:00.001', '02T05:00:00.000', '04T00:00:00.000'];
      const times = [undefined, ...[...DAYS, ...more].map(at)];
      for (const from of times) {
        for (const to of times) {
          await expectAsPaid({ by: ['DAY', 'MODEL'], from, to });
          await expectAsPaid({ by: ['USER'], from, to, within: 'a' });
        }
      }
    });

    it('takes users, projects, agents, statuses and roots of sessions as they are now', async () => {
      await populate();
      await store.repository.update({
        sessionId: 'b',
        project: 'q',
        agentName: null,
        status: 'RUNNING',
      });
      await store.repository.move({ sessionId: 'b', parentId: null });
      await store.repository.move({ sessionId: 'd', parentId: 'b' });
      await expectAllAsPaid();
      await expectAllAsPaid({ within: 'b' });
      await expectAllAsPaid({ filter: { rootId: 'b' } });
    });

    it('is without what deleted sessions cost', async () => {
      await populate();
      await store.repository.delete({ sessionId: 'b', mode: 'CASCADE' });
      await store.repository.delete({ sessionId: 'd', mode: 'RESTRICT' });
      await expectAllAsPaid();
    });

    it('sees every write that was acknowledged', async () => {
      await populate();
      for (let n = 0; n < 5; n += 1) {
        await append('a', response(n));
        await expectAsPaid({ by: ['MODEL', 'AGENT'] });
        await append('d', response(n), response(n));
        await expectAsPaid({ by: ['DAY'], from: at('01T09:30:00.001'), to: at('03T12:00:00.001') });
      }
    });

    it('has the costliest groups first if it has so many only', async () => {
      await create('a', {}, response(0, { usage: { inputTokens: 1, outputTokens: 1, costUsd: 0.5 } }));
      await create('b', {}, response(0, { usage: { inputTokens: 1, outputTokens: 1 } }));
      await create('c', {}, response(0, { usage: { inputTokens: 1, outputTokens: 2 } }));
      await create('d', {}, response(0, { usage: { inputTokens: 1, outputTokens: 1, costUsd: 2 } }));
      await create('e', {}, response(0, { usage: { inputTokens: 1, outputTokens: 1 } }));
      const roots = async (first: number | null) =>
        (await report({ by: ['ROOT'], first })).map(({ rootId }) => rootId);
      expect(await roots(4)).toEqual(['d', 'a', 'c', 'b']);
      expect(await roots(100)).toEqual(['d', 'a', 'c', 'b', 'e']);
      expect(await roots(0)).toEqual([]);
      expect(await roots(null)).toEqual(['a', 'b', 'c', 'd', 'e']);
    });

    it('keeps the order of the first dimension, then of the second, with null last', async () => {
      await populate();
      const groups = await report({ by: ['STATUS', 'MODEL'] });
      expect(groups.map(({ status, model }) => [status, model])).toEqual([
        ['IDLE', ''],
        ['IDLE', 'haiku'],
        ['IDLE', 'opus'],
        ['IDLE', null],
        ['FAILED', ''],
        ['FAILED', 'haiku'],
        ['FAILED', 'opus'],
        ['FAILED', null],
      ]);
    });

    it('keeps tokens within what a number holds', async () => {
      const usage = { inputTokens: Number.MAX_SAFE_INTEGER, outputTokens: 1, costUsd: Number.MAX_VALUE };
      await store.create({ id: 'a', messages: [say('x', { usage }), say('y', { usage })] });
      await store.create({ id: 'b', messages: [say('x', { usage })] });
      expect(await report({ by: ['MODEL'] })).toMatchObject([
        {
          responseCount: 3,
          usage: {
            inputTokens: Number.MAX_SAFE_INTEGER,
            outputTokens: 3,
            costUsd: Number.MAX_VALUE,
          },
        },
      ]);
    });

    const BY: readonly (readonly UsageDimension[])[] = [['DAY', 'MODEL'], ['ROOT'], ['STATUS', 'AGENT']];

    it.each(RETURNS)('of thousands of sessions and days is the same after the store was %s', async (how) => {
      paid = [];
      const days = Array.from({ length: 1_500 }, (_, n) =>
        response(n, { createdAt: new Date(Date.UTC(2000, 0, n)) }),
      );
      await create('long', { agentName: 'x' }, ...days.slice(0, 1_000));
      await append('long', ...days.slice(1_000));
      await Promise.all(
        Array.from({ length: 1_200 }, (_, n) =>
          create(`s${n}`, { parentId: n % 3 ? 'long' : null }, ...responses(n, 1 + (n % 3))),
        ),
      );
      const requests: UsageReportRequest[] = BY.flatMap((by) => [
        { by },
        { by, within: 'long' },
        { by, from: at('01T00:00:00.000') },
        { by, within: 'long', subtree: false, to: new Date(Date.UTC(2001, 0, 1, 12)) },
      ]);
      for (const request of requests) await expectAsPaid(request);
      const before = await Promise.all(requests.map(report));
      await store.comeBack(how);
      expect(await Promise.all(requests.map(report))).toEqual(before);
    });
  });

  describe('the usage by model', () => {
    it('is that of each session and all beneath it, the costliest first', async () => {
      await populate();
      const [a, none, b, free] = await store.repository.modelUsagesOf(['a', 'none', 'b', 'free']);
      const byModel = async (...ids: string[]) =>
        naiveReport(paid, await Promise.all(ids.map(store.find)), { by: ['MODEL'], first: 100 }).map(
          ({ model, usage, responseCount }) => ({ model, usage, responseCount }),
        );
      expect(a).toEqual(await byModel('a', 'b', 'c', 'f'));
      expect(a).toHaveLength(4);
      expect(none).toBeNull();
      expect(b).toEqual(await byModel('b', 'c'));
      expect(free).toEqual([]);
    });

    it.each(RETURNS)('is the same after the store was %s', async (how) => {
      await populate();
      const before = await store.repository.modelUsagesOf(['a', 'b', 'c', 'd', 'f']);
      await store.comeBack(how);
      expect(await store.repository.modelUsagesOf(['a', 'b', 'c', 'd', 'f'])).toEqual(before);
    });

    it('comes to the usage of the rollup', async () => {
      await populate();
      const ids = ['a', 'b', 'c', 'd', 'f'];
      const usages = await store.repository.modelUsagesOf(ids);
      for (const [n, rollup] of (await store.repository.rollupsOf(ids)).entries())
        expect(usages[n]!.reduce((sum, { usage }) => sum + usage.inputTokens, 0)).toBe(
          rollup!.usage.inputTokens,
        );
    });
  });
}
