import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { WriteQueues } from '../../../../src/repository/files/commit/write-queues.ts';

/** More queues than are kept without work. */
const MANY = 3_000;

it('write queues that are held run nothing until they are released, however many there are', async () => {
  const ran: string[] = [];
  const queues = new WriteQueues<string>(async (id) => void ran.push(id));
  const ids = Array.from({ length: MANY }, (_, n) => `session-${n}`);
  const letGo = await queues.hold(ids);
  for (const id of ids) queues.submit(id, 'job');
  await nextTurn();
  expect(ran).toEqual([]);
  letGo();
  await vi.waitFor(() => expect(ran).toEqual(ids), 25_000);
});

it('a write queue runs what is pending as one batch, and one batch at a time, however many other queues come and go', async () => {
  const batches: string[][] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const queues = new WriteQueues<string>(async (id, jobs) => {
    if (id === 'a') {
      batches.push(jobs);
      await promise;
    }
  });
  queues.submit('a', 'first');
  for (let n = 0; n < MANY; n += 1) queues.submit(`session-${n}`, 'job');
  await nextTurn();
  for (const job of ['second', 'third']) queues.submit('a', job);
  await nextTurn();
  expect(batches).toEqual([['first']]);
  resolve();
  await vi.waitFor(() => expect(batches).toEqual([['first'], ['second', 'third']]), 25_000);
});
