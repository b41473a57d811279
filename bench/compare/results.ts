import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { median } from '../measure/rounds.ts';
import type { ContenderName } from './contender-name.ts';

/** A goal, and whether it is met; null if the contender that it refers to was not measured. */
export interface Verdict {
  readonly text: string;
  readonly met: boolean | null;
}

/** One case in the results file. */
export interface CaseResult {
  readonly id: string;
  readonly title: string;
  /** `/s`: more is better. `ms` and `MB`: less is better. */
  readonly unit: '/s' | 'ms' | 'MB';
  /** The samples by round: those of one round have the same index in each list. */
  readonly samples: { readonly [name in ContenderName]?: readonly number[] };
  /** The reason why a contender has no samples. */
  readonly missing: { readonly [name in ContenderName]?: string };
  readonly verdicts: readonly Verdict[];
}

/** Memory of the server while it answers many requests, in bytes. */
export interface MemoryResult {
  readonly points: readonly { readonly requests: number; readonly heap: number; readonly resident: number }[];
  readonly verdict: Verdict;
}

export interface Results {
  readonly date: string;
  readonly machine: string;
  readonly size: number;
  readonly versions: { readonly [name in ContenderName]?: string };
  readonly cases: readonly CaseResult[];
  readonly memory: MemoryResult | null;
}

export function medianOf({ samples }: Pick<CaseResult, 'samples'>, name: ContenderName): number | null {
  const own = samples[name];
  return own && own.length > 0 ? median(own) : null;
}

/** How many times as fast Sessiontree is as another contender. Null if one was not measured. */
export function speedAgainst(
  result: Pick<CaseResult, 'samples' | 'unit'>,
  other: ContenderName,
): number | null {
  return speedOf(result, 'sessiontree', other);
}

/** How many times as fast one contender is as another: the median over the rounds. Null if one was not measured. */
export function speedOf(
  { samples, unit }: Pick<CaseResult, 'samples' | 'unit'>,
  name: ContenderName,
  other: ContenderName,
): number | null {
  const [own, others] = [samples[name] ?? [], samples[other] ?? []];
  const rounds = Math.min(own.length, others.length);
  if (rounds === 0) return null;
  const ratios = Array.from({ length: rounds }, (_, n) =>
    unit === '/s' ? own[n]! / others[n]! : others[n]! / own[n]!,
  );
  return median(ratios);
}

/** Writes the results. Returns the path of the file. */
export function keepResults(results: Results): string {
  const directory = join(import.meta.dirname, '../results');
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `compare-${results.date.replaceAll(':', '-')}.json`);
  writeFileSync(path, resultsText(results));
  return path;
}

/** JSON with four significant digits, and lists of numbers on one line. */
export function resultsText(results: Results): string {
  const json = JSON.stringify(
    results,
    (_, value) =>
      typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value,
    2,
  );
  return `${json.replaceAll(/\[[\d.,\s-]+\]/g, (list) => list.replaceAll(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']'))}\n`;
}
