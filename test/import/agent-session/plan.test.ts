import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Entry, planImport } from '../../../src/import/agent-session/plan.ts';

function entry(id: string, parentId: string | null = null, microseconds = 0): Entry {
  const file = `${id}.json`;
  const rest = { bytes: 1, lastActive: microseconds, historyLength: 0, naive: false };
  return { name: Buffer.from(file), file, id, parentId, microseconds, ...rest };
}

const idsOf = (entries: readonly Entry[]) =>
  planImport(entries).levels.map((level) => level.map(({ id }) => id));

describe('the order of an import', () => {
  it('is parents before children, whatever the order of the files', () => {
    expect(idsOf([entry('c', 'b'), entry('b', 'a'), entry('a'), entry('d', 'b')])).toEqual([
      ['a'],
      ['b'],
      ['c', 'd'],
    ]);
  });

  it('is the order of creation among siblings, and of ids where that is the same', () => {
    const siblings = [entry('x', 'p', 2), entry('c', 'p', 1), entry('b', 'p', 1), entry('p', null, 9)];
    expect(idsOf(siblings)).toEqual([['p'], ['b', 'c', 'x']]);
  });

  it('puts a session whose parent is not among them on top', () => {
    expect(idsOf([entry('b', 'gone'), entry('c', 'b')])).toEqual([['b'], ['c']]);
  });

  it('cuts a circle at its oldest session, then at its smallest id', () => {
    const byAge = planImport([entry('a', 'b', 3), entry('b', 'c', 1), entry('c', 'a', 2)]);
    expect(Object.fromEntries(byAge.cutLinks)).toEqual({ b: ['b', 'c', 'a', 'b'] });
    expect(byAge.levels.map((level) => level.map(({ id }) => id))).toEqual([['b'], ['a'], ['c']]);
    const byId = planImport([entry('b', 'a', 1), entry('a', 'b', 1)]);
    expect(Object.fromEntries(byId.cutLinks)).toEqual({ a: ['a', 'b', 'a'] });
  });

  it('cuts a session that is its own parent, and leaves what hangs on a circle', () => {
    const plan = planImport([entry('tail', 'self', 1), entry('self', 'self', 2)]);
    expect(Object.fromEntries(plan.cutLinks)).toEqual({ self: ['self', 'self'] });
    expect(plan.levels.map((level) => level.map(({ id }) => id))).toEqual([['self'], ['tail']]);
  });

  it('goes as deep as the sessions do', () => {
    const chain = Array.from({ length: 20_000 }, (_, n) => entry(`s${n}`, n === 0 ? null : `s${n - 1}`));
    expect(planImport(chain.toReversed()).levels).toHaveLength(20_000);
  });

  it('holds every session once, after its parent, with one cut for each circle', () => {
    const parents = fc.array(fc.option(fc.nat({ max: 12 }), { nil: null }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(parents, (links) => {
        const entries = links.map((parent, n) =>
          entry(`s${n}`, parent === null ? null : `s${parent}`, n % 3),
        );
        const { levels, cutLinks } = planImport(entries);
        const order = levels.flat().map(({ id }) => id);
        expect(order.toSorted()).toEqual(entries.map(({ id }) => id).toSorted());
        for (const { id, parentId } of entries) {
          if (cutLinks.has(id) || parentId === null || !order.includes(parentId)) continue;
          expect(order.indexOf(parentId)).toBeLessThan(order.indexOf(id));
        }
        for (const circle of cutLinks.values()) {
          circle.slice(0, -1).forEach((id, n) => {
            expect(entries.find((each) => each.id === id)?.parentId).toBe(circle[n + 1]);
          });
        }
      }),
    );
  });
});
