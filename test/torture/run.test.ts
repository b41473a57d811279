import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const RUN = join(import.meta.dirname, 'run.ts');

test.skipIf(process.platform === 'win32').each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  'a run that %s interrupts prints the table of the parts that had ended',
  { timeout: 120_000 },
  async (signal, code) => {
    // It would go on for minutes: nobody knows when the signal comes.
    const child = spawn(
      process.execPath,
      [RUN, '--only', 'cut-files,kill-9,kill-9-trees,live', '--exactly', '5'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    onTestFinished(() => void child.kill('SIGKILL'));
    const closed = once(child, 'close');
    let printed = '';
    let isInterrupted = false;
    for await (const chunk of child.stdout.setEncoding('utf8')) {
      printed += chunk;
      if (isInterrupted || !printed.includes('kill-9 …')) continue;
      isInterrupted = true;
      child.kill(signal);
    }
    expect(await closed).toEqual([code, null]);
    expect(printed).toMatch(/^a file cut at a byte +5 /m);
    expect(printed).toContain(`Interrupted by ${signal}: the table has the parts that had ended.`);
  },
);
