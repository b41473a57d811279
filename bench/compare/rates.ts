import { type LoadResult, runLoad } from '../client/load.ts';
import type { Field, Subject } from './subject.ts';

export interface RateOptions {
  readonly connections: number;
  readonly rounds: number;
  readonly seconds: number;
  report(round: number): void;
}

/**
 * Measures requests per second, in rounds in which all contenders take turns, after a round for warm-up. Returns the number of
 * answers in total, including the warm-up.
 */
export async function measureRates(field: Field, options: RateOptions): Promise<Map<Subject, number>> {
  const completed = new Map<Subject, number>();
  for (let round = 0; round <= options.rounds; round += 1) {
    options.report(round);
    for (const subject of field.turns(round)) {
      await field.turn(subject, async () => {
        const result = await turn(subject, options);
        completed.set(subject, (completed.get(subject) ?? 0) + result.completed);
        if (round > 0) field.sample(subject, result.perSecond);
      });
    }
  }
  return completed;
}

/** A walk is a sequence of requests: it is repeated until the time is over. */
async function turn({ url, operation }: Subject, options: RateOptions): Promise<LoadResult> {
  const { connections, seconds } = options;
  if (operation.kind === 'request') {
    const { next, isFixed, accepts } = operation;
    const requestsOf = (connection: number) => [isFixed ? next(connection) : () => next(connection)];
    return runLoad({ url, connections, requestsOf, accepts }, { seconds });
  }
  const started = performance.now();
  let completed = 0;
  let elapsed = 0;
  while (elapsed < seconds) {
    await operation.walk();
    completed += 1;
    elapsed = (performance.now() - started) / 1_000;
  }
  return { completed, perSecond: completed / elapsed };
}
