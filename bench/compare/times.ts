import { median } from '../measure/rounds.ts';
import type { Field, Subject } from './subject.ts';

/** Each contender warms up for this many milliseconds, but at most this many requests. */
const WARM_UP = { milliseconds: 1_500, times: 1_000 };
/** Milliseconds per turn: a few requests in a row, since another contender's turn has left the caches cold. */
const TURN = { milliseconds: 25, fewest: 3, most: 15 };
/** Milliseconds for all rounds together, roughly. */
const MILLISECONDS = 10_000;
const FEWEST = 9;
const MOST = 300;
/** A walk of many requests runs once in each of the first rounds. */
const WALKS = 3;

/**
 * Milliseconds per request, including reading the body of the answer. In each round all contenders take turns; a round's
 * sample is the median of a turn.
 */
export async function measureTimes(
  field: Field,
  report: (round: number, rounds: number) => void,
): Promise<void> {
  const requests = new Map<Subject, number>();
  let aRound = 0;
  for (const subject of field.turns(0)) {
    await field.turn(subject, async () => {
      if (subject.operation.kind === 'walk') return void (await time(subject));
      const milliseconds = await warmUp(subject);
      const count = Math.min(TURN.most, Math.max(TURN.fewest, Math.round(TURN.milliseconds / milliseconds)));
      requests.set(subject, count);
      aRound += milliseconds * count;
    });
  }
  const rounds = Math.min(MOST, Math.max(FEWEST, Math.ceil(MILLISECONDS / aRound)));
  for (let round = 0; round < rounds; round += 1) {
    report(round, rounds);
    for (const subject of field.turns(round)) {
      if (subject.operation.kind === 'walk' && round >= WALKS) continue;
      await field.turn(subject, async () => {
        const times: number[] = [];
        for (let n = 0; n < (requests.get(subject) ?? 1); n += 1) times.push(await time(subject));
        field.sample(subject, median(times));
      });
    }
  }
}

/** Warms up. Resolves with the duration of a request afterwards, in milliseconds. */
async function warmUp(subject: Subject): Promise<number> {
  const times: number[] = [];
  const started = performance.now();
  while (times.length < WARM_UP.times && performance.now() - started < WARM_UP.milliseconds) {
    times.push(await time(subject));
  }
  return median(times.slice(-TURN.most));
}

async function time({ operation, connection }: Subject): Promise<number> {
  if (operation.kind === 'walk') {
    const started = performance.now();
    await operation.walk();
    return performance.now() - started;
  }
  const request = operation.next(0);
  const started = performance.now();
  const body = await connection.text(request);
  const milliseconds = performance.now() - started;
  if (operation.accepts(body)) return milliseconds;
  throw new Error(`expected another answer, got: ${body.slice(0, 300)}`);
}
