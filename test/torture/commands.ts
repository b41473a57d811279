import { execFileSync } from 'node:child_process';

/** Runs a command to its end; gives what it printed. Throws with what it said where it fails. */
export function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 30_000,
  });
}

/** As `run`; null where it fails, or is not there. */
export function tryRun(command: string, ...args: readonly string[]): string | null {
  try {
    return run(command, ...args);
  } catch {
    return null;
  }
}

/** Why this process cannot mount what it likes; null where it can. */
export function whyNoMounts(): string | null {
  if (process.platform !== 'linux') return 'only Linux has what it takes';
  if (process.getuid?.() !== 0) return 'only root may mount';
  return null;
}

/** Why `command` cannot be run; null where it can. `install` is the package that brings it. */
export function whyMissing(command: string, install: string): string | null {
  return tryRun('sh', '-c', 'command -v "$0"', command) === null
    ? `there is no ${command} (apt-get install ${install})`
    : null;
}
