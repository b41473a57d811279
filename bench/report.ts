import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';

/** A measurement at several sizes. */
export interface SizeRow {
  readonly what: string;
  readonly unit: 'ms' | 'MB' | '/s';
  /** By size. */
  readonly values: ReadonlyMap<number, number>;
  readonly goal?: Goal;
}

/** A single measurement. */
export interface SingleRow {
  readonly what: string;
  readonly measured: string;
  readonly goal?: { readonly text: string; readonly met: boolean };
}

/** The bound of a goal: for the value at the largest size, or for its ratio to the value at the smallest. */
export interface Goal {
  readonly of: 'value' | 'ratio';
  readonly bound: 'at most' | 'at least' | 'under';
  readonly number: number;
  /** The size for which the goal was set. At other sizes it is not judged. */
  readonly size: number;
}

/** A page or an append must not cost more in a large store than in a small one. */
export const AS_IN_A_SMALL_STORE: Goal = { of: 'ratio', bound: 'at most', number: 1.5, size: 1_000_000 };

export function sizeTable(rows: readonly SizeRow[], sizes: readonly number[]): string {
  const header = ['', ...sizes.map((size) => size.toLocaleString('en')), 'ratio', 'goal', ''];
  const lines = rows.map((row) => {
    const ratio = ratioOf(row, sizes);
    return [
      row.what,
      ...sizes.map((size) => quantity(row.values.get(size), row.unit)),
      ratio === null ? '' : ratio.toFixed(2),
      row.goal ? goalText(row.goal, row.unit) : '',
      row.goal ? verdict(row, row.goal, sizes) : '',
    ];
  });
  return table([header, ...lines]);
}

export function singleTable(rows: readonly SingleRow[]): string {
  const lines = rows.map(({ what, measured, goal }) => [
    what,
    measured,
    goal?.text ?? '',
    goal ? metText(goal.met) : '',
  ]);
  return table([['', 'measured', 'goal', ''], ...lines]);
}

function ratioOf({ values }: SizeRow, sizes: readonly number[]): number | null {
  const [smallest, largest] = [values.get(sizes[0]!), values.get(sizes.at(-1)!)];
  return sizes.length > 1 && smallest && largest ? largest / smallest : null;
}

function goalText({ of, bound, number }: Goal, unit: SizeRow['unit']): string {
  return of === 'ratio' ? `ratio ${bound} ${number}` : `${bound} ${quantity(number, unit)}`;
}

function verdict(row: SizeRow, goal: Goal, sizes: readonly number[]): string {
  if (sizes.at(-1) !== goal.size) return `(of ${goal.size.toLocaleString('en')})`;
  const value = goal.of === 'ratio' ? ratioOf(row, sizes) : row.values.get(goal.size);
  if (value === null || value === undefined) return '';
  if (goal.bound === 'at least') return metText(value >= goal.number);
  return metText(goal.bound === 'under' ? value < goal.number : value <= goal.number);
}

export function metText(met: boolean): string {
  return met ? 'met' : '**not met**';
}

/** Three significant digits, and all digits before the decimal point. */
export function quantity(value: number | undefined, unit: string): string {
  if (value === undefined) return '';
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  const number = value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: digits });
  return unit === '/s' ? `${number}/s` : `${number} ${unit}`;
}

/** A Markdown table. The first row is the header. */
export function table(lines: readonly (readonly string[])[]): string {
  const widths = lines[0]!.map((_, column) => Math.max(3, ...lines.map((line) => line[column]!.length)));
  const text = lines.map(
    (line) =>
      `| ${line.map((cell, n) => (n === 0 ? cell.padEnd(widths[n]!) : cell.padStart(widths[n]!))).join(' | ')} |`,
  );
  const rule = `|${widths.map((width, n) => (n === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [text[0], rule, ...text.slice(1)].join('\n');
}

/** The machine and the versions of a measurement. */
export function machine(): string {
  const model = cpus()[0]?.model.trim() || process.arch;
  const load = loadavg()[0]!.toFixed(1);
  return `Node.js ${process.version}, ${process.platform} ${process.arch}, ${availableParallelism()} × ${model}, load ${load}`;
}

/** Writes the results. Returns the path of the file. */
export function writeResults(results: { sizes: readonly SizeRow[]; single: readonly SingleRow[] }): string {
  const directory = join(import.meta.dirname, 'results');
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `store-${new Date().toISOString().replaceAll(':', '-')}.json`);
  const sizes = results.sizes.map((row) => ({ ...row, values: Object.fromEntries(row.values) }));
  writeFileSync(path, `${JSON.stringify({ machine: machine(), ...results, sizes }, null, 2)}\n`);
  return path;
}
