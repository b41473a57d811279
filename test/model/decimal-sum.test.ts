import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addOptionalDecimals, decimalOf, negated } from '../../src/model/decimal.ts';
import { DecimalSum } from '../../src/model/decimal-sum.ts';

const sumOf = (decimals: readonly string[]) => {
  const sum = new DecimalSum();
  for (const decimal of decimals) sum.add(decimal);
  return sum.value;
};

const cost = fc.oneof(
  fc.constantFrom(0, 0.1, 0.1 + 0.2, 1e-7, 5e-324, 1e21, 999_999.999_999, 1_000_000, Number.MAX_VALUE),
  fc.double({ min: 0, max: 10, noNaN: true }),
  fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
);
const decimal = fc
  .tuple(cost, fc.boolean())
  .map(([number, isNegative]) => (isNegative ? negated(decimalOf(number)) : decimalOf(number)));

test('a sum of many decimal numbers is exact', () => {
  fc.assert(
    fc.property(fc.array(decimal), (decimals) => {
      const plain = decimals.reduce<string>((sum, each) => addOptionalDecimals(sum, each)!, '0');
      expect(sumOf(decimals)).toBe(plain);
    }),
  );
});

test('a sum stays exact beyond what its limbs hold', () => {
  const decimals = Array.from({ length: 25_000 }, () => '999999.999999999999999999999999');
  expect(sumOf(decimals)).toBe('24999999999.999999999999999999975');
});

test('a sum can be read before more is added', () => {
  const sum = new DecimalSum();
  sum.add('0.1');
  expect(sum.value).toBe('0.1');
  sum.add('0.2');
  expect(sum.value).toBe('0.3');
});

test('a decimal number has no exponent', () => {
  expect([1e-7, 1e21, 0.1, 12, 1.5e-9].map(decimalOf)).toEqual([
    '0.0000001',
    `1${'0'.repeat(21)}`,
    '0.1',
    '12',
    '0.0000000015',
  ]);
});
