import { afterAll, describe, expect, it } from 'vitest';
import { PARTS } from './postgres/parts.ts';
import { anySeed } from './random.ts';
import { undoAll } from './undo.ts';

/** The short form; `npm run torture:postgres` is the long one. Those that take tens of seconds are in the long one alone. */
const ROUNDS: Readonly<Record<string, number>> = {
  'server-killed-trees': 1,
  'instance-killed': 1,
  'cut-commits': 1,
  'promotion-trees': 1,
  'full-disk-trees': 1,
  'two-instances': 1,
  'pgbouncer-trees': 1,
  exhausted: 1,
};
/** For a machine that does other things meanwhile: a round takes a third. */
const SECONDS = 30;

afterAll(undoAll);

// What takes the time is to wait: for processes to start, and for the patience of mutations.
describe.concurrent('a store in PostgreSQL keeps its promises under', () => {
  for (const [name, rounds] of Object.entries(ROUNDS)) {
    const part = PARTS[name]!;
    it(part.name, { timeout: 300_000 }, async ({ skip, expect: expectInPart }) => {
      const why = part.whyNot();
      skip(why !== null, why ?? '');
      const seed = anySeed();
      const { faults, rounds: run } = await part.run({
        rounds,
        seed,
        deadline: Date.now() + SECONDS * 1_000,
      });
      expectInPart(faults, `node test/torture/postgres/run.ts --only ${name} --seed ${seed}`).toEqual([]);
      expectInPart(run).toBeGreaterThan(0);
    });
  }
});

it('runs each part in its short form that a run of the long form has, or says which it leaves out', () => {
  const left = Object.keys(PARTS).filter((name) => !(name in ROUNDS));
  expect(left).toEqual([
    'server-killed',
    'instance-killed-trees',
    'cut-commits-trees',
    'promotion',
    'patroni',
    'patroni-trees',
    'full-disk',
    'full-log',
    'full-log-trees',
    'live',
    'live-served',
    'seen-elsewhere',
    'pgbouncer',
  ]);
});
