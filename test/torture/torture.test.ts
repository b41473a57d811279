import { afterAll, describe, expect, it } from 'vitest';
import { BROKEN_STORES, catchBroken, RUN_MS, whyNotBroken } from './broken-stores.ts';
import { PARTS } from './parts.ts';
import { anySeed } from './random.ts';
import { toldFaults } from './told-faults.ts';
import { undoAll } from './undo.ts';

/** The short form; `npm run torture` is the long one. */
const ROUNDS: Readonly<Record<string, number>> = {
  'kill-9': 8,
  'kill-9-trees': 6,
  'kill-9-large-trees': 2,
  'power-cut-ext4': 3,
  'power-cut-ext4-trees': 3,
  'power-cut-ext4-large-trees': 1,
  'power-cut-xfs': 2,
  'power-cut-xfs-trees': 3,
  'cut-files': 120,
  'flipped-bits': 240,
  'flipped-index': 60,
  'full-disk': 1,
  'full-disk-trees': 1,
  'file-size-limit': 1,
  'failing-disk': 2,
  'failing-disk-trees': 2,
  'two-processes': 1,
  live: 2,
};
const SECONDS = 7;
/** `live` has its second round on a busy machine, too: the first that can begin without the index. It is done after that. */
const LIVE_SECONDS = 200;
/** The time of a part ends with a round, and with a look at the whole store: on a busy machine, that takes many times as long. */
const PART_MS = 300_000;
/** What the note of a part must say, so that a short run is known to have had it. */
const NOTES: Readonly<Record<string, RegExp>> = { live: /rounds begun without the index: [1-9]/ };

/*
 * How the suite judges a store. A part runs the store in a child process, lets clients mutate it, and crashes the
 * store: kill -9, a power cut, a full disk, EIO. The clients record which mutations were answered, and which had no
 * answer yet: that is the oracle (`Workload`). After each start, the state of the store must follow from the answered mutations,
 * and each unanswered mutation must have taken effect completely or not at all. Then the clients resend unanswered mutations, with
 * the same operation ids, and some answered ones: none may take effect twice. At the end, `check` must find nothing, and
 * a rebuilt index must give the same answers.
 *
 * There are two oracles. `shared-sessions.ts`: clients race for the same sessions; any order of their mutations that
 * explains all answers is correct. `own-trees.ts`: each client uses only its own trees, and sends mutations of every kind; exactly
 * one state is correct, or two while a mutation is unanswered. The parts with `large trees` crash the store while such a client deletes,
 * moves or archives a tree of some 300 sessions (`own-trees/large-tree.ts`). In `live`, the store is also served, and clients of
 * subscriptions follow what such clients change (`live/live-rounds.ts`). The suite itself is tested with stores that are broken on
 * purpose (`broken-stores.ts`): it must find a fault in each.
 */

afterAll(undoAll);

describe('the store keeps its promises under', () => {
  for (const [name, part] of Object.entries(PARTS)) {
    it(part.name, { timeout: PART_MS }, async ({ skip }) => {
      const why = part.whyNot();
      skip(why !== null, why ?? '');
      const seed = anySeed();
      const { faults, rounds, note } = await part.run({
        rounds: ROUNDS[name]!,
        seed,
        deadline: Date.now() + (name === 'live' ? LIVE_SECONDS : SECONDS) * 1_000,
      });
      expect(faults, `node test/torture/run.ts --only ${name} --seed ${seed}`).toEqual([]);
      expect(rounds).toBeGreaterThan(0);
      if (NOTES[name]) expect(note).toMatch(NOTES[name]);
    });
  }
});

describe('the torture suite catches a store with', () => {
  for (const store of BROKEN_STORES) {
    it(`${store.broken} (${store.caughtBy})`, { timeout: RUN_MS + 20_000 }, async ({ skip }) => {
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
