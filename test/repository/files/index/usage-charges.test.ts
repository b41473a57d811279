import { expect, it } from 'vitest';
import type { UsageDimension } from '../../../../src/model/usage-report.ts';
import { TestStore } from '../store.ts';

const DEPTH = 40;
const IDS = Array.from({ length: DEPTH }, (_, n) => `s${n}`);

/** A chain of sessions, each with a response of a model of its own. */
async function openChain() {
  const store = await TestStore.make();
  const repository = await store.open();
  for (const [n, id] of IDS.entries()) {
    const usage = { inputTokens: n, outputTokens: 1 };
    const messages = [{ role: 'ASSISTANT', content: '', model: `of ${id}`, usage } as const];
    await repository.create({ id, parentId: n === 0 ? null : IDS[n - 1]!, messages });
  }
  let walked = 0;
  const options = {
    onWalk: (rows: number) => {
      walked += rows;
    },
  };
  return {
    usagesOf: async (ids: readonly string[]) => {
      walked = 0;
      const usages = await repository.modelUsagesOf(ids, options);
      return { usages: usages.map((models) => models!.map(({ model }) => model)), walked };
    },
    report: async (by: readonly UsageDimension[]) => {
      walked = 0;
      return { groups: await repository.usageReport({ by }, options), walked };
    },
  };
}

it('the models of a deep tree cost as many rows as it has sessions', async () => {
  const { usagesOf } = await openChain();
  const { usages, walked } = await usagesOf(['s0']);
  expect(usages).toEqual([IDS.map((id) => `of ${id}`).toReversed()]);
  expect(walked).toBeLessThan(4 * DEPTH);
});

it('the models of each session of a deep tree count as rows for what they take in memory', async () => {
  const { usagesOf } = await openChain();
  const { usages, walked } = await usagesOf(IDS);
  expect(usages).toEqual(
    IDS.map((_, n) =>
      IDS.slice(n)
        .map((id) => `of ${id}`)
        .toReversed(),
    ),
  );
  const numbers = (DEPTH * (DEPTH - 1)) / 2;
  expect(walked).toBeGreaterThan(numbers);
});

it('the groups of a report count as rows for what they take in memory', async () => {
  const { report } = await openChain();
  const [one, many] = [await report(['ROOT']), await report(['MODEL'])];
  expect([one.groups.length, many.groups.length]).toEqual([1, DEPTH]);
  expect(many.walked - one.walked).toBeGreaterThan(2 * DEPTH);
});
