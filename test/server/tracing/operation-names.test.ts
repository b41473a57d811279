import { expect, test } from 'vitest';
import { OperationNames, OTHER_NAME } from '../../../src/server/tracing/operation-names.ts';

test('after a thousand names of operations, spans have no new one, and those that they have stay', () => {
  const names = new OperationNames();
  for (let n = 0; n < 1_000; n += 1) expect(names.shown(`name${n}`)).toBe(`name${n}`);
  expect(names.shown('one more')).toBe(OTHER_NAME);
  expect(names.shown('name7')).toBe('name7');
});

test('a long name is shortened as in the log', () => {
  const shown = new OperationNames().shown('x'.repeat(1_000));
  expect(shown.length).toBeLessThanOrEqual(129);
  expect(shown.startsWith('x'.repeat(100))).toBe(true);
});
