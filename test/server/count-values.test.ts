import { expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { hasMoreValues, memoryOf } from '../../src/server/count-values.ts';

/** Each text with its number of values and keys, roughly. A new key counts twenty more, a new short string one more. */
test.each<[string, number]>([
  ['[]', 1],
  ['[1,2,3]', 3],
  ['{"a":1,"b":[true,{}]}', 7 + 2 * 21],
  ['[{"a":1},{"a":1}]', 6 + 21],
  ['["a,b:c[d{e","\\",\\"[[[[[",""]', 3 + 3],
  ['"\\\\"', 1],
  ['["unfinished, with: [all', 1],
])('%s has %i', (text, count) => {
  const json = Buffer.from(text.padEnd(200));
  expect(hasMoreValues(json, count)).toBe(false);
  if (count > 0) expect(hasMoreValues(json, count - 1)).toBe(true);
});

test.each<[string, number]>([
  ['["0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 01"]', 72],
  [' [ { } ,\t\r\n[ ] ] ', 4 * 32],
  ['{"a":1,"b":{"a":2}}', 6 * 32],
])('%j takes about %i bytes of memory', (text, bytes) => {
  expect(memoryOf(Buffer.from(text.padEnd(10_000)), 1_000)).toBe(bytes);
});

const DEFAULT = DEFAULT_LIMITS.bodyValues;
const MIB = 1024 * 1024;

/** A list of so many bytes. */
const payload = (size: number, item: (n: number) => unknown) => {
  const items: string[] = [];
  for (let bytes = 2; bytes < size; bytes += items.at(-1)!.length + 1)
    items.push(JSON.stringify(item(items.length)));
  return Buffer.from(`[${items.join(',')}]`);
};

test.each<[string, (n: number) => unknown]>([
  ['short objects', (n) => ({ id: n, ok: true })],
  ['hits of a search', (n) => ({ file: `src/file-${n}.ts`, line: n, text: 'export const', match: [1, 2] })],
  ['numbers', () => 1],
  ['different words', (n) => `w${n}`],
  ['objects with an id as key', (n) => ({ [`toolu_${n}_0123456789abcdef`]: { status: 'done' } })],
])('a payload of 1 MiB of %s passes', (_, item) => {
  expect(hasMoreValues(payload(MIB, item), DEFAULT)).toBe(false);
});

const LINE = 'export const something = await other(thing);';

test.each<[string, (n: number) => unknown]>([
  ['lines of a file', (n) => ({ line: n, text: LINE })],
  ['texts', () => LINE],
  ['measured times', (n) => n / 7],
])('a payload of 12 MiB of %s passes', (_, item) => {
  expect(hasMoreValues(payload(12 * MIB, item), DEFAULT)).toBe(false);
});

test.each<[string, (n: number) => unknown]>([
  ['numbers', () => 1],
  ['empty lists', () => []],
])('the millions of values in a payload of 12 MiB of %s are too many', (_, item) => {
  expect(hasMoreValues(payload(12 * MIB, item), DEFAULT)).toBe(true);
});

test.each<[string, string]>([
  ['one object', `{${Array.from({ length: 60_000 }, (_, n) => `"key ${n}":1`)}}`],
  ['an object each', `[${Array.from({ length: 60_000 }, (_, n) => `{"key ${n}":1}`)}]`],
])('tens of thousands of different keys in %s are too many', (_, json) => {
  expect(hasMoreValues(Buffer.from(json), DEFAULT)).toBe(true);
});
