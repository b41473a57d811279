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

const LOST = /gone|early|does not open|should be|holds|cannot be read/;
/** The mutation is missing (a deletion, too), or a later mutation of its session shows a gap in the versions. */
const LOST_OR_SKIPPED = new RegExp(`${LOST.source}|is missing|are missing|quarantined|is back|is there`);
/** To the store, a file that grows late looks as if another program wrote to it. */
const LATE = new RegExp(`${LOST_OR_SKIPPED.source}|changed by another program|came in neither|version is`);

/** A session is missing, or its descendants miss it, reported as a line or within JSON. */
const GONE = /is gone|its parent \\?"[^"]+" cannot be read/;

export const BROKEN_STORES: readonly BrokenStore[] = [
  { broken: 'no fdatasync', caughtBy: 'power-cut-ext4', rounds: 20, fault: LOST },
  { broken: 'no fdatasync', caughtBy: 'power-cut-xfs', rounds: 20, fault: LOST },
  { broken: 'no directory sync', caughtBy: 'power-cut-ext4', rounds: 40, fault: GONE },
  { broken: 'no directory sync', caughtBy: 'power-cut-xfs', rounds: 40, fault: GONE },
  {
    broken: 'no checksum',
    caughtBy: 'flipped-bits',
    rounds: 500,
    fault: /its damage is empty|is not what it was/,
  },
  { broken: 'index before write', caughtBy: 'kill-9', rounds: 20, fault: LATE },
  { broken: 'index before write', caughtBy: 'kill-9-trees', rounds: 20, fault: LATE },
  { broken: 'no fdatasync', caughtBy: 'power-cut-ext4-trees', rounds: 20, fault: LATE },
  {
    broken: 'tail not cut',
    caughtBy: 'cut-files',
    rounds: 120,
    fault: /after an append and a new index|ends in an unfinished write/,
  },
];

const RUN = fileURLToPath(new URL('run.ts', import.meta.url));
const FAULTS_FOUND = 1;

/** The fault that the suite finds; null if it finds none, and therefore would prove nothing. */
export async function catchBroken(store: BrokenStore, seed: number): Promise<string | null> {
  const flags = ['--only', store.caughtBy, '--exactly', `${store.rounds}`, '--seed', `${seed}`];
  const { code, output } = await new Promise<{ code: unknown; output: string }>((resolve) => {
    const options = { env: { ...process.env, [BREAK_VARIABLE]: store.broken } };
    execFile(process.execPath, ['--import', HOOK, RUN, ...flags], options, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, output: stdout + stderr }),
    );
  });
  if (code === 0) return null;
  const fault = output.split('\n').find((line) => store.fault.test(line));
  if (code === FAULTS_FOUND && fault !== undefined) return fault.trim();
  throw new SuiteError(`a store with ${store.broken}, in ${store.caughtBy}: ${output}`);
}

export const whyNotBroken = ({ caughtBy }: BrokenStore): string | null => PARTS[caughtBy]!.whyNot();
