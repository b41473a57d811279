import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BREAK_VARIABLE, HOOK } from './break-names.ts';
import { SuiteError } from './part.ts';
import { PARTS } from './parts.ts';

/** A store that is broken on purpose, by a way that `break.ts` knows, and what must catch it. */
export interface BrokenStore {
  readonly broken: string;
  /** A name in `PARTS`. */
  readonly caughtBy: string;
  readonly rounds: number;
  /** What the part says where it catches just this. */
  readonly fault: RegExp;
}

const LOST = /gone|early|does not open|should be|holds|cannot be read/;
/** Lost, or followed by another mutation of its session: a gap in the versions shows it then. */
const LOST_OR_SKIPPED = new RegExp(`${LOST.source}|is missing|are missing`);

/** The session itself is missed, or by those beneath it, as a line or within JSON. */
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
  { broken: 'index before write', caughtBy: 'kill-9', rounds: 20, fault: LOST_OR_SKIPPED },
  { broken: 'tail not cut', caughtBy: 'cut-files', rounds: 200, fault: /after an append and a new index/ },
];

const RUN = fileURLToPath(new URL('run.ts', import.meta.url));
const FAULTS_FOUND = 1;

/** What the suite finds wrong with it; null where it finds nothing, and so proves nothing. */
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
