import { expect, it } from 'vitest';
import { CommitPipeline } from '../../../../src/repository/files/commit/commit-pipeline.ts';
import { atRest, type Driven, inEveryOrder } from './every-order.ts';

type Ending = 'commit' | 'commit in steps' | 'give up';

/** Mutations that each take a number, and end as given by `endings`. */
function mutations(endings: readonly Ending[]): Driven {
  const made: number[] = [];
  const answered: number[] = [];
  const numbers = new Map<number, number>();
  const ended = new Set<number>();
  const pipeline = new CommitPipeline(0, {
    atOnce: (work) => work(),
    async inSteps(work) {
      const steps = work(null as never);
      for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value;
    },
    alone: (work) => work(),
  });

  /** A mutation is applied once all mutations with lower numbers are applied or given up. */
  function expectedMade(): number[] {
    const inOrder = [...numbers].sort(([, a], [, b]) => a - b).map(([mutation]) => mutation);
    const open = inOrder.findIndex((mutation) => !ended.has(mutation));
    return (open === -1 ? inOrder : inOrder.slice(0, open)).filter(
      (mutation) => endings[mutation] !== 'give up',
    );
  }

  function end(mutation: number): void {
    const number = numbers.get(mutation)!;
    ended.add(mutation);
    if (endings[mutation] === 'give up') {
      pipeline.giveUp(number);
      return;
    }
    const change = () => made.push(mutation);
    function* steps() {
      yield;
      return change();
    }
    const whole = endings[mutation] === 'commit' ? change : { inSteps: steps };
    void pipeline.commit<number>(number, whole).then(() => answered.push(mutation));
  }

  return {
    actions: () =>
      endings.flatMap((_, mutation) =>
        ended.has(mutation) ? [] : [`${numbers.has(mutation) ? 'end' : 'begin'} ${mutation}`],
      ),
    async act(action) {
      const mutation = Number(action.at(-1));
      if (action.startsWith('begin')) numbers.set(mutation, pipeline.begin());
      else end(mutation);
      await atRest();
      expect(made, action).toEqual(expectedMade());
      expect(answered, action).toEqual(made);
    },
  };
}

const ENDINGS: readonly Ending[] = ['commit', 'commit in steps', 'give up'];
const THREE = ENDINGS.flatMap((a) => ENDINGS.flatMap((b) => ENDINGS.map((c) => [a, b, c] as const)));

it.each(THREE)(
  'mutations are made in the order of their numbers, whichever is written first: %s, %s, %s',
  async (...endings) => {
    expect(await inEveryOrder(() => mutations(endings))).toBe(90);
  },
);

it('a mutation can take several numbers, of which the last is its own', () => {
  const pipeline = new CommitPipeline(5, {
    atOnce: (work) => work(),
    inSteps: () => Promise.reject(),
    alone: (work) => work(),
  });
  expect([pipeline.begin(), pipeline.begin(50_000), pipeline.begin()]).toEqual([6, 50_006, 50_007]);
  for (const seq of [50_007, 6, 50_006]) pipeline.giveUp(seq);
  expect(() => pipeline.giveUp(50_005)).toThrow('not under way');
});
