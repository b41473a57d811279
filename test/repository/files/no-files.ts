import { closeSync, openSync } from 'node:fs';
import { expect } from 'vitest';

/** Runs `work` while this process cannot open more files. */
export async function whileNoFileOpens<T>(work: () => Promise<T>): Promise<T> {
  const open: number[] = [];
  try {
    for (;;) open.push(openSync('/dev/null', 'r'));
  } catch (error) {
    expect(error).toMatchObject({ code: expect.stringMatching(/^E[MN]FILE$/) });
  }
  try {
    return await work();
  } finally {
    for (const fd of open) closeSync(fd);
  }
}
