import { metText, quantity, table } from '../report.ts';
import { CONTENDERS, type ContenderName, LABELS } from './contender.ts';
import { FULL, type LiveOptions } from './options.ts';
import { RATES, SUBSCRIBERS } from './rates.ts';
import type { ByContender, LiveResults, RateResult } from './results.ts';
import { OTHERS } from './stuck.ts';

const MEGABYTE = 1024 * 1024;

interface Goal {
  readonly text: string;
  /** Of whom; the default is both of Sessiontree. */
  readonly of?: ContenderName;
  readonly isMet: (value: number) => boolean;
}

interface Row {
  readonly what: string;
  readonly values: ReadonlyMap<ContenderName, number>;
  readonly show: (value: number) => string;
  readonly goal?: Goal;
  /** True if the goal was set for other sizes. */
  readonly isSmaller?: boolean;
}

const OWN: readonly ContenderName[] = ['sse', 'websocket'];

export function liveTable(results: LiveResults, options: LiveOptions): string {
  const rows = [
    ...idleRows(results, options),
    ...RATES.flatMap((rate) => rateRows(rate, results.rates?.get(rate))),
    ...stuckRows(results, options),
    ...refusedRows(results, options),
  ];
  const header = ['', ...options.contenders.map((name) => LABELS[name]), 'goal', ''];
  const lines = rows.map(({ what, values, show, goal, isSmaller }) => [
    what,
    ...options.contenders.map((name) => {
      const value = values.get(name);
      return value === undefined ? '–' : show(value);
    }),
    goal ? `${goal.text}${goal.of ? ` (${LABELS[goal.of]})` : ''}` : '',
    goal ? verdict(values, goal, isSmaller === true) : '',
  ]);
  return table([header, ...lines]);
}

function verdict(values: Row['values'], { of, isMet }: Goal, isSmaller: boolean): string {
  const judged = (of ? [of] : OWN).flatMap((name) => values.get(name) ?? []);
  if (judged.length === 0) return '';
  return isSmaller ? '(of the full size)' : metText(judged.every(isMet));
}

function idleRows({ idle }: LiveResults, { subscribers }: LiveOptions): Row[] {
  if (!idle) return [];
  const what = `${subscribers.toLocaleString('en')} idle subscribers`;
  return [
    {
      what: `${what}: memory of each`,
      values: pick(idle, ({ bytes }) => bytes),
      show: (bytes) => quantity(bytes / 1_000, 'kB'),
      goal: { text: 'at most 20 kB', of: 'sse', isMet: (bytes) => bytes <= 20_000 },
      isSmaller: subscribers < FULL.subscribers * 0.9,
    },
    {
      what: `${what}: processor`,
      values: pick(idle, ({ load }) => load),
      show: percent,
      goal: { text: 'at most 2% of a core', isMet: (load) => load <= 0.02 },
      isSmaller: subscribers < FULL.subscribers * 0.9,
    },
  ];
}

/** Milliseconds. */
const MEDIAN_GOALS: Readonly<Record<(typeof RATES)[number], number>> = { 100: 50, 10: 20 };

function rateRows(rate: (typeof RATES)[number], results: ByContender<RateResult> | undefined): Row[] {
  if (!results) return [];
  const what = `${SUBSCRIBERS.toLocaleString('en')} subscribers, ${rate} changes/s`;
  const most = MEDIAN_GOALS[rate];
  return [
    {
      what: `${what}: processor`,
      values: pick(results, ({ load }) => load),
      show: percent,
      goal: { text: 'at most a core', isMet: (load) => load <= 1 },
    },
    {
      what: `${what}: changes written`,
      values: pick(results, ({ perSecond }) => perSecond),
      show: (perSecond) => quantity(perSecond, '/s'),
    },
    {
      what: `${what}: median from answer to delivery`,
      values: pick(results, ({ median }) => median),
      show: milliseconds,
      goal: { text: `at most ${most} ms`, isMet: (median) => median <= most },
    },
    {
      what: `${what}: 95th percentile from answer to delivery`,
      values: pick(results, ({ p95 }) => p95),
      show: milliseconds,
    },
    {
      what: `${what}: median from when a change was due`,
      values: pick(results, ({ sinceDue }) => sinceDue),
      show: milliseconds,
    },
  ];
}

function stuckRows({ stuck }: LiveResults, { stuckChanges }: LiveOptions): Row[] {
  if (!stuck) return [];
  const what = `a client that never reads during ${stuckChanges.toLocaleString('en')} changes`;
  const isSmaller = stuckChanges < FULL.stuckChanges;
  return [
    {
      what: `${what}: memory more`,
      values: pick(stuck, ({ bytes }) => bytes),
      show: (bytes) => quantity(bytes / MEGABYTE, 'MB'),
      goal: { text: 'at most 5 MB', isMet: (bytes) => bytes <= 5 * MEGABYTE },
      isSmaller,
    },
    {
      what: `${what}: 95th percentile of ${OTHERS} others, to that without`,
      values: pick(stuck, ({ ratio }) => ratio),
      show: (ratio) => `${ratio.toFixed(2)} ×`,
      goal: { text: 'at most 1.10 ×', isMet: (ratio) => ratio <= 1.1 },
      isSmaller,
    },
  ];
}

function refusedRows({ refused }: LiveResults, options: LiveOptions): Row[] {
  if (!refused) return [];
  return [
    {
      what: `${options.refused.toLocaleString('en')} refused subscriptions: left`,
      values: refused,
      show: (left) => left.toLocaleString('en'),
      goal: { text: 'none', of: 'sse', isMet: (left) => left === 0 },
    },
  ];
}

function pick<Result>(results: ByContender<Result>, of: (result: Result) => number): Row['values'] {
  return new Map(
    CONTENDERS.flatMap((name) => {
      const result = results.get(name);
      return result === undefined ? [] : [[name, of(result)]];
    }),
  );
}

function percent(load: number): string {
  return quantity(load * 100, '%').replace(' ', '');
}

/** Negative where changes come before the answer. */
function milliseconds(time: number): string {
  if (!Number.isFinite(time)) return 'not delivered';
  return time < 0 ? `−${quantity(-time, 'ms')}` : quantity(time, 'ms');
}
