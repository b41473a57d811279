import { expect, it } from 'vitest';
import { FairQueue } from '../../../../src/repository/files/runtime/fair-queue.ts';

function takeAll(queue: FairQueue<string>): string[] {
  const taken: string[] = [];
  while (!queue.isEmpty) taken.push(queue.take()!);
  return taken;
}

it('items are taken in turn from each owner, those of one owner in order', () => {
  const queue = new FairQueue<string>();
  for (const item of ['a1', 'a2', 'a3', 'b1', 'c1', 'b2']) queue.add(item[0], item);
  expect(takeAll(queue)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
  expect(queue.take()).toBeUndefined();
});

it('an owner whose first item is not ready lets others pass, and keeps its turn', () => {
  const queue = new FairQueue<string>();
  for (const item of ['a1', 'a2', 'b1', 'b2', 'c1']) queue.add(item[0], item);
  const isReady = (item: string) => !item.startsWith('a');
  expect([queue.take(isReady), queue.take(isReady)]).toEqual(['b1', 'c1']);
  expect(queue.size).toBe(3);
  expect(takeAll(queue)).toEqual(['a1', 'b2', 'a2']);
  expect(queue.take(isReady)).toBeUndefined();
});

it('the longest owner is named to others that have fewer items, by its last one', () => {
  const queue = new FairQueue<string>();
  for (const item of ['a1', 'b1', 'b2', 'b3', 'c1', 'c2']) queue.add(item[0], item);
  expect(queue.lastOfLongest('d')).toBe('b3');
  expect(queue.lastOfLongest('a')).toBe('b3');
  expect(queue.lastOfLongest('b')).toBeUndefined();
  expect(queue.lastOfLongest('c')).toBeUndefined();
});

it('an item that was removed is not taken', () => {
  const queue = new FairQueue<string>();
  for (const item of ['a1', 'b1', 'b2']) queue.add(item[0], item);
  queue.remove('a', 'a1');
  queue.remove('a', 'a1');
  queue.remove('b', 'b1');
  expect(takeAll(queue)).toEqual(['b2']);
});
