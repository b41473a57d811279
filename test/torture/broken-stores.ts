import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BREAK_VARIABLE, HOOK } from './break-names.ts';
import { SuiteError } from './part.ts';
import { PARTS } from './parts.ts';

/** A store that is broken on purpose, in one of the ways of `break.ts`, and the part of the suite that must notice. */
export interface BrokenStore {
  readonly broken: string;
  /** A name in `PARTS`. */
  readonly caughtBy: string;
  readonly rounds: number;
  /** The message with which the part reports this very break. */
  readonly fault: RegExp;
}

/**
 * A write that is lost, or comes late, can break any promise: which one depends on the mutation. The same part finds no fault in a store
 * that is not broken.
 */
const ANY = /: round \d+: /;

/** What the replica of a client, and a query, say of a session. */
const WRONG_REPLICA = /session ".*" is (not there|\{).*, expected/;

export const BROKEN_STORES: readonly BrokenStore[] = [
  { broken: 'no fdatasync', caughtBy: 'power-cut-ext4', rounds: 20, fault: ANY },
  { broken: 'no fdatasync', caughtBy: 'power-cut-xfs', rounds: 20, fault: ANY },
  { broken: 'no directory sync', caughtBy: 'power-cut-ext4', rounds: 40, fault: ANY },
  { broken: 'no directory sync', caughtBy: 'power-cut-xfs', rounds: 40, fault: ANY },
  {
    broken: 'no checksum',
    caughtBy: 'flipped-bits',
    rounds: 500,
    fault: /its damage is empty|is not what it was/,
  },
  { broken: 'index before write', caughtBy: 'kill-9', rounds: 20, fault: ANY },
  { broken: 'index before write', caughtBy: 'kill-9-trees', rounds: 20, fault: ANY },
  { broken: 'no fdatasync', caughtBy: 'power-cut-ext4-trees', rounds: 20, fault: ANY },
  {
    broken: 'tail not cut',
    caughtBy: 'cut-files',
    rounds: 120,
    fault: /after an append and a new index|ends in an unfinished write/,
  },
  { broken: 'a change left out', caughtBy: 'live', rounds: 5, fault: WRONG_REPLICA },
  { broken: 'base of marks forgotten', caughtBy: 'live', rounds: 20, fault: WRONG_REPLICA },
];

const RUN = fileURLToPath(new URL('run.ts', import.meta.url));
const FAULTS_FOUND = 1;
/**
 * Milliseconds that a run may take: a broken store can keep a client from ever coming to an end. On a busy machine, some take a minute to
 * explain what they find.
 */
export const RUN_MS = 280_000;

/** The fault that the suite finds; null if it finds none, and therefore would prove nothing. */
export async function catchBroken(store: BrokenStore, seed: number): Promise<string | null> {
  const flags = ['--only', store.caughtBy, '--exactly', `${store.rounds}`, '--seed', `${seed}`];
  flags.push('--until', store.fault.source);
  const { code, output } = await new Promise<{ code: unknown; output: string }>((resolve) => {
    const env = { ...process.env, [BREAK_VARIABLE]: store.broken };
    const options = { env, timeout: RUN_MS, killSignal: 'SIGKILL' } as const;
    execFile(process.execPath, ['--import', HOOK, RUN, ...flags], options, (error, stdout, stderr) =>
      resolve({ code: error ? (error.code ?? error.signal) : 0, output: stdout + stderr }),
    );
  });
  if (code === 0) return null;
  const fault = output.split('\n').find((line) => store.fault.test(line));
  if (code === FAULTS_FOUND && fault !== undefined) return fault.trim();
  throw new SuiteError(`a store with ${store.broken}, in ${store.caughtBy}: ${output}`);
}

export const whyNotBroken = ({ caughtBy }: BrokenStore): string | null => PARTS[caughtBy]!.whyNot();
