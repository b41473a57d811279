import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { WorkUnderWay } from '../../../src/repository/runtime/work-under-way.ts';

test('a close waits for the last work under way, and is said at once', async () => {
  const work = new WorkUnderWay();
  work.begin();
  work.begin();
  let isClosed = false;
  const closing = work.close().then(() => {
    isClosed = true;
  });
  expect(work.isClosed).toBe(true);
  work.end();
  await turn();
  expect(isClosed).toBe(false);
  work.end();
  await closing;
});

test('a close waits for nothing where no work is under way, or all has ended', async () => {
  await new WorkUnderWay().close();
  const work = new WorkUnderWay();
  work.begin();
  work.end();
  await work.close();
});
