import { expect, it } from 'vitest';
import { WriteQueues } from '../../../../src/repository/files/commit/write-queues.ts';
import { atRest, type Driven, inEveryOrder } from './every-order.ts';

/** Jobs for sessions, a caller that holds the queue of session "a", and writes whose end the test controls. */
function jobsAndHolder(jobs: readonly string[]): Driven {
  const running = new Map<string, { readonly batch: readonly number[]; readonly end: () => void }>();
  const submitted: number[] = [];
  const written: number[] = [];
  let holder: 'not asked' | 'asked' | 'holding' | 'gone' = 'not asked';
  let letGo = () => {};
  const queues = new WriteQueues<number>(
    (id, batch) =>
      new Promise<void>((end) => {
        // Two batches of one session at a time would overtake each other.
        expect(running.has(id)).toBe(false);
        running.set(id, { batch, end });
      }),
  );

  function end(id: string): void {
    const { batch, end: ended } = running.get(id)!;
    running.delete(id);
    written.push(...batch);
    ended();
  }

  async function hold(): Promise<void> {
    holder = 'asked';
    letGo = await queues.hold(['a']);
    holder = 'holding';
  }

  function check(action: string): void {
    const waiting = submitted.filter((job) => !written.includes(job));
    const batches = [...running.values()].flatMap(({ batch }) => batch);
    if (holder === 'holding') expect(running.has('a'), `${action}: held, and written to`).toBe(false);
    if (holder === 'asked')
      expect(running.has('a'), `${action}: nothing is written, and not held`).toBe(true);
    for (const job of waiting) {
      const id = jobs[job]!;
      const isStopped = id === 'a' && (holder === 'asked' || holder === 'holding');
      if (!isStopped) expect(running.has(id), `${action}: "${id}" has a job, and does nothing`).toBe(true);
    }
    expect(batches.every((job) => submitted.includes(job))).toBe(true);
    for (const id of new Set(jobs)) {
      const inOrder = submitted.filter((job) => jobs[job] === id);
      const ofSession = written.filter((job) => jobs[job] === id);
      expect(ofSession, `${action}: order of "${id}"`).toEqual(inOrder.slice(0, ofSession.length));
    }
  }

  return {
    actions: () => [
      ...jobs.flatMap((_, job) => (submitted.includes(job) ? [] : [`submit ${job}`])),
      ...[...running.keys()].map((id) => `end ${id}`),
      ...(holder === 'not asked' ? ['hold'] : []),
      ...(holder === 'holding' ? ['let go'] : []),
    ],
    async act(action) {
      const [verb, what = ''] = action.split(' ');
      if (verb === 'submit') {
        submitted.push(Number(what));
        queues.submit(jobs[Number(what)]!, Number(what));
      } else if (verb === 'end') end(what);
      else if (verb === 'hold') void hold();
      else {
        holder = 'gone';
        letGo();
      }
      await atRest();
      check(action);
    },
  };
}

it.each([
  ['of one session', ['a', 'a', 'a']],
  ['of two sessions', ['a', 'b', 'a']],
])(
  'three jobs %s are written in order, one batch of a session at a time, and none while its queue is held',
  { timeout: 60_000 },
  async (_, jobs) => {
    expect(await inEveryOrder(() => jobsAndHolder(jobs))).toBeGreaterThan(100);
  },
);
