import { expect, it } from 'vitest';
import { KeyedMutex } from '../../../src/repository/runtime/keyed-mutex.ts';
import { type Driven, inEveryOrder } from '../files/commit/every-order.ts';
import { lockCallers } from '../files/commit/lock-callers.ts';

/** The first caller of each key. */
function firstOfEachKey(keys: readonly string[], inLine: readonly number[]): number[] {
  return inLine.filter((caller, n) => inLine.findIndex((other) => keys[other] === keys[caller]) === n);
}

function callers(keys: readonly string[]): Driven {
  const mutex = new KeyedMutex();
  return lockCallers({
    count: keys.length,
    lock: (caller, work) => mutex.during(keys[caller]!, work),
    holders: (inLine) => firstOfEachKey(keys, inLine),
  });
}

it.each([
  ['one key', ['a', 'a', 'a']],
  ['two keys', ['a', 'b', 'a']],
])(
  'three callers of %s hold it one after the other, in the order of asking, whatever that is',
  async (_, keys) => {
    expect(await inEveryOrder(() => callers(keys))).toBeGreaterThanOrEqual(30);
  },
);

it('a key is released where the work fails, and the failure goes to its caller', async () => {
  const mutex = new KeyedMutex();
  const failed = mutex.during('a', () => Promise.reject(new Error('no')));
  const next = mutex.during('a', async () => 'next');
  await expect(failed).rejects.toThrow('no');
  expect(await next).toBe('next');
});

it('work begins at once where nobody holds its key', () => {
  let begun = false;
  void new KeyedMutex().during('a', async () => {
    begun = true;
  });
  expect(begun).toBe(true);
});
