import { afterAll, describe, expect, it } from 'vitest';
import { BROKEN_STORES, catchBroken, whyNotBroken } from './broken-stores.ts';
import { PARTS } from './parts.ts';
import { anySeed } from './random.ts';
import { toldFaults } from './told-faults.ts';
import { undoAll } from './undo.ts';

/** The short form: `npm run torture` goes on for longer. */
const ROUNDS: Readonly<Record<string, number>> = {
  'kill-9': 15,
  'power-cut-ext4': 4,
  'power-cut-xfs': 4,
  'cut-files': 200,
  'flipped-bits': 400,
  'flipped-index': 100,
  'full-disk': 2,
  'file-size-limit': 2,
  'failing-disk': 2,
  'two-processes': 2,
};
const SECONDS = 12;

afterAll(undoAll);

describe('the store keeps its promises under', () => {
  for (const [name, part] of Object.entries(PARTS)) {
    it(part.name, { timeout: 60_000 }, async ({ skip }) => {
      const why = part.whyNot();
      skip(why !== null, why ?? '');
      const seed = anySeed();
      const { faults, rounds } = await part.run({
        rounds: ROUNDS[name]!,
        seed,
        deadline: Date.now() + SECONDS * 1_000,
      });
      expect(faults, `node test/torture/run.ts --only ${name} --seed ${seed}`).toEqual([]);
      expect(rounds).toBeGreaterThan(0);
    });
  }
});

describe('the torture suite catches a store with', () => {
  for (const store of BROKEN_STORES) {
    it(`${store.broken} (${store.caughtBy})`, { timeout: 60_000 }, async ({ skip }) => {
      const why = whyNotBroken(store);
      skip(why !== null, why ?? '');
      expect(await catchBroken(store, anySeed())).toMatch(store.fault);
    });
  }
});

describe('the table of a torture run', () => {
  const faultsOf = (file: string, count: number) =>
    Array.from({ length: count }, (_, n) => `byte ${n} of ${file}`);

  it('tells of later files too, where there are too many faults to tell all', () => {
    const faults = [...faultsOf('first', 60), ...faultsOf('second', 20), ...faultsOf('third', 7)];
    const told = toldFaults(faults);
    expect(told.at(-1)).toBe(`and ${faults.length - (told.length - 1)} more`);
    expect(told.length).toBeLessThanOrEqual(21);
    for (const file of ['first', 'second', 'third'])
      expect(told.some((line) => line.endsWith(file))).toBe(true);
  });

  it('tells all faults where they are few', () => {
    expect(toldFaults(faultsOf('first', 20))).toEqual(faultsOf('first', 20));
  });
});
