import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { progressBar } from '../../src/commands/progress.ts';
import type { ServeMessage } from '../process/serve.ts';
import { openOnce, start } from '../process/start.ts';
import { machine } from '../report.ts';
import { wholePlan } from '../stores/plan.ts';
import { isMade, makeStore } from '../stores/prepare.ts';
import { bytesAtFirst } from './bytes.ts';
import { median, type Opened, openCold, quantile } from './cold.ts';
import { delaysToFrame, tabsLive } from './live.ts';
import type { ExplorerOptions } from './options.ts';
import { jumps, opening, scrolling, toggles } from './pages.ts';

interface Row {
  readonly what: string;
  readonly measured: number;
  readonly unit: string;
  /** At most, except for counts of tabs: at least. */
  readonly goal: number;
  readonly atLeast?: boolean;
}

/** Measures, and prints the table. */
export async function main({ directory, size, rounds }: ExplorerOptions): Promise<void> {
  const plan = wholePlan(size);
  const progress = progressBar(process.stderr);
  const data = join(directory, plan.name);
  mkdirSync(directory, { recursive: true });
  if (!isMade(data, plan)) {
    makeStore(data, plan, progress.report);
    await openOnce(directory, [plan], progress.report);
  }
  const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
  if (!existsSync(executablePath))
    throw new Error(`Expected Chromium at ${executablePath}: install it, or name it in CHROMIUM_PATH.`);
  const server = await start<ServeMessage>('process/serve.ts', data);
  const url = new URL((server.message as { url: string }).url).origin;
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--enable-precise-memory-info'],
  });
  const rows: Row[] = [];
  const add = (what: string, measured: number, unit: string, goal: number, atLeast = false) =>
    rows.push({ what, measured, unit, goal, atLeast });
  /** The figures of a path, each time in a cold context. */
  async function each<Figures>(
    path: string,
    measure: (opened: Opened) => Promise<Figures>,
  ): Promise<Figures[]> {
    const figures: Figures[] = [];
    for (let round = 0; round < rounds; round += 1) {
      progress.report(`${path}, round`, round + 1, rounds);
      const opened = await openCold(browser, url, path);
      figures.push(await measure(opened));
      await opened.close();
    }
    return figures;
  }
  try {
    process.stdout.write(`${machine()}\n\n`);
    add('JavaScript at first, gzipped', bytesAtFirst() / 1_024, 'KiB', 80);
    const list = await each('/explorer/', (opened) => opening(opened, '.root-row'));
    add('first paint', median(list.map(({ paintMs }) => paintMs)), 'ms', 300);
    add('list usable', median(list.map(({ drawnMs }) => drawnMs)), 'ms', 400);
    const tree = await each('/explorer/t/wide', async (opened) => ({
      ...(await opening(opened, '.tree-row:nth-child(5)')),
      toggleMs: await toggles(opened),
    }));
    add('tree of 10,000 drawn', median(tree.map(({ drawnMs }) => drawnMs)), 'ms', 600);
    add(
      'expand or collapse of 10,000, to the next frame',
      median(tree.flatMap(({ toggleMs }) => toggleMs)),
      'ms',
      32,
    );
    const history = await each('/explorer/t/history', async (opened) => {
      await opening(opened, '.text');
      const slow = await scrolling(opened, 300);
      const fast = await scrolling(opened, 3_000);
      return { slow, fast, jumpMs: await jumps(opened), ...(await opened.weight()) };
    });
    const worst = (numbers: number[]) => median(numbers);
    add(
      'scrolling 300 px a frame: 95% of frames',
      worst(history.map(({ slow }) => quantile(slow.framesMs, 0.95))),
      'ms',
      20,
    );
    add('its longest task', worst(history.map(({ slow }) => slow.longestTaskMs)), 'ms', 50);
    add(
      'scrolling 3,000 px a frame: longest task',
      worst(history.map(({ fast }) => fast.longestTaskMs)),
      'ms',
      100,
    );
    add('a jump anywhere', median(history.flatMap(({ jumpMs }) => jumpMs)), 'ms', 100);
    add('heap after that', median(history.map(({ heapMegabytes }) => heapMegabytes)), 'MB', 60);
    add('elements', Math.max(...history.map(({ elements }) => elements)), '', 1_500);
    const delays = await each('/explorer/t/tree', (opened) => delaysToFrame(opened));
    add('mutation to frame, 95%', median(delays.map((delay) => quantile(delay, 0.95))), 'ms', 50);
    add('tabs live at once', await tabsLive(browser, url, 10), '', 10, true);
    progress.done();
    process.stdout.write(`${table(rows)}\n`);
  } finally {
    progress.done();
    await browser.close();
    await server.stop();
  }
}

function table(rows: readonly Row[]): string {
  const shown = (number: number, unit: string) =>
    `${number >= 100 || Number.isInteger(number) ? Math.round(number).toLocaleString('en') : number.toFixed(1)} ${unit}`.trim();
  return [
    '| | measured | goal | |',
    '|---|---:|---:|---|',
    ...rows.map(({ what, measured, unit, goal, atLeast }) => {
      const isMet = atLeast ? measured >= goal : measured <= goal;
      return `| ${what} | ${shown(measured, unit)} | ${atLeast ? '≥' : '≤'} ${shown(goal, unit)} | ${isMet ? '' : 'missed'} |`;
    }),
  ].join('\n');
}
