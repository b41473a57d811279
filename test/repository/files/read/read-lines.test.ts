import { constants } from 'node:fs';
import { expect, it } from 'vitest';
import { HandlePool } from '../../../../src/repository/files/disk/handle-pool.ts';
import { readLines } from '../../../../src/repository/files/read/read-lines.ts';
import { TimeSlices } from '../../../../src/repository/files/runtime/pace.ts';
import { exchange, TestStore } from '../store.ts';

it('a caller that refuses a line gets its own error, and the file stays open: nothing is wrong with it', async () => {
  const store = await TestStore.make();
  await store.during(async (repository) => {
    await repository.create({ id: 'a' });
    await repository.append({ sessionId: 'a', messages: exchange(1) });
  });
  const [first, second] = store.lines('a') as [string, string];
  const line = {
    offset: Buffer.byteLength(first) + 1,
    length: Buffer.byteLength(second),
    first: 0,
    end: 1,
  };
  const handles = new HandlePool(store.directory, 8, constants.O_RDONLY);
  const files = { handles, turns: new TimeSlices() };
  const path = store.sessionFile('a');
  const refuse = () => {
    throw new Error('Too much.');
  };
  await expect(readLines(files, path, [line], refuse)).rejects.toThrow('Too much.');
  expect(handles.has(path)).toBe(true);
  await handles.close();
});
