import { expect, it } from 'vitest';
import { ReadWriteLock } from '../../../../src/repository/files/commit/read-write-lock.ts';
import { type Driven, inEveryOrder } from './every-order.ts';
import { lockCallers } from './lock-callers.ts';

type Kind = 'shared' | 'exclusive';

/** In the order of the calls: the first caller, or all shared callers at the front of the queue. */
function front(kinds: readonly Kind[], inLine: readonly number[]): readonly number[] {
  const end = inLine.findIndex((caller) => kinds[caller] === 'exclusive');
  if (end === -1) return inLine;
  return end === 0 ? inLine.slice(0, 1) : inLine.slice(0, end);
}

function callers(kinds: readonly Kind[]): Driven {
  const lock = new ReadWriteLock();
  return lockCallers({
    count: kinds.length,
    lock: (caller, work) => lock[kinds[caller]!](work),
    holders: (inLine) => front(kinds, inLine),
  });
}

const KINDS: readonly Kind[] = ['shared', 'exclusive'];
const THREE = KINDS.flatMap((a) => KINDS.flatMap((b) => KINDS.map((c) => [a, b, c] as const)));

it.each(THREE)(
  'a read-write lock is granted in the order of asking, and to shared callers together: %s, %s, %s',
  async (...kinds) => {
    expect(await inEveryOrder(() => callers(kinds))).toBeGreaterThanOrEqual(30);
  },
);

it('a read-write lock is released where the work fails, and the failure goes to its caller', async () => {
  const lock = new ReadWriteLock();
  const failed = lock.exclusive(() => Promise.reject(new Error('no')));
  const next = lock.shared(async () => 'next');
  await expect(failed).rejects.toThrow('no');
  expect(await next).toBe('next');
});
