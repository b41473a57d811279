import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isoTime } from '../../src/schema/iso-time.ts';

const DAY = 86_400_000;
/** The first and last times that a Date can represent. */
const EDGE = 8.64e15;

const times = fc.oneof(
  fc.integer({ min: -EDGE, max: EDGE }),
  fc.integer({ min: -2e12, max: 4e12 }),
  // Few days and few times, with both ends of each, so that they repeat and evict each other from the cache.
  fc
    .tuple(fc.integer({ min: -3, max: 3 }), fc.constantFrom(-1, 0, 1, DAY - 1))
    .map(([round, offset]) => round * 1_024 * DAY + offset),
);

test('a time is written as toISOString writes it, whatever was written before', () => {
  fc.assert(
    fc.property(fc.array(times, { minLength: 1 }), (row) => {
      const dates = [...row, ...row.toReversed()].map((time) => new Date(time));
      expect(dates.map(isoTime)).toEqual(dates.map((date) => date.toISOString()));
    }),
    { numRuns: 2_000 },
  );
});

test('ten thousand times in turn, twice, are each written as toISOString writes them', () => {
  const dates = Array.from({ length: 10_000 }, (_, n) => new Date(1.7e12 + n * 7_654_321));
  for (let turn = 0; turn < 2; turn += 1)
    expect(dates.map(isoTime)).toEqual(dates.map((date) => date.toISOString()));
});

test.each([
  ['the first', -EDGE],
  ['the last', EDGE],
  ['the last before 1970', -1],
  ['the first of the year 0', -62_167_219_200_000],
  ['the last of the year 9999', 253_402_300_799_999],
  ['the first of the year 10000', 253_402_300_800_000],
])('the time that is %s is written as toISOString writes it', (_name, time) => {
  for (let turn = 0; turn < 2; turn += 1) expect(isoTime(new Date(time))).toBe(new Date(time).toISOString());
});

test('an invalid time is a RangeError', () => {
  expect(() => isoTime(new Date(Number.NaN))).toThrow(RangeError);
});
