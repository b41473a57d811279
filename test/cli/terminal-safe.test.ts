import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openFileRepository } from '../../src/repository/files/open.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { runCli } from './run.ts';

/** Clears a screen. */
const CLEAR = '\u001b[2J';
const WRITTEN = '\\u001b[2J';

/** The lines of a command's output. Checks that none contains control characters. */
async function saidBy(...args: string[]): Promise<string[]> {
  const { stdout, stderr } = await runCli(args);
  expect(stdout + stderr).not.toContain('\u001b');
  return `${stdout}${stderr}`.trimEnd().split('\n');
}

describe('names of files never drive the terminal', () => {
  test.each([[[]], [['--repair']]])('check %j', async (flags) => {
    const directory = await temporaryDirectory();
    const repository = await openFileRepository({ directory });
    await repository.create({ id: 'a' });
    await repository.close();
    await mkdir(join(directory, 'sessions', CLEAR));
    const lines = await saidBy('check', ...flags, '--data', directory);
    expect(lines[0]).toBe(`sessions/${WRITTEN}: not a folder of sessions`);
  });

  test('a data directory that cannot be used', async () => {
    const directory = join(await temporaryDirectory(), CLEAR);
    expect(await saidBy('check', '--data', directory)).toEqual([expect.stringContaining(WRITTEN)]);
    await writeFile(directory, '');
    expect(await saidBy('serve', '--port', '0', '--data', directory)).toEqual([
      expect.stringContaining(WRITTEN),
    ]);
    await rm(directory);
  });

  test('a directory to import that is not there', async () => {
    const directory = await temporaryDirectory();
    const [first] = await saidBy('import', join(directory, CLEAR), '--data', directory);
    expect(first).toContain(`${WRITTEN}" (ENOENT)`);
  });
});
