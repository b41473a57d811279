import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { importProgress } from '../../src/commands/import-progress.ts';
import { progressBar, progressLine } from '../../src/commands/progress.ts';
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

/** A fake terminal that records its output. */
class Terminal extends PassThrough {
  readonly isTTY = true;
  readonly columns = 80;
  cursorTo(column: number): boolean {
    return this.write(`<${column}>`);
  }
  clearLine(direction: number): boolean {
    return this.write(direction === 0 ? '<clear>' : '<rest>');
  }
  written(): string {
    return String(this.read() ?? '');
  }
}

function onTerminal() {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const terminal = new Terminal();
  const stream = terminal as unknown as NodeJS.WriteStream;
  return { terminal, stream, bar: progressBar(stream) };
}

const HALF = `[${'#'.repeat(15)}${'-'.repeat(15)}]`;
const FULL = `[${'#'.repeat(30)}]`;

describe('the line on a terminal', () => {
  it('is not there for work that is over within half a second', () => {
    const { terminal, bar } = onTerminal();
    for (const stage of ['Reading', 'Importing']) {
      for (let done = 1; done <= 10; done += 1) {
        vi.advanceTimersByTime(24);
        bar.report(stage, done, 10);
      }
    }
    bar.done();
    vi.advanceTimersByTime(60_000);
    expect(terminal.written()).toBe('');
  });

  it('is there once half a second has passed, goes on, and leaves nothing behind', () => {
    const { terminal, bar } = onTerminal();
    bar.report('Reading', 1, 4);
    vi.advanceTimersByTime(500);
    bar.report('Reading', 2, 4);
    vi.advanceTimersByTime(99);
    bar.report('Reading', 3, 4);
    bar.report('Importing', 2, 4);
    bar.report('Importing', 4, 4);
    bar.done();
    expect(terminal.written()).toBe(
      `<0>${progressLine('Reading', 1, 4)}<rest>` +
        `<0>Importing ${HALF} 2 of 4<rest><0>Importing ${FULL} 4 of 4<rest><0><clear>`,
    );
  });

  it('comes without another report, and with a report from work that leaves no time in between', () => {
    const seldom = onTerminal();
    seldom.bar.report('Comparing', 0, 0);
    vi.advanceTimersByTime(500);
    expect(seldom.terminal.written()).toBe('<0>Comparing 0<rest>');
    const busy = onTerminal();
    const now = performance.now() + 600;
    const clock = vi.spyOn(performance, 'now').mockReturnValue(now);
    onTestFinished(() => clock.mockRestore());
    busy.bar.report('Indexing', 2, 4);
    expect(busy.terminal.written()).toBe(`<0>Indexing ${HALF} 2 of 4<rest>`);
  });

  it('does not come for the end of work alone', () => {
    const { terminal, bar } = onTerminal();
    vi.advanceTimersByTime(600);
    bar.report('Reading', 4, 4);
    bar.done();
    expect(terminal.written()).toBe('');
  });
});

describe('the line of an import', () => {
  it('tells files, sessions, and the megabytes of a second, of each stage anew', () => {
    const { terminal, stream } = onTerminal();
    const { report, done } = importProgress(stream);
    report({ stage: 'Reading', files: 0, sessions: 0, ofSessions: 0, bytes: 0 });
    vi.advanceTimersByTime(500);
    expect(terminal.written()).toBe('<0>Reading, sessions: 0<rest>');
    vi.advanceTimersByTime(1_500);
    report({ stage: 'Reading', files: 1_200, sessions: 7, ofSessions: 0, bytes: 50_000_000 });
    expect(terminal.written()).toBe('<0>Reading at 25.0 MB/s, 1,200 files, sessions: 7<rest>');
    report({ stage: 'Importing', files: 1_200, sessions: 0, ofSessions: 8, bytes: 0 });
    terminal.written();
    vi.advanceTimersByTime(1_000);
    report({ stage: 'Importing', files: 1_200, sessions: 4, ofSessions: 8, bytes: 12_340_000 });
    done();
    expect(terminal.written()).toBe(`<0>Importing at 12.3 MB/s, sessions ${HALF} 4 of 8<rest><0><clear>`);
  });
});

describe('a command', () => {
  it('leaves its report alone on the screen of a terminal', async ({ skip }) => {
    const terminal = '/usr/bin/script';
    skip(!existsSync(terminal), `there is no ${terminal} to make a terminal with`);
    const data = await temporaryDirectory();
    const command = [process.execPath, 'src/cli.ts', 'import', 'test/fixtures/seed', '--data', data].join(
      ' ',
    );
    const { stdout } = await run(terminal, ['-qec', command, '/dev/null'], { cwd: ROOT });
    // On a slow machine there may be a line before; it is cleared.
    const report = stdout.split('\u001b[1G\u001b[2K').at(-1);
    expect(report).toMatch(/^Notes:\r\n.*Imported 11, /s);
    expect(report).not.toContain('\u001b');
  });

  it('shows no progress where there is no terminal', async () => {
    const { stderr } = await runCli([
      'import',
      join(ROOT, 'test/fixtures/seed'),
      '--data',
      await temporaryDirectory(),
    ]);
    expect(stderr).toBe('');
  });
});
