import { parseArgs } from 'node:util';
import { anySeed } from '../torture/random.ts';
import { undoAll } from '../torture/undo.ts';
import { fuzz } from './fuzz.ts';

/*
 * The long form of the fuzz: node test/fuzz/run.ts. Exit code 0: nothing was wrong. 1: a fault. 2: the fuzz itself could not run.
 */

const HELP = `node test/fuzz/run.ts [flags]

  --minutes <n>  how long (5)
  --seed <n>     the seed of an earlier run, to send the same again
`;

const FLAGS = {
  minutes: { type: 'string', default: '5' },
  seed: { type: 'string', default: `${anySeed()}` },
  help: { type: 'boolean', default: false },
} as const;

const flags = readFlags();

/** Exits with a sentence and the list of flags if the command line is wrong. */
function readFlags() {
  try {
    const { values } = parseArgs({ options: FLAGS });
    if (!(Number(values.minutes) > 0) || !Number.isSafeInteger(Number(values.seed)))
      throw new Error(`Expected numbers, got --minutes ${values.minutes} --seed ${values.seed}.`);
    return values;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${HELP}`);
    process.exit(2);
  }
}

const say = (text: string) => process.stdout.write(`${text}\n`);

async function main(): Promise<number> {
  if (flags.help) {
    say(HELP);
    return 0;
  }
  say(`seed ${flags.seed}, ${flags.minutes} minutes`);
  const end = performance.now() + Number(flags.minutes) * 60_000;
  let isInterrupted = false;
  process.once('SIGINT', () => {
    isInterrupted = true;
  });
  const isOver = () => isInterrupted || performance.now() > end;
  const { faults, counts } = await fuzz({
    seed: Number(flags.seed),
    rounds: Number.POSITIVE_INFINITY,
    isOver,
  });
  for (const [what, count] of [...counts].sort(([, one], [, other]) => other - one))
    say(`${count} × ${what}`);
  say(faults.map((fault) => `- ${fault}`).join('\n') || 'no bug, and nothing seen across users');
  return faults.length === 0 ? 0 : 1;
}

process.on('SIGTERM', () => {
  undoAll();
  process.exit(2);
});
try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${(error as Error).stack}\n`);
  process.exitCode = 2;
} finally {
  undoAll();
}
