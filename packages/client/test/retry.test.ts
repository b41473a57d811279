import { expect, test } from 'vitest';
import { requestError } from '../src/errors.ts';
import { delayMs, jittered } from '../src/retry.ts';

/** Enough that a range is filled to its ends: that none of so many draws is in its last tenth has a chance of less than 1 in 10^45. */
const DRAWS = 1_000;

const times = (draw: () => number) => Array.from({ length: DRAWS }, draw);

/** Expects draws everywhere between two times, and nowhere else. */
function expectSpread(draws: readonly number[], fromMs: number, toMs: number): void {
  const tenth = (toMs - fromMs) / 10;
  const [least, most] = [Math.min(...draws), Math.max(...draws)];
  expect(least).toBeGreaterThanOrEqual(fromMs);
  expect(least).toBeLessThan(fromMs + tenth);
  expect(most).toBeLessThanOrEqual(toMs);
  expect(most).toBeGreaterThan(toMs - tenth);
}

/** The error of an answer that asks to come back after so long; null if it does not ask. */
const overloaded = (retryAfterMs: number | null) =>
  requestError([], 'OVERLOADED', 'Later.', { status: 503, requestId: null, retryAfterMs, data: null });

test.each([
  [0, 250, 500],
  [1, 500, 1_000],
  [2, 1_000, 2_000],
  [4, 4_000, 8_000],
  [5, 4_000, 8_000],
  [2_000, 4_000, 8_000],
])('retry %d comes at a random time, after %d to %d ms', (retry, fromMs, toMs) => {
  const lost = new TypeError('fetch failed');
  expectSpread(
    times(() => delayMs(retry, lost)),
    fromMs,
    toMs,
  );
  expectSpread(
    times(() => delayMs(retry, overloaded(null))),
    fromMs,
    toMs,
  );
});

test('random times may begin with another one', () => {
  expectSpread(
    times(() => jittered(3, 20)),
    80,
    160,
  );
});

test.each([0, 1_000, 30_000, 60_000])(
  'a retry comes no sooner than the server asks for (%d ms), and at most a quarter of a second later, at random',
  (retryAfterMs) => {
    for (const retry of [0, 1, 9])
      expectSpread(
        times(() => delayMs(retry, overloaded(retryAfterMs))),
        retryAfterMs + 125,
        retryAfterMs + 250,
      );
  },
);

test.each([60_001, 86_400_000, Number.POSITIVE_INFINITY])(
  'a server that asks for %d ms is asked again after a minute',
  (retryAfterMs) => {
    expectSpread(
      times(() => delayMs(0, overloaded(retryAfterMs))),
      60_125,
      60_250,
    );
  },
);
