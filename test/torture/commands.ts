import { execFileSync } from 'node:child_process';

/** Runs a command; resolves with its output. If it fails, the error has its output. */
export function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 30_000,
  });
}

/** As `run`; null if the command fails or does not exist. */
export function tryRun(command: string, ...args: readonly string[]): string | null {
  try {
    return run(command, ...args);
  } catch {
    return null;
  }
}

/** Why this process cannot mount file systems; null if it can. */
export function whyNoMounts(): string | null {
  if (process.platform !== 'linux') return 'only Linux has what it takes';
  if (process.getuid?.() !== 0) return 'only root may mount';
  return null;
}

/** Why `command` cannot be run; null if it can. `install` is the package that provides it. */
export function whyMissing(command: string, install: string): string | null {
  return tryRun('sh', '-c', 'command -v "$0"', command) === null
    ? `there is no ${command} (apt-get install ${install})`
    : null;
}
