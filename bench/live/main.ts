import { mkdirSync, rmSync } from 'node:fs';
import { progressBar } from '../../src/commands/progress.ts';
import { machine } from '../report.ts';
import { ALL } from './contenders.ts';
import { measureIdle } from './idle.ts';
import type { LiveOptions } from './options.ts';
import { measureRates } from './rates.ts';
import { measureRefused } from './refused.ts';
import { liveTable } from './report.ts';
import { measureStuck } from './stuck.ts';

/** Minutes after which a run is given up, because something does not answer. */
const MINUTES_MAX = 60;

/** Measures, and prints the table. */
export async function main(options: LiveOptions): Promise<void> {
  const { directory, parts } = options;
  const contenders = ALL.filter(({ name }) => options.contenders.includes(name));
  const progress = progressBar(process.stderr);
  const { report } = progress;
  process.stdout.write(`${machine()}\n\n`);
  const watchdog = setTimeout(() => {
    process.stderr.write(`Expected an end within ${MINUTES_MAX} minutes, got none.\n`);
    process.exit(1);
  }, MINUTES_MAX * 60_000);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  try {
    const results = {
      ...(parts.has('idle') && { idle: await measureIdle(contenders, options, report) }),
      ...(parts.has('rates') && { rates: await measureRates(contenders, options, report) }),
      ...(parts.has('stuck') && { stuck: await measureStuck(contenders, options, report) }),
      ...(parts.has('refused') && { refused: await measureRefused(contenders, options, report) }),
    };
    progress.done();
    process.stdout.write(`${liveTable(results, options)}\n`);
  } finally {
    clearTimeout(watchdog);
    progress.done();
    rmSync(directory, { recursive: true, force: true });
  }
}
