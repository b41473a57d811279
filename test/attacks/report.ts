import { percentile } from './good-client.ts';
import type { Result } from './run-attack.ts';

/** Milliseconds to the head of an answer to the good client, at the 95th percentile. */
const LATENCY_GOAL_MS = 100;
/** Milliseconds of delay of the event loop, at the 99th percentile. */
const DELAY_GOAL_MS = 50;
const DELAY_GOAL_OF_LARGE_BODIES_MS = 150;

/** The goals of time that an attack in its long form missed. The short form also runs on machines that have much else to do. */
export function missedGoals({ attack, scale, latency, delay }: Result): string[] {
  if (scale === 'short') return [];
  const delayGoal = attack.hasLargeBodies ? DELAY_GOAL_OF_LARGE_BODIES_MS : DELAY_GOAL_MS;
  return [
    ...(latency && latency.p95 > LATENCY_GOAL_MS
      ? [`the good client waited ${latency.p95.toFixed(0)} ms at p95, the goal is ${LATENCY_GOAL_MS}`]
      : []),
    ...(latency && delay && delay.p99 > delayGoal
      ? [`the event loop was late by ${delay.p99.toFixed(0)} ms at p99, the goal is ${delayGoal}`]
      : []),
  ];
}

const HEAD = [
  'attack',
  'what it got',
  'alive',
  'stored',
  'good client p50 / p95 / worst, ms',
  'event loop p99 / worst, ms',
  'MB at peak / after',
  'took, s',
  '',
];

/** A Markdown table with a row for each attack, and below it what was wrong. */
export function reportOf(results: readonly Result[]): string {
  const rows = results.map((result) => {
    const { attack, got, faults, isAlive, isStored, latency, delay, memory, tookMs } = result;
    const missed = missedGoals(result);
    return [
      attack.name,
      [...got].map(([summary, count]) => `${count} × ${summary}`).join(', ') || '–',
      isAlive ? 'yes' : '**no**',
      isStored ? 'yes' : '**no**',
      latency ? [latency.p50, latency.p95, latency.worst].map(rounded).join(' / ') : '–',
      delay && latency ? [delay.p99, delay.max].map(rounded).join(' / ') : '–',
      [memory.peak, memory.after].map(rounded).join(' / '),
      (tookMs / 1000).toFixed(1),
      faults.length > 0 ? '**fault**' : missed.length > 0 ? '**slow**' : 'as it should be',
    ];
  });
  const faults = results.flatMap((result) =>
    [...result.faults, ...missedGoals(result)].map((fault) => `- ${result.attack.name}: ${fault}`),
  );
  return [markdownTable([HEAD, ...rows]), ...(faults.length > 0 ? [faults.join('\n')] : [])].join('\n\n');
}

function markdownTable([head, ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head!), line(head!.map(() => '---')), ...rows.map(line)].join('\n');
}

const rounded = (value: number) => value.toFixed(value < 10 ? 1 : 0);

/** The latencies of the good client as they are told in a line. */
export function latencyText(latencies: readonly number[]): string {
  return [0.5, 0.95, 1].map((share) => rounded(percentile(latencies, share))).join(' / ');
}
