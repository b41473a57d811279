import { parseArgs } from 'node:util';
import { anySeed } from '../torture/random.ts';
import { undoAll } from '../torture/undo.ts';
import { type Attack, isSentAs, type Scale } from './attack.ts';
import { FORMS, type Form } from './callers.ts';
import { ATTACKS } from './families/index.ts';
import { flood, isFloodable } from './floods.ts';
import { Place } from './place.ts';
import { missedGoals, reportOf } from './report.ts';
import { type Result, runAttack } from './run-attack.ts';

/*
 * The long form of the attacks: node test/attacks/run.ts. Exit code 0: each attack got what it should, within the goals. 1: a fault,
 * or a goal that was missed. 2: the suite itself could not run.
 */

const HELP = `node test/attacks/run.ts [flags]

  --only <names>   only these attacks, or all whose names begin so, separated by commas; "floods" for the floods alone
  --users <form>   with --auth token: sent by a "user" other than the good client, or by a "stranger" without a token; no floods
  --short          the attacks as npm test runs them
  --minutes <n>    the length of each of the two floods (10); 0 for none
  --seed <n>       the seed of an earlier flood, to repeat it
  --list           names all attacks, and what they send
`;

const FLAGS = {
  only: { type: 'string' },
  users: { type: 'string', default: 'anyone' },
  short: { type: 'boolean', default: false },
  minutes: { type: 'string', default: '10' },
  seed: { type: 'string', default: `${anySeed()}` },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const flags = readFlags();

/** Exits with a sentence and the list of flags if the command line is wrong. */
function readFlags() {
  try {
    return parseArgs({ options: FLAGS }).values;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${HELP}`);
    process.exit(2);
  }
}

const say = (text: string) => process.stdout.write(`${text}\n`);
const interrupted = new AbortController();
const results: Result[] = [];

async function attackAll(attacks: readonly Attack[], scale: Scale, form: Form): Promise<void> {
  for (const attack of attacks) {
    if (interrupted.signal.aborted) return;
    const why = attack.whyNot?.() ?? null;
    if (why !== null) {
      say(`${attack.name}: skipped, ${why}`);
      continue;
    }
    const place = await Place.make([attack], scale, form);
    const result = await runAttack(attack, scale, place).finally(() => place.dispose());
    results.push(result);
    const wrong = [...result.faults, ...missedGoals(result)];
    say(
      `${attack.name}: ${wrong.length === 0 ? 'as it should be' : wrong.join('; ').slice(0, 300)} (${(result.tookMs / 1000).toFixed(1)} s)`,
    );
  }
}

async function main(): Promise<number> {
  if (flags.help) say(HELP);
  if (flags.list) for (const { name, what } of ATTACKS) say(`${name}: ${what}`);
  if (flags.help || flags.list) return 0;
  const names = flags.only?.split(',');
  const form = FORMS.find((one) => one === flags.users);
  if (!form) throw new Error(`Expected --users ${FORMS.join('|')}, got ${flags.users}.\n\n${HELP}`);
  const chosen = ATTACKS.filter(
    (attack) => isSentAs(form, attack) && (names?.some((one) => attack.name.startsWith(one)) ?? true),
  );
  const hasFloods = form === 'anyone' && Number(flags.minutes) > 0 && (names?.includes('floods') ?? true);
  if (chosen.length === 0 && !hasFloods) throw new Error(`There is no attack "${flags.only}".\n\n${HELP}`);

  await attackAll(chosen, flags.short ? 'short' : 'long', form);
  if (results.length > 0) say(`\n${reportOf(results)}`);
  let faults: string[] = [];
  if (hasFloods && !interrupted.signal.aborted) {
    const options = { seed: Number(flags.seed), minutes: Number(flags.minutes), say };
    say(`\nfloods, seed ${flags.seed}`);
    faults = await flood({ ...options, attacks: ATTACKS.filter(isFloodable), signal: interrupted.signal });
    say(faults.map((fault) => `- ${fault}`).join('\n') || 'nothing lost, alive, memory level');
  }
  return faults.length > 0 || results.some((one) => one.faults.length + missedGoals(one).length > 0) ? 1 : 0;
}

process.on('SIGINT', () => {
  // The first ends the run after the attack that is under way, with the table of what there is; the second at once.
  if (interrupted.signal.aborted) {
    say(`\n${reportOf(results)}`);
    undoAll();
    process.exit(2);
  }
  interrupted.abort();
  say('stopping after this attack; once more to stop at once');
});
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
