import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isoTime } from '../../src/schema/iso-time.ts';

/** The first and last that a Date can hold. */
const EDGE = 8.64e15;

test('a time is written as toISOString writes it, whatever was written before', () => {
  const times = fc.oneof(
    fc.integer({ min: -EDGE, max: EDGE }),
    fc.integer({ min: -2e12, max: 4e12 }),
    // Days that have one place, and both ends of them.
    fc
      .tuple(fc.integer({ min: -3, max: 3 }), fc.constantFrom(-1, 0, 1, 86_399_999))
      .map(([round, offset]) => round * 1_024 * 86_400_000 + offset),
  );
  fc.assert(
    fc.property(fc.array(times, { minLength: 1 }), (row) => {
      const dates = row.map((time) => new Date(time));
      expect(dates.map(isoTime)).toEqual(dates.map((date) => date.toISOString()));
    }),
    { numRuns: 2_000 },
  );
});

test.each([-EDGE, EDGE, 0, -1, -62_167_219_200_000, 253_402_300_799_999, 253_402_300_800_000])(
  'the time %d',
  (time) => expect(isoTime(new Date(time))).toBe(new Date(time).toISOString()),
);

test('an invalid time is a RangeError', () => {
  expect(() => isoTime(new Date(Number.NaN))).toThrow(RangeError);
});
