import { join } from 'node:path';
import { progressBar } from '../src/commands/progress.ts';
import { measureEventLoop } from './measure/event-loop.ts';
import { measureFork } from './measure/fork.ts';
import { measureIndexing } from './measure/indexing.ts';
import { measureIndexingCost } from './measure/indexing-cost.ts';
import { measureLargeMessages } from './measure/large-messages.ts';
import { measurePages } from './measure/pages.ts';
import { measureRebuild } from './measure/rebuild.ts';
import { measureRelative } from './measure/relative.ts';
import { measureReplaced } from './measure/replaced.ts';
import { measureSearch } from './measure/search.ts';
import { measureSearchBeside } from './measure/search-beside.ts';
import { measureSideBySide } from './measure/side-by-side.ts';
import { measureStartUp } from './measure/start-up.ts';
import { measureUsage } from './measure/usage.ts';
import { type BenchOptions, HELP, type Part, readOptions } from './options.ts';
import { openOnce } from './process/start.ts';
import { machine, type SingleRow, type SizeRow, singleTable, sizeTable, writeResults } from './report.ts';
import { checkRoom, isInMemory } from './room.ts';
import { distinctStores, planOf, type StoreName } from './stores/plan.ts';
import { isMade, makeStore } from './stores/prepare.ts';

const print = (text: string) => process.stdout.write(`${text}\n`);

/** The stores that each part measures. */
const STORES: Readonly<Record<Part, readonly StoreName[]>> = {
  rebuild: ['sessions'],
  'start-up': ['sessions'],
  pages: ['sessions', 'trees', 'history'],
  search: ['search'],
  fork: [],
  replaced: [],
  relative: [],
  'large-messages': [],
  'side-by-side': [],
  usage: [],
  'event-loop': ['trees', 'history'],
};

async function run({ directory, sizes, parts }: BenchOptions): Promise<void> {
  const plans = sizes.map(planOf);
  const stores = distinctStores(
    plans,
    [...parts].flatMap((part) => STORES[part]),
  );
  const missing = stores.filter((plan) => !isMade(join(directory, plan.name), plan));
  checkRoom(directory, missing);
  print(`${machine()}; stores at ${directory}`);
  if (isInMemory(directory)) print('That is in memory: what is measured here is not what a disk does.');

  const progress = progressBar(process.stderr);
  const { report } = progress;
  const rows: SizeRow[] = [];
  const single: SingleRow[] = [];
  try {
    for (const plan of missing) makeStore(join(directory, plan.name), plan, report);
    await openOnce(directory, missing, report);
    if (parts.has('start-up')) rows.push(...(await measureStartUp(directory, plans, report)));
    if (parts.has('pages')) rows.push(...(await measurePages(directory, plans, report)));
    if (parts.has('rebuild')) rows.push(await measureRebuild(directory, plans, report));
    if (parts.has('search')) rows.push(...(await measureSearch(directory, plans, report)));
    progress.done();
    if (rows.length > 0) print(`\n${sizeTable(rows, sizes)}`);
    if (parts.has('search')) {
      single.push(...(await measureIndexing(directory, report)));
      single.push(...(await measureIndexingCost(directory, report)));
      single.push(...(await measureSearchBeside(directory, report)));
    }
    if (parts.has('fork')) single.push(...(await measureFork(directory, report)));
    if (parts.has('usage')) single.push(...(await measureUsage(directory, report)));
    if (parts.has('replaced')) single.push(...(await measureReplaced(directory, report)));
    if (parts.has('relative')) single.push(...(await measureRelative(directory, report)));
    if (parts.has('large-messages')) single.push(...(await measureLargeMessages(directory, report)));
    if (parts.has('side-by-side')) single.push(...(await measureSideBySide(directory, report)));
    if (parts.has('event-loop')) single.push(...(await measureEventLoop(directory, plans.at(-1)!, report)));
  } finally {
    progress.done();
  }
  if (single.length > 0) print(`\n${singleTable(single)}`);
  print(`\nRaw results: ${writeResults({ sizes: rows, single })}`);
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options) await run(options);
  else process.stdout.write(HELP);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
