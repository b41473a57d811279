import { parseArgs } from 'node:util';
import { type Outcome, type Part, type PartOptions, SuiteError } from './part.ts';
import { anySeed } from './random.ts';
import { table } from './table.ts';
import { toldFaults } from './told-faults.ts';
import { undoAll } from './undo.ts';

export interface Suite {
  /** The program, for the help. */
  readonly script: string;
  /** By the names that `--only` accepts. */
  readonly parts: Readonly<Record<string, Part>>;
  /** What else the suite runs, by such names: given the seed. */
  readonly others?: Readonly<Record<string, (seed: number) => Promise<Row[]>>>;
  /** What `--rounds` counts, and how many there are without it. */
  readonly rounds: { readonly of: string; readonly count: number };
}

export interface Row extends Outcome {
  readonly what: string;
  readonly seconds: number;
  /** Why the part was not run; null if it was. */
  readonly skipped: string | null;
}

export const say = (text: string) => void process.stdout.write(`${text}\n`);

const FLAGS = {
  rounds: { type: 'string' },
  exactly: { type: 'string' },
  only: { type: 'string' },
  seed: { type: 'string' },
  minutes: { type: 'string', default: 'Infinity' },
  until: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

const helpOf = ({ script, rounds }: Suite, names: readonly string[]) => `node ${script} [flags]

  --rounds <n>     rounds of ${rounds.of}; the other parts in proportion (${rounds.count})
  --exactly <n>    rounds of every part, for a short run
  --only <names>   only these parts, separated by commas: ${names.join(', ')}
  --seed <n>       the seed of an earlier run, to repeat it
  --minutes <n>    the time for all parts, of which each gets an equal share; no round begins after it (no limit)
  --until <regex>  end a part with the first fault that matches (parts that can go on after a fault do)
`;

/**
 * Runs a suite as its command line says, and sets the exit code. 0: no fault. 1: the store broke a promise, or a store that is broken on
 * purpose was not caught. 2: the suite itself could not run. 130, 143: interrupted by SIGINT, SIGTERM.
 */
export async function runFromCommandLine(suite: Suite): Promise<void> {
  /** The rows of the parts that have ended. */
  const rows: Row[] = [];
  const { values: flags } = parseArgs({ options: FLAGS });
  const seed = Number(flags.seed ?? anySeed());
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.on(signal, () => {
      report(rows, seed);
      say(`\nInterrupted by ${signal}: the table has the parts that had ended.`);
      undoAll();
      process.exit(code);
    });
  }
  try {
    const names = [...Object.keys(suite.parts), ...Object.keys(suite.others ?? {})];
    if (flags.help) say(helpOf(suite, names));
    else {
      const chosen = flags.only?.split(',') ?? names;
      const unknown = chosen.find((name) => !names.includes(name));
      if (unknown !== undefined)
        throw new SuiteError(`There is no part "${unknown}".\n\n${helpOf(suite, names)}`);
      say(`seed ${seed}`);
      const end = Date.now() + Number(flags.minutes) * 60_000;
      const rounds = Number(flags.rounds ?? suite.rounds.count);
      for (const [n, name] of chosen.entries()) {
        const part = suite.parts[name];
        say(`${name} …`);
        // A part that ends early leaves the rest of its share to the others.
        const deadline = Date.now() + (end - Date.now()) / (chosen.length - n);
        if (!part) rows.push(...(await suite.others![name]!(seed)));
        else
          rows.push(
            await runPart(part, {
              rounds: flags.exactly ? Number(flags.exactly) : part.rounds(rounds),
              seed,
              deadline,
              until: flags.until === undefined ? undefined : new RegExp(flags.until),
            }),
          );
      }
      process.exitCode = report(rows, seed) ? 1 : 0;
    }
  } catch (error) {
    process.stderr.write(`${(error as Error).stack}\n`);
    process.exitCode = 2;
  } finally {
    undoAll();
  }
}

async function runPart(part: Part, options: PartOptions): Promise<Row> {
  const started = performance.now();
  const skipped = part.whyNot();
  const none: Outcome = { rounds: 0, acknowledged: 0, faults: [] };
  const outcome = skipped !== null ? none : await part.run(options);
  if (outcome.note) say(`  ${outcome.note}`);
  return { ...outcome, what: part.name, seconds: (performance.now() - started) / 1000, skipped };
}

/** Prints the table and the faults of the parts that have ended. Returns whether there are faults. */
function report(rows: readonly Row[], seed: number): boolean {
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
