import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Room } from '../../../src/server/admission/room.ts';

const LONG_MS = 60_000;
const MANY = { waiting: 10 };
const response = () => new ServerResponse(new IncomingMessage(new Socket()));

test('room is given in the order of the requests, however little a later one needs', async () => {
  const room = new Room(10, MANY);
  expect(room.take(8, response(), LONG_MS)).toBe(true);
  const order: string[] = [];
  const large = Promise.resolve(room.take(5, response(), LONG_MS)).then(() => order.push('large'));
  const small = Promise.resolve(room.take(1, response(), LONG_MS)).then(() => order.push('small'));
  expect(room.isWaitedFor).toBe(true);
  room.give(8);
  await Promise.all([large, small]);
  expect(order).toEqual(['large', 'small']);
  expect(room.isWaitedFor).toBe(false);
});

test('a request that needs more than there is gets all of it', async () => {
  const room = new Room(10, MANY);
  expect(room.take(1_000, response(), LONG_MS)).toBe(true);
  const next = room.take(10, response(), LONG_MS);
  room.give(1_000);
  expect(await next).toBe(true);
});

test('a request that has waited too long is refused, and those behind it are looked at', async () => {
  const room = new Room(10, MANY);
  room.take(8, response(), LONG_MS);
  const large = room.take(5, response(), 20);
  const small = room.take(1, response(), LONG_MS);
  expect(await large).toBe(false);
  expect(await small).toBe(true);
});

test('a request whose client has left is refused', async () => {
  const room = new Room(1, MANY);
  room.take(1, response(), LONG_MS);
  const leaving = response();
  const waiting = room.take(1, leaving, LONG_MS);
  const next = room.take(1, response(), LONG_MS);
  leaving.emit('close');
  expect(await waiting).toBe(false);
  room.give(1);
  expect(await next).toBe(true);
  expect(leaving.listenerCount('close')).toBe(0);
});

test('more than may wait are refused at once', () => {
  const room = new Room(1, { waiting: 1 });
  expect(room.take(1, response(), LONG_MS)).toBe(true);
  const waiting = response();
  expect(room.take(1, waiting, LONG_MS)).toBeInstanceOf(Promise);
  expect(room.take(1, response(), LONG_MS)).toBe(false);
  waiting.emit('close');
});

test('requests that can be admitted at once are admitted in several turns of the event loop, in their order', async () => {
  const room = new Room(100, { waiting: 100 });
  room.take(100, response(), LONG_MS);
  const admitted: number[] = [];
  const all = Array.from({ length: 100 }, async (_, n) => {
    await room.take(1, response(), LONG_MS);
    admitted.push(n);
  });
  room.give(100);
  await nextTurn();
  expect(admitted.length).toBeLessThan(50);
  await Promise.all(all);
  expect(admitted).toEqual(Array.from({ length: 100 }, (_, n) => n));
});

describe('accounts', () => {
  const take = (room: Room, account: string, weight = 1) => room.take(weight, response(), LONG_MS, account);

  test('one has at most half of the room, and others the rest', async () => {
    const room = new Room(10, MANY);
    for (let n = 0; n < 5; n += 1) expect(take(room, 'ada')).toBe(true);
    const waiting = take(room, 'ada');
    expect(waiting).toBeInstanceOf(Promise);
    expect(await take(room, 'bob', 5)).toBe(true);
    room.give(1, 'ada');
    expect(await waiting).toBe(true);
  });

  test('one has what exceeds half of the room if it has nothing else', async () => {
    const room = new Room(10, MANY);
    expect(take(room, 'ada', 8)).toBe(true);
    const second = take(room, 'ada', 1);
    expect(await take(room, 'bob', 2)).toBe(true);
    room.give(8, 'ada');
    expect(await second).toBe(true);
  });

  test('take turns where they wait', async () => {
    const room = new Room(4, MANY);
    expect(room.take(4, response(), LONG_MS)).toBe(true);
    const order: string[] = [];
    const waiting = ['ada', 'ada', 'ada', 'bob', 'cy'].map(async (account) => {
      await take(room, account, 2);
      order.push(account);
      room.give(2, account);
    });
    room.give(4);
    await Promise.all(waiting);
    expect(order).toEqual(['ada', 'bob', 'cy', 'ada', 'ada']);
  });

  test('one has no more requests that wait than it may', async () => {
    const room = new Room(1, { waiting: 10, waitingOfAccount: 2 });
    expect(take(room, 'ada')).toBe(true);
    const [first, second] = [take(room, 'ada'), take(room, 'ada')];
    expect(take(room, 'ada')).toBe(false);
    const bob = take(room, 'bob');
    for (const [account, next] of [
      ['ada', first],
      ['ada', bob],
      ['bob', second],
    ] as const) {
      room.give(1, account);
      expect(await next).toBe(true);
    }
  });

  test('of too many requests that wait, the last of the account with the most gives way', async () => {
    const room = new Room(1, { waiting: 3 });
    expect(room.take(1, response(), LONG_MS)).toBe(true);
    const [first, second, third] = [take(room, 'ada'), take(room, 'ada'), take(room, 'ada')];
    expect(take(room, 'ada')).toBe(false);
    const bob = take(room, 'bob');
    expect(await third).toBe(false);
    expect(take(room, 'bob')).toBe(false);
    room.give(1);
    expect(await first).toBe(true);
    room.give(1, 'ada');
    expect(await bob).toBe(true);
    room.give(1, 'bob');
    expect(await second).toBe(true);
  });
});
