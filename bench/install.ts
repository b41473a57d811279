import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Installs what the bench compares with, where it is not there or not what its lock file says. */
export function installPeers(): void {
  const lock = join(import.meta.dirname, 'package-lock.json');
  const installed = join(import.meta.dirname, 'node_modules/.package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  process.stderr.write('Installing what is compared with …\n');
  // Not `npm ci`: a peer has a package for each platform, and that refuses a lock file made where some could not be had.
  const { status, error } = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund'], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    throw new Error(
      `npm install in bench/: ${error?.message ?? `it ended with code ${status}`}. See what it said, above.`,
    );
  }
}
