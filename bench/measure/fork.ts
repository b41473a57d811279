import { join } from 'node:path';
import type { Progress } from '../../src/repository/observer.ts';
import { openOnce, start } from '../process/start.ts';
import { quantity, type SingleRow } from '../report.ts';
import type { StorePlan } from '../stores/plan.ts';
import { makeStore, removeStore } from '../stores/prepare.ts';
import { median } from './rounds.ts';

/** Messages. */
export const FORKED = 10_000;
const WARM_UP = 5;

/** Stores that are generated for each run, because a run adds forks. */
const LINES: Readonly<Record<string, StorePlan>> = {
  'an exchange a line': {
    name: 'forkable-exchanges',
    ordinary: 1_000,
    fixtures: false,
    history: FORKED,
  },
  'one a line': {
    name: 'forkable-messages',
    ordinary: 1_000,
    fixtures: false,
    history: FORKED,
    oneALine: true,
  },
};

/** Measures forks of whole histories, each kind in a process of its own, so that its first fork is the first of a process. */
export async function measureFork(directory: string, report: Progress): Promise<SingleRow[]> {
  const rows: SingleRow[] = [];
  for (const [lines, plan] of Object.entries(LINES)) {
    const store = join(directory, plan.name);
    makeStore(store, plan, report);
    try {
      await openOnce(directory, [plan], report);
      report('Forking', 0, 0);
      const { message: times, stop } = await start<number[]>('process/fork.ts', store);
      await stop();
      rows.push(forkRow(`${forkOf(FORKED)}, ${lines}, in process`, times[0]!, median(times.slice(WARM_UP))));
    } finally {
      removeStore(store);
    }
  }
  return rows;
}

export function forkOf(messages: number): string {
  return `a fork of ${messages.toLocaleString('en')} messages`;
}

/** Both in milliseconds. */
export function forkRow(what: string, first: number, middle: number): SingleRow {
  return {
    what,
    measured: `${quantity(middle, 'ms')}; the first ${quantity(first, 'ms')}`,
    goal: { text: 'within 100 ms', met: middle <= 100 },
  };
}
