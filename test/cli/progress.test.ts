import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { progressLine } from '../../src/commands/progress.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { runCli } from './run.ts';

const ROOT = join(import.meta.dirname, '../..');
const run = promisify(execFile);

describe('a line of progress', () => {
  it('shows how much is done, and of how much', () => {
    expect(progressLine('Reading', 0, 3_000)).toBe(`Reading [${'-'.repeat(30)}] 0 of 3,000`);
    expect(progressLine('Reading', 1_500, 3_000)).toBe(
      `Reading [${'#'.repeat(15)}${'-'.repeat(15)}] 1,500 of 3,000`,
    );
    expect(progressLine('Reading', 3_000, 3_000)).toBe(`Reading [${'#'.repeat(30)}] 3,000 of 3,000`);
  });

  it('shows the count alone while the total is not known', () => {
    expect(progressLine('Reading', 1_500, 0)).toBe('Reading 1,500');
  });

  it('stays in its bounds where more is done than was expected', () => {
    expect(progressLine('Reading', 4, 3)).toBe(`Reading [${'#'.repeat(30)}] 4 of 3`);
  });
});

describe('progress on a terminal', () => {
  it('redraws one line, and leaves none of it behind', async ({ skip }) => {
    const terminal = '/usr/bin/script';
    skip(!existsSync(terminal), `there is no ${terminal} to make a terminal with`);
    const data = await temporaryDirectory();
    const command = [process.execPath, 'src/cli.ts', 'import', 'test/fixtures/seed', '--data', data].join(
      ' ',
    );
    const { stdout } = await run(terminal, ['-qec', command, '/dev/null'], { cwd: ROOT });
    expect(stdout).toContain('\u001b[1GReading [##############################] 11 of 11\u001b[0K');
    const [, report] = stdout.split('\u001b[1G\u001b[2K');
    expect(report).toMatch(/^Notes:/);
    expect(report).not.toContain('\u001b');
  });

  it('is nothing where there is no terminal', async () => {
    const { stderr } = await runCli([
      'import',
      join(ROOT, 'test/fixtures/seed'),
      '--data',
      await temporaryDirectory(),
    ]);
    expect(stderr).toBe('');
  });
});
