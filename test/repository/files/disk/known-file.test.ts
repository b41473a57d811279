import { statSync, writeFileSync } from 'node:fs';
import { afterEach, expect, it, vi } from 'vitest';
import { FileStamp } from '../../../../src/repository/files/disk/known-file.ts';
import { temporaryDirectory } from '../../../support/repository.ts';

afterEach(() => {
  vi.useRealTimers();
});

it.each([
  ['an hour before', 3_600_000, true],
  ['just before', 10, false],
  ['an hour later, by a clock that was set back since', -3_600_000, true],
])('a file that was changed %s it was looked at is known to be still: %s', async (_, ago, isStill) => {
  const path = `${await temporaryDirectory()}/file`;
  writeFileSync(path, 'x');
  // By the time of the change, however long ago that is by now.
  vi.useFakeTimers({ toFake: ['Date'], now: statSync(path).ctimeMs + (ago as number) });
  expect(new FileStamp(path).isStill(path)).toBe(isStill);
});
