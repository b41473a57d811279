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
 * store that is broken on purpose was not caught. 2: the suite itself could not run. 130, 143: interrupted by SIGINT, SIGTERM.
 */

const HELP = `node test/torture/run.ts [flags]

  --rounds <n>     rounds of kill -9; the other parts in proportion (300)
  --exactly <n>    rounds of every part, for a short run
  --only <names>   only these parts, separated by commas: ${[...Object.keys(PARTS), 'broken-stores'].join(', ')}
  --seed <n>       the seed of an earlier run, to repeat it
  --minutes <n>    the time for all parts, of which each gets an equal share; no round begins after it (no limit)
`;

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '300' },
    exactly: { type: 'string' },
    only: { type: 'string', default: [...Object.keys(PARTS), 'broken-stores'].join(',') },
    seed: { type: 'string', default: `${anySeed()}` },
    minutes: { type: 'string', default: 'Infinity' },
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

/** The rows of the parts that have ended. */
const rows: Row[] = [];

async function runPart(part: Part, deadline: number): Promise<Row> {
  const started = performance.now();
  const skipped = part.whyNot();
  const none: Outcome = { rounds: 0, acknowledged: 0, faults: [] };
  const outcome =
    skipped !== null
      ? none
      : await part.run({
          rounds: flags.exactly ? Number(flags.exactly) : part.rounds(rounds),
          seed,
          deadline,
        });
  if (outcome.note) say(`  ${outcome.note}`);
  return { ...outcome, what: part.name, seconds: (performance.now() - started) / 1000, skipped };
}

/** Stores that are broken on purpose: it is a fault if the suite does not notice. */
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
  const end = Date.now() + Number(flags.minutes) * 60_000;
  const names = flags.only.split(',');
  for (const [n, name] of names.entries()) {
    const part = PARTS[name];
    if (!part && name !== 'broken-stores') throw new SuiteError(`There is no part "${name}".\n\n${HELP}`);
    say(`${name} …`);
    // A part that ends early leaves the rest of its share to the others.
    const share = (end - Date.now()) / (names.length - n);
    rows.push(...(part ? [await runPart(part, Date.now() + share)] : await runBroken()));
  }
  return report() ? 1 : 0;
}

/** Prints the table and the faults of the parts that have ended. Returns whether there are faults. */
function report(): boolean {
  const cells = rows.map(({ what, rounds, acknowledged, faults, seconds, skipped }) =>
    skipped === null
      ? [what, `${rounds}`, `${acknowledged}`, `${faults.length}`, `${seconds.toFixed(0)} s`]
      : [what, 'skipped', '', '', skipped],
  );
  say(`\n${table(['what', 'rounds', 'acknowledged', 'faults', 'took'], cells)}`);
  const told = rows.flatMap(({ what, faults }) => toldFaults(faults).map((fault) => `${what}: ${fault}`));
  if (told.length > 0) say(`\n${told.join('\n')}\n\nseed ${seed}`);
  return told.length > 0;
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(signal, () => {
    report();
    say(`\nInterrupted by ${signal}: the table has the parts that had ended.`);
    undoAll();
    process.exit(code);
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
