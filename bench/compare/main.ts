import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chart } from '../chart.ts';
import { machine } from '../report.ts';
import type { CompareOptions } from './options.ts';
import { resultsMarkdown } from './report.ts';
import { keepResults, resultsText } from './results.ts';
import { compare } from './run.ts';

const BENCH = join(import.meta.dirname, '..');
const BIOME = join(BENCH, '../node_modules/@biomejs/biome/bin/biome');

/** Measures, prints the table, and writes the results. */
export async function main(options: CompareOptions): Promise<void> {
  process.stderr.write(`${machine()}; stores at ${options.directory}\n`);
  const results = await compare(options);
  const path = keepResults(results);
  process.stdout.write(`${resultsMarkdown(results)}\n\nRaw results: ${path}\n`);
  if (!options.publish) return;
  writeFileSync(join(BENCH, 'results.json'), resultsText(results));
  // Formatted like all files of the repository.
  execFileSync(process.execPath, [BIOME, 'format', '--write', join(BENCH, 'results.json')], {
    stdio: 'ignore',
  });
  writeFileSync(join(BENCH, 'chart.svg'), chart(results));
  process.stdout.write('Published: bench/results.json, bench/chart.svg\n');
}
