import { parseArgs } from 'node:util';
import { BROKEN_STORES, catchBroken, whyNotBroken } from './broken-stores.ts';
import { type Outcome, type Part, SuiteError } from './part.ts';
import { PARTS } from './parts.ts';
import { anySeed } from './random.ts';
import { table } from './table.ts';
import { toldFaults } from './told-faults.ts';
import { undoAll } from './undo.ts';

/*
 * The long form of the torture suite: node test/torture/run.ts. Exit code 0: no fault. 1: the store broke a promise, or a
 * store that is broken on purpose was not caught. 2: the suite itself could not run.
 */

const HELP = `node test/torture/run.ts [flags]

  --rounds <n>     kill -9 so often, and all else in proportion (300)
  --exactly <n>    every part so often, for a short look
  --only <names>   these parts, by commas: ${[...Object.keys(PARTS), 'broken-stores'].join(', ')}
  --seed <n>       the choices of an earlier run
  --minutes <n>    no part begins a round after so long (20)
`;

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '300' },
    exactly: { type: 'string' },
    only: { type: 'string', default: [...Object.keys(PARTS), 'broken-stores'].join(',') },
    seed: { type: 'string', default: `${anySeed()}` },
    minutes: { type: 'string', default: '20' },
    help: { type: 'boolean', default: false },
  },
});

const say = (text: string) => process.stdout.write(`${text}\n`);
const seed = Number(flags.seed);
const rounds = Number(flags.rounds);

interface Row extends Outcome {
  readonly what: string;
  readonly seconds: number;
  readonly skipped: string | null;
}

async function runPart(part: Part): Promise<Row> {
  const started = performance.now();
  const skipped = part.whyNot();
  const none: Outcome = { rounds: 0, acknowledged: 0, faults: [] };
  const outcome =
    skipped !== null
      ? none
      : await part.run({
          rounds: flags.exactly ? Number(flags.exactly) : part.rounds(rounds),
          seed,
          deadline: Date.now() + Number(flags.minutes) * 60_000,
        });
  return { ...outcome, what: part.name, seconds: (performance.now() - started) / 1000, skipped };
}

/** Stores that are broken on purpose: the fault is not to find one. */
async function runBroken(): Promise<Row[]> {
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

async function main(): Promise<number> {
  if (flags.help) {
    say(HELP);
    return 0;
  }
  say(`seed ${seed}`);
  const rows: Row[] = [];
  for (const name of flags.only.split(',')) {
    const part = PARTS[name];
    if (!part && name !== 'broken-stores') throw new SuiteError(`There is no part "${name}".\n\n${HELP}`);
    say(`${name} …`);
    rows.push(...(part ? [await runPart(part)] : await runBroken()));
  }
  const cells = rows.map(({ what, rounds, acknowledged, faults, seconds, skipped }) =>
    skipped === null
      ? [what, `${rounds}`, `${acknowledged}`, `${faults.length}`, `${seconds.toFixed(0)} s`]
      : [what, 'skipped', '', '', skipped],
  );
  say(`\n${table(['what', 'rounds', 'acknowledged', 'faults', 'took'], cells)}`);
  const told = rows.flatMap(({ what, faults }) => toldFaults(faults).map((fault) => `${what}: ${fault}`));
  if (told.length > 0) say(`\n${told.join('\n')}\n\nseed ${seed}`);
  return told.length > 0 ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    undoAll();
    process.exit(2);
  });
}
try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${(error as Error).stack}\n`);
  process.exitCode = 2;
} finally {
  undoAll();
}
