import { once } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/model/limits.ts';
import { Admission } from '../../../src/server/admission/admission.ts';
import { SMALL_BYTES } from '../../../src/server/admission/small.ts';
import { Ticket } from '../../../src/server/admission/ticket.ts';
import { createTestLogger } from '../support.ts';

const LARGE = 2 * SMALL_BYTES;

const createResponse = () => new ServerResponse(new IncomingMessage(new Socket()));

/** Gives tickets of requests to one server with room for four large bodies, two large answers and one operation. */
function open() {
  const limits = {
    ...DEFAULT_LIMITS,
    bodyBytes: 4 * LARGE,
    bodiesBytes: 4 * LARGE,
    answersBytes: 2 * LARGE,
    operations: 1,
  };
  const admission = new Admission({ limits, logger: createTestLogger().logger });
  return (response = createResponse()) => new Ticket(admission, response);
}

test('a body that turns out smaller than what was reserved for it gives back the difference, and later the rest', async () => {
  const ticket = open();
  const [first, second, third] = [ticket(), ticket(), ticket()];
  expect(first.reserve(4 * LARGE)).toBe(true);
  const waiting = second.reserve(4 * LARGE);
  const admitted: string[] = [];
  const last = Promise.resolve(third.reserve(LARGE)).finally(() => admitted.push('third'));
  expect(await first.begin(LARGE)).toBe(true);
  first.finish();
  expect(await waiting).toBe(true);
  await nextTurn();
  expect(admitted).toEqual([]);
  second.finish();
  expect(await last).toBe(true);
  third.finish();
});

test('what joins an answer after its request has finished takes no room, and is refused', () => {
  const ticket = open();
  const finished = ticket();
  expect(finished.charge(LARGE)).toBe(true);
  finished.finish();
  expect(finished.charge(2 * LARGE)).toBe(false);
  const next = ticket();
  expect(next.charge(LARGE)).toBe(true);
  expect(ticket().charge(LARGE)).toBe(true);
  next.finish();
});

test('what joins an answer whose connection has closed is given back with the request', async () => {
  const ticket = open();
  const response = createResponse();
  const left = ticket(response);
  expect(left.settle(LARGE)).toBe(true);
  response.destroy();
  await once(response, 'close');
  expect(left.charge(LARGE)).toBe(true);
  left.finish();
  expect(ticket().charge(LARGE)).toBe(true);
  expect(ticket().charge(LARGE)).toBe(true);
});

test('an operation that begins to execute after its request has finished gives back its place once', async () => {
  const ticket = open();
  const [first, second, third] = [ticket(), ticket(), ticket()];
  expect(first.begin(0)).toBe(true);
  first.finish();
  await first.during(() => null);
  expect(second.begin(0)).toBe(true);
  expect(third.begin(0)).toBeInstanceOf(Promise);
  second.finish();
});

test('a request that has finished does not begin any more', () => {
  const ticket = open();
  const finished = ticket();
  finished.finish();
  expect(finished.begin(0)).toBe(false);
  expect(ticket().begin(0)).toBe(true);
});

test('a large body that waits for a place leaves its turn to a mutation that has one', async () => {
  const ticket = open();
  const [first, second] = [ticket(), ticket()];
  expect(await first.begin(4 * LARGE)).toBe(true);
  const execution = Promise.withResolvers<void>();
  const executed = first.during(() => execution.promise);
  let isAdmitted = false;
  const began = Promise.resolve(second.begin(4 * LARGE)).then(() => {
    isAdmitted = true;
  });
  await nextTurn();
  expect(first.beginWrite()).toBe(true);
  first.endWrite();
  expect(isAdmitted).toBe(false);
  execution.resolve();
  await executed;
  first.finish();
  await began;
  second.finish();
});

test('a request waits for ten seconds in all, for room of whichever kinds', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const ticket = open();
  const [first, second, third] = [ticket(), ticket(), ticket()];
  expect(await first.begin(0)).toBe(true);
  expect(second.reserve(4 * LARGE)).toBe(true);
  const reserved = third.reserve(4 * LARGE);
  vi.advanceTimersByTime(6_000);
  second.finish();
  expect(await reserved).toBe(true);
  let isAdmitted: boolean | undefined;
  const began = Promise.resolve(third.begin(LARGE)).then((is) => {
    isAdmitted = is;
  });
  await nextTurn();
  vi.advanceTimersByTime(3_990);
  await nextTurn();
  expect(isAdmitted).toBe(undefined);
  vi.advanceTimersByTime(20);
  await began;
  expect(isAdmitted).toBe(false);
  for (const each of [first, third]) each.finish();
});
