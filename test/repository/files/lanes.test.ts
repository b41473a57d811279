import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { Lanes } from '../../../src/repository/files/commit/lanes.ts';

/** More lanes than are kept without work. */
const MANY = 3_000;

it('lanes that are held run nothing until they are let go, however many there are', async () => {
  const ran: string[] = [];
  const lanes = new Lanes<string>(async (id) => void ran.push(id));
  const ids = Array.from({ length: MANY }, (_, n) => `session-${n}`);
  const letGo = await lanes.hold(ids);
  for (const id of ids) lanes.submit(id, 'job');
  await nextTurn();
  expect(ran).toEqual([]);
  letGo();
  await vi.waitFor(() => expect(ran).toEqual(ids));
});

it('a lane runs what waits together, and one batch at a time, however many others come and go', async () => {
  const batches: string[][] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const lanes = new Lanes<string>(async (id, jobs) => {
    if (id === 'a') {
      batches.push(jobs);
      await promise;
    }
  });
  lanes.submit('a', 'first');
  for (let n = 0; n < MANY; n += 1) lanes.submit(`session-${n}`, 'job');
  await nextTurn();
  for (const job of ['second', 'third']) lanes.submit('a', job);
  await nextTurn();
  expect(batches).toEqual([['first']]);
  resolve();
  await vi.waitFor(() => expect(batches).toEqual([['first'], ['second', 'third']]));
});
