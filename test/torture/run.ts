import { BROKEN_STORES, catchBroken, whyNotBroken } from './broken-stores.ts';
import { type Row, runFromCommandLine, say } from './command-line.ts';
import { PARTS } from './parts.ts';

/** The long form of the torture suite for stores of files. */
await runFromCommandLine({
  script: 'test/torture/run.ts',
  parts: PARTS,
  others: { 'broken-stores': runBroken },
  rounds: { of: 'kill -9', count: 300 },
});

/** Stores that are broken on purpose: it is a fault if the suite does not notice. */
async function runBroken(seed: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const store of BROKEN_STORES) {
    const started = performance.now();
    const skipped = whyNotBroken(store);
    const caught = skipped === null ? await catchBroken(store, seed) : null;
    if (caught) say(`  ${store.broken}, caught: ${caught}`);
    const faults = caught || skipped !== null ? [] : [`${store.caughtBy} does not notice: ${store.broken}`];
    const what = `broken: ${store.broken} (${store.caughtBy})`;
    rows.push({
      what,
      rounds: 1,
      acknowledged: 0,
      faults,
      skipped,
      seconds: (performance.now() - started) / 1000,
    });
  }
  return rows;
}
