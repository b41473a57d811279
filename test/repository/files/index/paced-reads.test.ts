import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { IndexDatabase } from '../../../../src/repository/files/index/database.ts';
import { PacedReads } from '../../../../src/repository/files/index/paced-reads.ts';
import type { Steps } from '../../../../src/repository/files/index/steps.ts';
import type { IndexTables } from '../../../../src/repository/files/index/tables.ts';
import { IndexWriter } from '../../../../src/repository/files/index/writer.ts';
import { STRETCH_MS, TimeSlices } from '../../../../src/repository/files/runtime/pace.ts';
import { DeadlineExceededError } from '../../../../src/repository/read-options.ts';
import { StoreClock } from '../../../../src/repository/runtime/store-clock.ts';
import { temporaryDirectory } from '../../../support/repository.ts';
import { session } from '../../records/session-state.ts';

let index: IndexDatabase;
let writer: IndexWriter;
let reads: PacedReads;

beforeEach(async () => {
  index = IndexDatabase.create(join(await temporaryDirectory(), 'index.db'));
  writer = new IndexWriter(index, new StoreClock());
  writer.insertSession(session(1), 0);
  index.complete('store', () => writer.relink());
  reads = new PacedReads(index.tables, new TimeSlices(), false);
  onTestFinished(() => {
    reads.close();
    index.close();
  });
});

/** A step that takes a whole stretch. */
function* longStep(rows = 0): Steps<void> {
  const until = performance.now() + STRETCH_MS;
  while (performance.now() <= until);
  yield rows;
}

const count = ({ connection }: IndexTables) =>
  connection.flushed().get<{ n: number }>('SELECT count(*) AS n FROM sessions')!.n;

/** A read that never ends by itself, and what it did. */
class Endless {
  /** The connections on which it began. */
  readonly began: IndexTables[] = [];
  steps = 0;
  ended = 0;
  /** Resolves in the second stretch, and in the one after it began again. */
  readonly goesOn = Promise.withResolvers<void>();
  readonly beganAgain = Promise.withResolvers<void>();

  readonly work = function* (this: Endless, tables: IndexTables): Steps<never> {
    this.began.push(tables);
    try {
      for (;;) {
        yield* longStep(1);
        this.steps += 1;
        if (this.steps > 1) this.goesOn.resolve();
        if (this.began.length > 1) this.beganAgain.resolve();
      }
    } finally {
      this.ended += 1;
    }
  }.bind(this);
}

const isOpen = ({ connection }: IndexTables) => {
  try {
    return connection.written.get('SELECT 1') !== undefined;
  } catch {
    return false;
  }
};

it('a short read is made at once, on the connection of the store', async () => {
  const seen: IndexTables[] = [];
  const read = reads.run(function* (tables) {
    seen.push(tables);
    yield 0;
    return count(tables);
  });
  expect(seen).toEqual([index.tables]);
  expect(await read).toBe(1);
});

it('a long read goes on where it is, with turns for others, while the index stays as it is', async () => {
  index.transaction(() => writer.insertSession(session(2), 0));
  const seen: IndexTables[] = [];
  let turns = 0;
  await reads.run(function* (tables) {
    seen.push(tables);
    setImmediate(() => {
      turns += 1;
      // Pending rows come into the tables: what queries find stays the same.
      index.tables.connection.behind.flush();
    });
    for (let n = 0; n < 3; n += 1) yield* longStep();
    expect(turns).toBe(1);
  });
  expect(seen).toEqual([index.tables]);
});

it('a long read takes a snapshot after some stretches, which bounds what a change could make it read again', async () => {
  const seen: IndexTables[] = [];
  await reads.run(function* (tables) {
    seen.push(tables);
    for (let n = 0; n < 15; n += 1) yield* longStep();
  });
  expect(seen.map((tables) => tables === index.tables)).toEqual([true, false]);
});

it('a long read of an index that another process may change takes a snapshot after its first stretch', async () => {
  const shared = new PacedReads(index.tables, new TimeSlices(), true);
  onTestFinished(() => shared.close());
  const seen: IndexTables[] = [];
  await shared.run(function* (tables) {
    seen.push(tables);
    for (let n = 0; n < 3; n += 1) yield* longStep();
  });
  expect(seen.map((tables) => tables === index.tables)).toEqual([true, false]);
});

it('a long read begins again after a change that was made at pace, on another connection', async () => {
  const states: number[] = [];
  let changing: Promise<unknown> | undefined;
  await reads.run(function* (tables) {
    for (let n = 0; n < 4; n += 1) {
      states.push(count(tables));
      if (states.length === 1) {
        changing = index.transactionAtPace(function* (own) {
          own.tables.connection.run('DELETE FROM sessions');
          yield;
        });
      }
      yield* longStep();
    }
  });
  await changing;
  expect(states[0]).toBe(1);
  // Each time it began, it saw one state.
  expect(states.slice(-4)).toEqual([0, 0, 0, 0]);
});

it.each(['that are pending', 'that are in the tables'] as const)(
  'a long read begins again after changes %s, and then sees one state of the index, whatever is written',
  async (changes) => {
    const states: number[] = [];
    let next = 2;
    const write = () => {
      index.transaction(() => {
        writer.insertSession(session(next), 0);
        next += 1;
        if (changes === 'that are in the tables') index.tables.connection.run('DELETE FROM meta WHERE 0');
      });
    };
    await reads.run(function* (tables) {
      for (let n = 0; n < 3; n += 1) {
        states.push(count(tables));
        if (n === 0) setImmediate(write);
        yield* longStep();
      }
    });
    expect(states).toEqual([1, 2, 2, 2]);
    expect(count(index.tables)).toBe(3);
  },
);

/** Changes the index, so that reads on the connection of the store begin again. */
const change = () => index.transaction(() => writer.insertSession(session(9), 0));

it('rows are told once, though a long read begins again', async () => {
  const told: number[] = [];
  let began = 0;
  await reads.run(
    function* () {
      began += 1;
      if (began === 1) setImmediate(change);
      for (let n = 1; n <= 4; n += 1) yield* longStep(n);
    },
    { onWalk: (rows) => told.push(rows) },
  );
  expect(began).toBe(2);
  expect(told).toEqual([1, 2, 3, 4]);
});

const ENDS = ['its signal is aborted', 'its deadline passes', 'onWalk throws', 'the store closes'] as const;

it.each(ENDS.flatMap((how) => [[how, 'where it began'] as const, [how, 'after it began again'] as const]))(
  'a long read ends when %s %s, and leaves nothing open',
  async (how, where) => {
    const endless = new Endless();
    const controller = new AbortController();
    const reason = new Error('over');
    let isRefused = false;
    const options = {
      signal: controller.signal,
      // A fixed time could pass before the read has come to where it is to end.
      deadline: Number.POSITIVE_INFINITY,
      onWalk: () => {
        if (isRefused) throw reason;
      },
    };
    const outcome = reads.run(endless.work, options).catch((error: unknown) => error);
    await endless.goesOn.promise;
    if (where === 'after it began again') {
      change();
      await endless.beganAgain.promise;
    }
    if (how === 'its signal is aborted') controller.abort(reason);
    if (how === 'its deadline passes') options.deadline = 0;
    if (how === 'onWalk throws') isRefused = true;
    if (how === 'the store closes') reads.close();
    const error = await outcome;
    if (how === 'its deadline passes') expect(error).toBeInstanceOf(DeadlineExceededError);
    else if (how === 'the store closes')
      expect(error).toMatchObject({ name: 'StorageError', isRetryable: true });
    else expect(error).toBe(reason);
    expect(endless.ended).toBe(endless.began.length);
    // The connection of the store stays open.
    expect(endless.began.map(isOpen)).toEqual(where === 'where it began' ? [true] : [true, false]);
    const { steps } = endless;
    await nextTurn();
    expect(endless.steps).toBe(steps);
  },
);

it('only a few long reads run at the same time, and one that is over no longer waits for them', async () => {
  const controllers = Array.from({ length: 7 }, () => new AbortController());
  const endless = controllers.map(() => new Endless());
  const outcomes = endless.map(({ work }, n) =>
    reads.run(work, { signal: controllers[n]!.signal }).catch((error: unknown) => error),
  );
  const running = endless.slice(0, 4);
  await Promise.all(running.map(({ goesOn }) => goesOn.promise));
  for (let turn = 0; turn < 20; turn += 1) await nextTurn();
  // The others had one stretch, and keep nothing of it.
  expect(endless.map(({ began }) => began.length)).toEqual([1, 1, 1, 1, 1, 1, 1]);
  expect(endless.map(({ ended }) => ended)).toEqual([0, 0, 0, 0, 1, 1, 1]);
  change();
  await Promise.all(running.map(({ beganAgain }) => beganAgain.promise));
  expect(endless.map(({ began }) => began.length)).toEqual([2, 2, 2, 2, 1, 1, 1]);
  controllers[4]!.abort('left');
  expect(await outcomes[4]).toBe('left');
  controllers[0]!.abort('left');
  await endless[5]!.beganAgain.promise;
  expect(endless.map(({ began }) => began.length)).toEqual([2, 2, 2, 2, 1, 2, 1]);
  for (const controller of controllers) controller.abort('left');
  expect(await Promise.all(outcomes)).toEqual(controllers.map(() => 'left'));
});

it('a short read of another client does not wait for all that one client has begun', async () => {
  const controller = new AbortController();
  const endless = Array.from({ length: 12 }, () => new Endless());
  const outcomes = endless.map(({ work }) =>
    reads.run(work, { signal: controller.signal }).catch((error: unknown) => error),
  );
  await endless[0]!.goesOn.promise;
  const before = endless.reduce((sum, { steps }) => sum + steps, 0);
  await reads.run(function* () {
    yield 0;
  });
  const after = endless.reduce((sum, { steps }) => sum + steps, 0);
  expect(after - before).toBeLessThanOrEqual(2);
  controller.abort('left');
  await Promise.all(outcomes);
});
